#include "sinks/sqlite/schema.hpp"

namespace arb::sqlite {
namespace {

// Columns of amounts, times and texts have no declared type: so SQLite converts nothing, a number stays a
// number, and an amount with more digits than a double holds stays the text it was written as.
constexpr char const* first[] = {
    "CREATE TABLE schema_version (version INTEGER PRIMARY KEY, description TEXT NOT NULL, applied_at NOT "
    "NULL)",

    "CREATE TABLE ingest_positions (journal_uuid TEXT NOT NULL, sink TEXT NOT NULL, incarnation INTEGER NOT "
    "NULL, "
    "sequence INTEGER NOT NULL, committed_at NOT NULL, PRIMARY KEY (journal_uuid, sink)) WITHOUT ROWID",

    "CREATE TABLE market_keys (market_key INTEGER PRIMARY KEY, venue TEXT NOT NULL, market_id TEXT NOT NULL, "
    "UNIQUE (venue, market_id))",

    "CREATE TABLE events (event_key INTEGER PRIMARY KEY, venue TEXT NOT NULL, event_id TEXT NOT NULL, "
    "series, title, "
    "subtitle, category, mutually_exclusive INTEGER, status, opens_at, closes_at, url, raw, first_seen_at "
    "NOT NULL, "
    "changed_at NOT NULL, content_hash INTEGER NOT NULL, position INTEGER NOT NULL, flags INTEGER NOT NULL, "
    "UNIQUE (venue, event_id))",

    "CREATE TABLE markets (market_key INTEGER PRIMARY KEY, venue TEXT NOT NULL, market_id TEXT NOT NULL, "
    "event_id, "
    "title, outcomes NOT NULL, token_ids NOT NULL, status, venue_status, rules, tick_size, fee, opens_at, "
    "closes_at, "
    "expected_at, settled_at, result, settlement_value, volume, price_ranges, raw, first_seen_at NOT NULL, "
    "changed_at NOT NULL, content_hash INTEGER NOT NULL, position INTEGER NOT NULL, flags INTEGER NOT NULL, "
    "UNIQUE (venue, market_id))",
    "CREATE INDEX markets_event ON markets (venue, event_id)",

    "CREATE TABLE tick_history (venue, market_key INTEGER NOT NULL, outcome INTEGER NOT NULL, venue_time, "
    "received_at NOT NULL, bid, bid_size, ask, ask_size, last_price, last_size, volume, open_interest, "
    "position INTEGER NOT NULL, flags INTEGER NOT NULL)",
    "CREATE INDEX tick_history_market ON tick_history (market_key, received_at)",

    "CREATE TABLE latest_prices (venue, market_key INTEGER NOT NULL, outcome INTEGER NOT NULL, venue_time, "
    "received_at NOT NULL, bid, bid_size, ask, ask_size, last_price, last_size, volume, open_interest, "
    "position INTEGER NOT NULL, flags INTEGER NOT NULL, PRIMARY KEY (market_key, outcome)) WITHOUT ROWID",

    "CREATE TABLE trades (venue, market_key INTEGER NOT NULL, outcome INTEGER NOT NULL, trade_id, price, "
    "size, "
    "taker_side, block INTEGER, venue_time, received_at NOT NULL, position INTEGER NOT NULL, flags INTEGER "
    "NOT NULL)",
    "CREATE INDEX trades_market ON trades (market_key, received_at)",
    "CREATE UNIQUE INDEX trades_id ON trades (trade_id, venue) WHERE trade_id IS NOT NULL",

    "CREATE TABLE book_snapshots (venue, market_key INTEGER NOT NULL, outcome INTEGER NOT NULL, bid_prices "
    "NOT NULL, "
    "bid_sizes NOT NULL, ask_prices NOT NULL, ask_sizes NOT NULL, venue_hash, venue_time, received_at NOT "
    "NULL, "
    "position INTEGER NOT NULL, epoch INTEGER NOT NULL, flags INTEGER NOT NULL)",
    "CREATE INDEX book_snapshots_market ON book_snapshots (market_key, received_at)",

    "CREATE TABLE book_changes (venue, market_key INTEGER NOT NULL, outcome INTEGER NOT NULL, side, price, "
    "size, "
    "venue_time, received_at NOT NULL, position INTEGER NOT NULL, epoch INTEGER NOT NULL, flags INTEGER NOT "
    "NULL)",
    "CREATE INDEX book_changes_market ON book_changes (market_key, received_at)",

    "CREATE TABLE status_changes (venue, market_key INTEGER NOT NULL, status, venue_status, result, "
    "settlement_value, "
    "detail, venue_time, received_at NOT NULL, position INTEGER NOT NULL, flags INTEGER NOT NULL)",
    "CREATE INDEX status_changes_market ON status_changes (market_key, received_at)",

    "CREATE TABLE gaps (venue NOT NULL, instance NOT NULL, stream NOT NULL, market_key INTEGER, from_time "
    "NOT NULL, "
    "to_time, reason, recovered INTEGER NOT NULL, detail, position INTEGER NOT NULL, flags INTEGER NOT NULL)",
    "CREATE UNIQUE INDEX gaps_name ON gaps (venue, instance, stream, coalesce(market_key, 0), from_time)",

    "CREATE TABLE market_pairs (pair_id TEXT PRIMARY KEY NOT NULL, venue_a, market_id_a, venue_b, "
    "market_id_b, "
    "relation, status, score, evidence, changed_at NOT NULL, position INTEGER NOT NULL, flags INTEGER NOT "
    "NULL)",

    "CREATE TABLE opportunities (opportunity_id TEXT PRIMARY KEY NOT NULL, pair_id, kind, legs, opened_at, "
    "closed_at, "
    "size_max, edge_peak, profit_peak, annualised_peak, detail, position INTEGER NOT NULL, flags INTEGER NOT "
    "NULL)",
    "CREATE INDEX opportunities_opened ON opportunities (opened_at)",

    "CREATE TABLE custom_packets (venue NOT NULL, topic NOT NULL, body, venue_time, received_at NOT NULL, "
    "position INTEGER NOT NULL, flags INTEGER NOT NULL)",
    "CREATE INDEX custom_packets_topic ON custom_packets (venue, topic, received_at)",

    "CREATE TABLE dead_letters (dead_letter_key INTEGER PRIMARY KEY, instance NOT NULL, position INTEGER NOT "
    "NULL, "
    "kind NOT NULL, reason NOT NULL, packet BLOB NOT NULL, received_at NOT NULL)",

    "CREATE VIEW prices AS SELECT p.venue, k.market_id, m.title, p.outcome, "
    "json_extract(m.outcomes, '$[' || p.outcome || ']') AS outcome_name, p.bid, p.ask, p.bid_size, "
    "p.ask_size, "
    "p.last_price, p.volume, round((julianday('now') - julianday(p.received_at)) * 86400, 3) AS age, "
    "p.venue_time, "
    "p.received_at, p.market_key FROM latest_prices p JOIN market_keys k ON k.market_key = p.market_key "
    "LEFT JOIN markets m ON m.market_key = p.market_key",

    "CREATE VIEW ticks AS SELECT t.venue, k.market_id, t.outcome, t.venue_time, t.received_at, t.bid, "
    "t.bid_size, "
    "t.ask, t.ask_size, t.last_price, t.last_size, t.volume, t.open_interest, t.position, t.flags, "
    "t.market_key "
    "FROM tick_history t JOIN market_keys k ON k.market_key = t.market_key",

    // The side of b is what pays as outcome 0 of a: outcome 0 of b, or, of an inverse pair, its mirror.
    // Rounding to millionths takes away what binary fractions add to a difference of prices.
    "CREATE VIEW price_comparison AS SELECT s.*, round(s.bid_b - s.ask_a, 6) AS gap_buy_a, "
    "round(s.bid_a - s.ask_b, 6) AS gap_buy_b, "
    "coalesce(max(round(s.bid_b - s.ask_a, 6), round(s.bid_a - s.ask_b, 6)), round(s.bid_b - s.ask_a, 6), "
    "round(s.bid_a - s.ask_b, 6)) AS gap FROM (SELECT q.pair_id, q.relation, "
    "q.venue_a, q.market_id_a, ma.title AS title_a, 0 AS outcome_a, a.bid AS bid_a, a.bid_size AS "
    "bid_size_a, "
    "a.ask AS ask_a, a.ask_size AS ask_size_a, "
    "round((julianday('now') - julianday(a.received_at)) * 86400, 3) AS age_a, "
    "q.venue_b, q.market_id_b, mb.title AS title_b, CASE q.relation WHEN 'inverse' THEN 1 ELSE 0 END AS "
    "outcome_b, "
    "CASE q.relation WHEN 'inverse' THEN round(1 - b.ask, 6) ELSE b.bid END AS bid_b, "
    "CASE q.relation WHEN 'inverse' THEN b.ask_size ELSE b.bid_size END AS bid_size_b, "
    "CASE q.relation WHEN 'inverse' THEN round(1 - b.bid, 6) ELSE b.ask END AS ask_b, "
    "CASE q.relation WHEN 'inverse' THEN b.bid_size ELSE b.ask_size END AS ask_size_b, "
    "round((julianday('now') - julianday(b.received_at)) * 86400, 3) AS age_b "
    "FROM market_pairs q "
    "LEFT JOIN market_keys ka ON ka.venue = q.venue_a AND ka.market_id = q.market_id_a "
    "LEFT JOIN markets ma ON ma.market_key = ka.market_key "
    "LEFT JOIN latest_prices a ON a.market_key = ka.market_key AND a.outcome = 0 "
    "LEFT JOIN market_keys kb ON kb.venue = q.venue_b AND kb.market_id = q.market_id_b "
    "LEFT JOIN markets mb ON mb.market_key = kb.market_key "
    "LEFT JOIN latest_prices b ON b.market_key = kb.market_key AND b.outcome = 0 "
    "WHERE q.status = 'accepted') s",
};

// When the host writes that an instance is live again, nothing of the time before is still going on: a gap
// that was open when the program died has nobody else to close it.
constexpr char const* second[] = {
    "CREATE TRIGGER gaps_close_insert AFTER INSERT ON gaps WHEN new.stream = 'all' AND new.to_time IS NOT "
    "NULL AND "
    "new.reason IN ('stopped', 'unclean_stop', 'restarted') BEGIN UPDATE gaps SET to_time = new.to_time "
    "WHERE "
    "venue = new.venue AND instance = new.instance AND to_time IS NULL AND from_time < new.to_time; END",
    "CREATE TRIGGER gaps_close_update AFTER UPDATE ON gaps WHEN new.stream = 'all' AND new.to_time IS NOT "
    "NULL AND "
    "new.reason IN ('stopped', 'unclean_stop', 'restarted') BEGIN UPDATE gaps SET to_time = new.to_time "
    "WHERE "
    "venue = new.venue AND instance = new.instance AND to_time IS NULL AND from_time < new.to_time; END",
};

// What a market or event was at any time: a row for each change of what matters for trading it, not of mere
// volume. The statements that write markets and events need not know: triggers keep the history. What a
// database of the second version knows is where its history begins.
constexpr char const* third[] = {
    "CREATE TABLE market_history (venue, market_key INTEGER NOT NULL, market_id TEXT NOT NULL, event_id, "
    "title, outcomes NOT NULL, token_ids NOT NULL, status, venue_status, rules, tick_size, fee, opens_at, "
    "closes_at, expected_at, settled_at, result, settlement_value, price_ranges, seen_at NOT NULL, position "
    "INTEGER NOT NULL, flags INTEGER NOT NULL)",

    "CREATE INDEX market_history_market ON market_history (market_key, seen_at)",

    "CREATE TABLE event_history (venue TEXT NOT NULL, event_key INTEGER NOT NULL, event_id TEXT NOT NULL, "
    "series, title, subtitle, category, mutually_exclusive, status, opens_at, closes_at, url, seen_at NOT "
    "NULL, position INTEGER NOT NULL, flags INTEGER NOT NULL)",

    "CREATE INDEX event_history_event ON event_history (venue, event_id, seen_at)",

    "CREATE TABLE series (venue TEXT NOT NULL, series_id TEXT NOT NULL, title, category, frequency, tags, "
    "raw, first_seen_at NOT NULL, changed_at NOT NULL, content_hash INTEGER NOT NULL, position INTEGER NOT "
    "NULL, flags INTEGER NOT NULL, PRIMARY KEY (venue, series_id))",

    "CREATE TABLE fee_schedules (venue TEXT NOT NULL, scope TEXT NOT NULL, scope_id TEXT NOT NULL, type, "
    "rate, exponent, multiplier, rebate_rate, taker_only INTEGER, effective_from NOT NULL, source, raw, "
    "received_at NOT NULL, content_hash INTEGER NOT NULL, position INTEGER NOT NULL, flags INTEGER NOT NULL, "
    "PRIMARY KEY (venue, scope, scope_id, effective_from))",

    "INSERT INTO market_history (venue, market_key, market_id, event_id, title, outcomes, token_ids, status, "
    "venue_status, rules, tick_size, fee, opens_at, closes_at, expected_at, settled_at, result, "
    "settlement_value, price_ranges, seen_at, position, flags) SELECT venue, market_key, market_id, "
    "event_id, title, outcomes, token_ids, status, venue_status, rules, tick_size, fee, opens_at, closes_at, "
    "expected_at, settled_at, result, settlement_value, price_ranges, changed_at, position, flags FROM "
    "markets",

    "INSERT INTO event_history (venue, event_key, event_id, series, title, subtitle, category, "
    "mutually_exclusive, status, opens_at, closes_at, url, seen_at, position, flags) SELECT venue, "
    "event_key, event_id, series, title, subtitle, category, mutually_exclusive, status, opens_at, "
    "closes_at, url, changed_at, position, flags FROM events",

    "CREATE TRIGGER markets_added AFTER INSERT ON markets BEGIN INSERT INTO market_history (venue, "
    "market_key, market_id, event_id, title, outcomes, token_ids, status, venue_status, rules, tick_size, "
    "fee, opens_at, closes_at, expected_at, settled_at, result, settlement_value, price_ranges, seen_at, "
    "position, flags) VALUES (new.venue, new.market_key, new.market_id, new.event_id, new.title, "
    "new.outcomes, new.token_ids, new.status, new.venue_status, new.rules, new.tick_size, new.fee, "
    "new.opens_at, new.closes_at, new.expected_at, new.settled_at, new.result, new.settlement_value, "
    "new.price_ranges, new.changed_at, new.position, new.flags); END",

    "CREATE TRIGGER markets_altered AFTER UPDATE ON markets WHEN old.event_id IS NOT new.event_id OR "
    "old.title IS NOT new.title OR old.outcomes IS NOT new.outcomes OR old.token_ids IS NOT new.token_ids OR "
    "old.status IS NOT new.status OR old.venue_status IS NOT new.venue_status OR old.rules IS NOT new.rules "
    "OR old.tick_size IS NOT new.tick_size OR old.fee IS NOT new.fee OR old.opens_at IS NOT new.opens_at OR "
    "old.closes_at IS NOT new.closes_at OR old.expected_at IS NOT new.expected_at OR old.settled_at IS NOT "
    "new.settled_at OR old.result IS NOT new.result OR old.settlement_value IS NOT new.settlement_value OR "
    "old.price_ranges IS NOT new.price_ranges BEGIN INSERT INTO market_history (venue, market_key, "
    "market_id, event_id, title, outcomes, token_ids, status, venue_status, rules, tick_size, fee, opens_at, "
    "closes_at, expected_at, settled_at, result, settlement_value, price_ranges, seen_at, position, flags) "
    "VALUES (new.venue, new.market_key, new.market_id, new.event_id, new.title, new.outcomes, new.token_ids, "
    "new.status, new.venue_status, new.rules, new.tick_size, new.fee, new.opens_at, new.closes_at, "
    "new.expected_at, new.settled_at, new.result, new.settlement_value, new.price_ranges, new.changed_at, "
    "new.position, new.flags); END",

    "CREATE TRIGGER events_added AFTER INSERT ON events BEGIN INSERT INTO event_history (venue, event_key, "
    "event_id, series, title, subtitle, category, mutually_exclusive, status, opens_at, closes_at, url, "
    "seen_at, position, flags) VALUES (new.venue, new.event_key, new.event_id, new.series, new.title, "
    "new.subtitle, new.category, new.mutually_exclusive, new.status, new.opens_at, new.closes_at, new.url, "
    "new.changed_at, new.position, new.flags); END",

    "CREATE TRIGGER events_altered AFTER UPDATE ON events WHEN old.series IS NOT new.series OR old.title IS "
    "NOT new.title OR old.subtitle IS NOT new.subtitle OR old.category IS NOT new.category OR "
    "old.mutually_exclusive IS NOT new.mutually_exclusive OR old.status IS NOT new.status OR old.opens_at IS "
    "NOT new.opens_at OR old.closes_at IS NOT new.closes_at OR old.url IS NOT new.url BEGIN INSERT INTO "
    "event_history (venue, event_key, event_id, series, title, subtitle, category, mutually_exclusive, "
    "status, opens_at, closes_at, url, seen_at, position, flags) VALUES (new.venue, new.event_key, "
    "new.event_id, new.series, new.title, new.subtitle, new.category, new.mutually_exclusive, new.status, "
    "new.opens_at, new.closes_at, new.url, new.changed_at, new.position, new.flags); END",

    // Each quote with the rules and fees of its time. The narrowest fee schedule in force counts; one without
    // a type and figures says that its scope has none of its own any more.
    "CREATE VIEW tick_terms AS SELECT t.venue, k.market_id, t.outcome, t.venue_time, t.received_at, t.bid, "
    "t.bid_size, t.ask, t.ask_size, t.last_price, t.position, h.event_id, h.title, h.status, h.rules, "
    "h.tick_size, h.price_ranges, h.closes_at, h.fee, h.seen_at AS terms_seen_at, f.scope AS fee_scope, "
    "f.type AS fee_type, f.rate AS fee_rate, f.exponent AS fee_exponent, f.multiplier AS fee_multiplier, "
    "f.rebate_rate AS fee_rebate_rate, f.taker_only AS fee_taker_only, f.effective_from AS "
    "fee_effective_from, t.market_key FROM tick_history t JOIN market_keys k ON k.market_key = t.market_key "
    "LEFT JOIN market_history h ON h.rowid = (SELECT r.rowid FROM market_history r WHERE r.market_key = "
    "t.market_key AND r.seen_at <= t.received_at ORDER BY r.seen_at DESC, r.position DESC LIMIT 1) LEFT JOIN "
    "events e ON e.venue = t.venue AND e.event_id = h.event_id LEFT JOIN fee_schedules f ON f.rowid = "
    "(SELECT f.rowid FROM fee_schedules f WHERE f.venue = t.venue AND ((f.scope = 'market' AND f.scope_id = "
    "k.market_id) OR (f.scope = 'event' AND f.scope_id = h.event_id) OR (f.scope = 'series' AND f.scope_id = "
    "e.series) OR (f.scope = 'venue' AND f.scope_id = t.venue)) AND f.effective_from <= t.received_at AND "
    "(f.type IS NOT NULL OR f.rate IS NOT NULL OR f.exponent IS NOT NULL OR f.multiplier IS NOT NULL OR "
    "f.rebate_rate IS NOT NULL) AND NOT EXISTS (SELECT 1 FROM fee_schedules n WHERE n.venue = f.venue AND "
    "n.scope = f.scope AND n.scope_id = f.scope_id AND n.effective_from > f.effective_from AND "
    "n.effective_from <= t.received_at) ORDER BY CASE f.scope WHEN 'market' THEN 1 WHEN 'event' THEN 2 WHEN "
    "'series' THEN 3 ELSE 4 END LIMIT 1)",
};

// A market is asked for by its id alone, too. And how far the stored packets reach, so that a question about
// a later time can be answered with that.
constexpr char const* fourth[] = {
    "CREATE INDEX market_keys_id ON market_keys (market_id)",
    "ALTER TABLE ingest_positions ADD COLUMN received_at",

    // As before, but each scope is asked for by its key: of alternatives SQLite reads all schedules of the
    // venue.
    "DROP VIEW tick_terms",
    "CREATE VIEW tick_terms AS SELECT t.venue, k.market_id, t.outcome, t.venue_time, t.received_at, "
    "t.bid, t.bid_size, t.ask, t.ask_size, t.last_price, t.position, h.event_id, h.title, h.status, "
    "h.rules, h.tick_size, h.price_ranges, h.closes_at, h.fee, h.seen_at AS terms_seen_at, f.scope AS "
    "fee_scope, f.type AS fee_type, f.rate AS fee_rate, f.exponent AS fee_exponent, f.multiplier AS "
    "fee_multiplier, f.rebate_rate AS fee_rebate_rate, f.taker_only AS fee_taker_only, f.effective_from "
    "AS fee_effective_from, t.market_key FROM tick_history t JOIN market_keys k ON k.market_key = "
    "t.market_key LEFT JOIN market_history h ON h.rowid = (SELECT r.rowid FROM market_history r WHERE "
    "r.market_key = t.market_key AND r.seen_at <= t.received_at ORDER BY r.seen_at DESC, r.position DESC "
    "LIMIT 1) LEFT JOIN events e ON e.venue = t.venue AND e.event_id = h.event_id LEFT JOIN fee_schedules "
    "f ON f.rowid = coalesce((SELECT CASE WHEN coalesce(type, rate, exponent, multiplier, rebate_rate) IS "
    "NOT NULL THEN rowid END FROM fee_schedules WHERE venue = t.venue AND scope = 'market' AND scope_id = "
    "k.market_id AND effective_from <= t.received_at ORDER BY effective_from DESC LIMIT 1), (SELECT CASE "
    "WHEN coalesce(type, rate, exponent, multiplier, rebate_rate) IS NOT NULL THEN rowid END FROM "
    "fee_schedules WHERE venue = t.venue AND scope = 'event' AND scope_id = h.event_id AND effective_from "
    "<= t.received_at ORDER BY effective_from DESC LIMIT 1), (SELECT CASE WHEN coalesce(type, rate, "
    "exponent, multiplier, rebate_rate) IS NOT NULL THEN rowid END FROM fee_schedules WHERE venue = "
    "t.venue AND scope = 'series' AND scope_id = e.series AND effective_from <= t.received_at ORDER BY "
    "effective_from DESC LIMIT 1), (SELECT CASE WHEN coalesce(type, rate, exponent, multiplier, "
    "rebate_rate) IS NOT NULL THEN rowid END FROM fee_schedules WHERE venue = t.venue AND scope = 'venue' "
    "AND scope_id = t.venue AND effective_from <= t.received_at ORDER BY effective_from DESC LIMIT 1))",
};

// What a venue says of itself is about no market. SQLite cannot alter a column: the table is made anew. That
// the views of each venue name it, nobody need look at meanwhile.
constexpr char const* fifth[] = {
    "CREATE TABLE status_changes_anew (venue, market_key INTEGER, status, venue_status, result, "
    "settlement_value, detail, venue_time, received_at NOT NULL, position INTEGER NOT NULL, flags INTEGER "
    "NOT NULL)",
    "INSERT INTO status_changes_anew (rowid, venue, market_key, status, venue_status, result, "
    "settlement_value, detail, venue_time, received_at, position, flags) SELECT rowid, venue, market_key, "
    "status, venue_status, result, settlement_value, detail, venue_time, received_at, position, flags FROM "
    "status_changes ORDER BY rowid",
    "DROP TABLE status_changes",
    "PRAGMA legacy_alter_table = ON",
    "ALTER TABLE status_changes_anew RENAME TO status_changes",
    "PRAGMA legacy_alter_table = OFF",
    "CREATE INDEX status_changes_market ON status_changes (market_key, received_at)",

    // The first quotes of a database come before their markets: the first terms that were seen are theirs,
    // too, as terms_seen_at shows.
    "DROP VIEW tick_terms",
    "CREATE VIEW tick_terms AS SELECT t.venue, k.market_id, t.outcome, t.venue_time, t.received_at, "
    "t.bid, t.bid_size, t.ask, t.ask_size, t.last_price, t.position, h.event_id, h.title, h.status, "
    "h.rules, h.tick_size, h.price_ranges, h.closes_at, h.fee, h.seen_at AS terms_seen_at, f.scope AS "
    "fee_scope, f.type AS fee_type, f.rate AS fee_rate, f.exponent AS fee_exponent, f.multiplier AS "
    "fee_multiplier, f.rebate_rate AS fee_rebate_rate, f.taker_only AS fee_taker_only, f.effective_from "
    "AS fee_effective_from, t.market_key FROM tick_history t JOIN market_keys k ON k.market_key = "
    "t.market_key LEFT JOIN market_history h ON h.rowid = coalesce((SELECT r.rowid FROM market_history r "
    "WHERE r.market_key = t.market_key AND r.seen_at <= t.received_at ORDER BY r.seen_at DESC, "
    "r.position DESC LIMIT 1), (SELECT r.rowid FROM market_history r WHERE r.market_key = t.market_key "
    "AND r.seen_at > t.received_at ORDER BY r.seen_at, r.position LIMIT 1)) LEFT JOIN events e ON "
    "e.venue = t.venue AND e.event_id = h.event_id LEFT JOIN fee_schedules f ON f.rowid = "
    "coalesce((SELECT CASE WHEN coalesce(type, rate, exponent, multiplier, rebate_rate) IS NOT NULL THEN "
    "rowid END FROM fee_schedules WHERE venue = t.venue AND scope = 'market' AND scope_id = k.market_id "
    "AND effective_from <= max(t.received_at, coalesce(h.seen_at, '')) ORDER BY effective_from DESC "
    "LIMIT 1), (SELECT CASE WHEN coalesce(type, rate, exponent, multiplier, rebate_rate) IS NOT NULL "
    "THEN rowid END FROM fee_schedules WHERE venue = t.venue AND scope = 'event' AND scope_id = "
    "h.event_id AND effective_from <= max(t.received_at, coalesce(h.seen_at, '')) ORDER BY "
    "effective_from DESC LIMIT 1), (SELECT CASE WHEN coalesce(type, rate, exponent, multiplier, "
    "rebate_rate) IS NOT NULL THEN rowid END FROM fee_schedules WHERE venue = t.venue AND scope = "
    "'series' AND scope_id = e.series AND effective_from <= max(t.received_at, coalesce(h.seen_at, '')) "
    "ORDER BY effective_from DESC LIMIT 1), (SELECT CASE WHEN coalesce(type, rate, exponent, multiplier, "
    "rebate_rate) IS NOT NULL THEN rowid END FROM fee_schedules WHERE venue = t.venue AND scope = "
    "'venue' AND scope_id = t.venue AND effective_from <= max(t.received_at, coalesce(h.seen_at, '')) "
    "ORDER BY effective_from DESC LIMIT 1))",
};

constexpr sql::Migration steps[] = {
    {1, "the first schema", first},
    {2, "a gap that was open at the end of a run is closed by the next", second},
    {3, "history of markets and events, series, fee schedules", third},
    {4, "markets by their id, and up to when packets are stored", fourth},
    {5, "pauses of a whole venue, and terms of the first quotes", fifth}};

}  // namespace

std::span<sql::Migration const> migrations() { return steps; }

}  // namespace arb::sqlite
