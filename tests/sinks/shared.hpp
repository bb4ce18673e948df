// What both database sinks promise, checked with the same words on both.
#pragma once

#include "sinks/database.hpp"

namespace arb::test {

void stores_catalogue(Database& database);
void stores_prices(Database& database);
void stores_trades(Database& database);
void stores_books(Database& database);
void stores_the_rest(Database& database);
void keeps_decimals_exact(Database& database);
void survives_hostile_texts(Database& database);
void stores_nothing_twice(Database& database);
void skips_unchanged_catalogue(Database& database);
void isolates_poison(Database& database);
void compares_prices(Database& database);
void answers_commands(Database& database);
void refuses_newer_schema(Database& database);
void has_tables_per_venue(Database& database);
void buries_what_the_table_refuses(Database& database);
void stops_burying(Database& database);
void replays_dead_letters(Database& database);
void shows_dead_letters(Database& database);
void fills_what_a_restore_lost(Database& database);
void keeps_history(Database& database);
void knows_the_terms_of_a_quote(Database& database);
void stores_series_and_fees(Database& database);
void keeps_fees_that_return(Database& database);
void keeps_messages(Database& database);
// `older`: the statements that made the tables of schema version 2, or 4.
void brings_older_tables_up_to_date(Database& database, std::vector<std::string> const& older);
void brings_status_changes_up_to_date(Database& database, std::vector<std::string> const& older);
void stores_pauses_of_a_venue(Database& database);
void forgets_old_pauses_of_a_venue(Database& database);
void rebuilds_books(Database& database);
void names_markets_as_people_do(Database& database);
void rebuilds_books_like_a_reader_of_the_feed(Database& database);
void rebuilds_books_while_they_are_written(Database& database);
void is_shared_by_two_hosts(Database& database);
void stores_a_queue_once(Database& database);
void tells_what_a_lost_queue_leaves_out(Database& database);
void stores_again_what_was_deleted(Database& database);
void deletes_nothing_by_a_clock_that_jumped(Database& database);
void keeps_changes_as_long_as_their_books(Database& database);

// Packets with the fields the tests do not care about filled in.
Packets quotes(int count, arb_time received = noon);
void add_quote(Packets& to, std::string_view venue, std::string_view market, std::int64_t bid,
               std::int64_t ask, arb_time received = noon);
void add_trade(Packets& to, std::string_view market, std::string_view trade_id, std::int64_t price,
               arb_time received = noon);
void add_market(Packets& to, std::string_view venue, std::string_view market, std::string_view title,
                arb_time received = noon);
void add_pair(Packets& to, std::string_view id, std::int32_t relation, std::int32_t status,
              std::string_view market_b);

}  // namespace arb::test
