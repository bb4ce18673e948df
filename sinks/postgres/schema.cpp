#include "sinks/postgres/schema.hpp"

namespace arb::postgres {
namespace {

// A unique key of a partitioned table has to contain what it is partitioned by. So trades, which are
// partitioned by day, cannot forbid a second row of a known trade_id; trade_ids, which is not, does. Indexes
// of tables that are partitioned by day are made with each partition. fillfactor leaves room in the pages of
// rows that are updated all the time, so that an update need not touch the index.
constexpr char const* first[] = {
    "CREATE TABLE schema_version (version integer PRIMARY KEY, description text NOT NULL, "
    "applied_at timestamptz NOT NULL)",

    "CREATE TABLE ingest_positions (journal_uuid uuid NOT NULL, sink text NOT NULL, incarnation bigint NOT "
    "NULL, "
    "sequence bigint NOT NULL, committed_at timestamptz NOT NULL, PRIMARY KEY (journal_uuid, sink)) "
    "WITH (fillfactor = 50)",

    "CREATE TABLE market_keys (market_key integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, venue text NOT "
    "NULL, "
    "market_id text NOT NULL, UNIQUE (venue, market_id))",

    "CREATE SEQUENCE event_keys",

    "CREATE TABLE events (venue text NOT NULL, event_key bigint NOT NULL DEFAULT nextval('event_keys'), "
    "event_id text NOT NULL, series text, title text, subtitle text, category text, mutually_exclusive "
    "boolean, "
    "status text, opens_at timestamptz, closes_at timestamptz, url text, raw jsonb, "
    "first_seen_at timestamptz NOT NULL, changed_at timestamptz NOT NULL, content_hash bigint NOT NULL, "
    "position bigint NOT NULL, flags smallint NOT NULL, PRIMARY KEY (venue, event_id)) PARTITION BY LIST "
    "(venue)",

    "CREATE TABLE markets (venue text NOT NULL, market_key integer NOT NULL, market_id text NOT NULL, "
    "event_id text, "
    "title text, outcomes text[] NOT NULL, token_ids text[] NOT NULL, status text, venue_status text, rules "
    "text, "
    "tick_size numeric, fee jsonb, opens_at timestamptz, closes_at timestamptz, expected_at timestamptz, "
    "settled_at timestamptz, result text, settlement_value numeric, volume numeric, price_ranges jsonb, raw "
    "jsonb, "
    "first_seen_at timestamptz NOT NULL, changed_at timestamptz NOT NULL, content_hash bigint NOT NULL, "
    "position bigint NOT NULL, flags smallint NOT NULL, PRIMARY KEY (market_key, venue)) PARTITION BY LIST "
    "(venue)",
    "CREATE UNIQUE INDEX markets_id ON markets (venue, market_id)",
    "CREATE INDEX markets_event ON markets (venue, event_id)",

    "CREATE TABLE tick_history (venue text NOT NULL, market_key integer NOT NULL, outcome smallint NOT NULL, "
    "venue_time timestamptz, received_at timestamptz NOT NULL, bid numeric, bid_size numeric, ask numeric, "
    "ask_size numeric, last_price numeric, last_size numeric, volume numeric, open_interest numeric, "
    "position bigint NOT NULL, flags smallint NOT NULL) PARTITION BY LIST (venue)",
    "CREATE INDEX tick_history_market ON tick_history (market_key, received_at)",

    "CREATE TABLE latest_prices (venue text NOT NULL, market_key integer NOT NULL, outcome smallint NOT "
    "NULL, "
    "venue_time timestamptz, received_at timestamptz NOT NULL, bid numeric, bid_size numeric, ask numeric, "
    "ask_size numeric, last_price numeric, last_size numeric, volume numeric, open_interest numeric, "
    "position bigint NOT NULL, flags smallint NOT NULL, PRIMARY KEY (market_key, outcome, venue)) "
    "PARTITION BY LIST (venue)",

    "CREATE TABLE trades (venue text NOT NULL, market_key integer NOT NULL, outcome smallint NOT NULL, "
    "trade_id text, price numeric, size numeric, taker_side text, block boolean, venue_time timestamptz, "
    "received_at timestamptz NOT NULL, position bigint NOT NULL, flags smallint NOT NULL) PARTITION BY LIST "
    "(venue)",
    "CREATE INDEX trades_market ON trades (market_key, received_at)",
    "CREATE TABLE trade_ids (venue text NOT NULL, trade_id text NOT NULL, received_at timestamptz NOT NULL, "
    "PRIMARY KEY (trade_id, venue)) PARTITION BY LIST (venue)",
    "CREATE INDEX trade_ids_received ON trade_ids USING brin (received_at)",

    "CREATE TABLE book_snapshots (venue text NOT NULL, market_key integer NOT NULL, outcome smallint NOT "
    "NULL, "
    "bid_prices numeric[] NOT NULL, bid_sizes numeric[] NOT NULL, ask_prices numeric[] NOT NULL, "
    "ask_sizes numeric[] NOT NULL, venue_hash text, venue_time timestamptz, received_at timestamptz NOT "
    "NULL, "
    "position bigint NOT NULL, epoch bigint NOT NULL, flags smallint NOT NULL) PARTITION BY LIST (venue)",
    "CREATE INDEX book_snapshots_market ON book_snapshots (market_key, received_at)",

    "CREATE TABLE book_changes (venue text NOT NULL, market_key integer NOT NULL, outcome smallint NOT NULL, "
    "side text, price numeric, size numeric, venue_time timestamptz, received_at timestamptz NOT NULL, "
    "position bigint NOT NULL, epoch bigint NOT NULL, flags smallint NOT NULL) PARTITION BY LIST (venue)",
    "CREATE INDEX book_changes_market ON book_changes (market_key, received_at)",

    "CREATE TABLE status_changes (venue text NOT NULL, market_key integer NOT NULL, status text, "
    "venue_status text, "
    "result text, settlement_value numeric, detail jsonb, venue_time timestamptz, received_at timestamptz "
    "NOT NULL, "
    "position bigint NOT NULL, flags smallint NOT NULL) PARTITION BY LIST (venue)",
    "CREATE INDEX status_changes_market ON status_changes (market_key, received_at)",

    "CREATE TABLE gaps (venue text NOT NULL, instance text NOT NULL, stream text NOT NULL, market_key "
    "integer, "
    "from_time timestamptz NOT NULL, to_time timestamptz, reason text, recovered boolean NOT NULL, detail "
    "text, "
    "position bigint NOT NULL, flags smallint NOT NULL)",
    "CREATE UNIQUE INDEX gaps_name ON gaps (venue, instance, stream, (coalesce(market_key, 0)), from_time)",

    "CREATE TABLE market_pairs (pair_id text PRIMARY KEY, venue_a text, market_id_a text, venue_b text, "
    "market_id_b text, relation text, status text, score numeric, evidence jsonb, changed_at timestamptz NOT "
    "NULL, "
    "position bigint NOT NULL, flags smallint NOT NULL)",

    "CREATE TABLE opportunities (opportunity_id text PRIMARY KEY, pair_id text, kind text, legs jsonb, "
    "opened_at timestamptz, closed_at timestamptz, size_max numeric, edge_peak numeric, profit_peak numeric, "
    "annualised_peak numeric, detail jsonb, position bigint NOT NULL, flags smallint NOT NULL)",
    "CREATE INDEX opportunities_opened ON opportunities (opened_at)",

    "CREATE TABLE custom_packets (venue text NOT NULL, topic text NOT NULL, body jsonb, venue_time "
    "timestamptz, "
    "received_at timestamptz NOT NULL, position bigint NOT NULL, flags smallint NOT NULL)",
    "CREATE INDEX custom_packets_topic ON custom_packets (venue, topic, received_at)",

    "CREATE TABLE dead_letters (dead_letter_key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
    "instance text NOT NULL, position bigint NOT NULL, kind text NOT NULL, reason text NOT NULL, "
    "packet bytea NOT NULL, received_at timestamptz NOT NULL)",

    "CREATE VIEW prices AS SELECT p.venue, k.market_id, m.title, p.outcome, "
    "m.outcomes[p.outcome + 1] AS outcome_name, p.bid, p.ask, p.bid_size, p.ask_size, p.last_price, "
    "p.volume, "
    "round(CAST(extract(epoch FROM clock_timestamp() - p.received_at) AS numeric), 3) AS age, p.venue_time, "
    "p.received_at, p.market_key FROM latest_prices p JOIN market_keys k ON k.market_key = p.market_key "
    "LEFT JOIN markets m ON m.market_key = p.market_key AND m.venue = p.venue",

    "CREATE VIEW ticks AS SELECT t.venue, k.market_id, t.outcome, t.venue_time, t.received_at, t.bid, "
    "t.bid_size, "
    "t.ask, t.ask_size, t.last_price, t.last_size, t.volume, t.open_interest, t.position, t.flags, "
    "t.market_key "
    "FROM tick_history t JOIN market_keys k ON k.market_key = t.market_key",

    // The side of b is what pays as outcome 0 of a: outcome 0 of b, or, of an inverse pair, its mirror.
    "CREATE VIEW price_comparison AS SELECT s.*, s.bid_b - s.ask_a AS gap_buy_a, s.bid_a - s.ask_b AS "
    "gap_buy_b, "
    "greatest(s.bid_b - s.ask_a, s.bid_a - s.ask_b) AS gap FROM (SELECT q.pair_id, q.relation, "
    "q.venue_a, q.market_id_a, ma.title AS title_a, 0 AS outcome_a, a.bid AS bid_a, a.bid_size AS "
    "bid_size_a, "
    "a.ask AS ask_a, a.ask_size AS ask_size_a, "
    "round(CAST(extract(epoch FROM clock_timestamp() - a.received_at) AS numeric), 3) AS age_a, "
    "q.venue_b, q.market_id_b, mb.title AS title_b, CASE q.relation WHEN 'inverse' THEN 1 ELSE 0 END AS "
    "outcome_b, "
    "CASE q.relation WHEN 'inverse' THEN 1 - b.ask ELSE b.bid END AS bid_b, "
    "CASE q.relation WHEN 'inverse' THEN b.ask_size ELSE b.bid_size END AS bid_size_b, "
    "CASE q.relation WHEN 'inverse' THEN 1 - b.bid ELSE b.ask END AS ask_b, "
    "CASE q.relation WHEN 'inverse' THEN b.bid_size ELSE b.ask_size END AS ask_size_b, "
    "round(CAST(extract(epoch FROM clock_timestamp() - b.received_at) AS numeric), 3) AS age_b "
    "FROM market_pairs q "
    "LEFT JOIN market_keys ka ON ka.venue = q.venue_a AND ka.market_id = q.market_id_a "
    "LEFT JOIN markets ma ON ma.venue = ka.venue AND ma.market_key = ka.market_key "
    "LEFT JOIN latest_prices a ON a.venue = ka.venue AND a.market_key = ka.market_key AND a.outcome = 0 "
    "LEFT JOIN market_keys kb ON kb.venue = q.venue_b AND kb.market_id = q.market_id_b "
    "LEFT JOIN markets mb ON mb.venue = kb.venue AND mb.market_key = kb.market_key "
    "LEFT JOIN latest_prices b ON b.venue = kb.venue AND b.market_key = kb.market_key AND b.outcome = 0 "
    "WHERE q.status = 'accepted') s",
};

// When the host writes that an instance is live again, nothing of the time before is still going on: a gap
// that was open when the program died has nobody else to close it.
constexpr char const* second[] = {
    "CREATE FUNCTION close_gaps() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "UPDATE gaps SET to_time = new.to_time WHERE venue = new.venue AND instance = new.instance "
    "AND to_time IS NULL AND from_time < new.to_time; RETURN NULL; END $$",
    "CREATE TRIGGER gaps_close AFTER INSERT OR UPDATE ON gaps FOR EACH ROW WHEN (new.stream = 'all' AND "
    "new.to_time IS NOT NULL AND new.reason IN ('stopped', 'unclean_stop', 'restarted')) "
    "EXECUTE FUNCTION close_gaps()",
};

// What a market or event was at any time: a row for each change of what matters for trading it, not of mere
// volume. The statements that write markets and events need not know: triggers keep the history. What a
// database of the second version knows is where its history begins.
constexpr char const* third[] = {
    "CREATE TABLE market_history (venue text NOT NULL, market_key integer NOT NULL, market_id text NOT NULL, "
    "event_id text, title text, outcomes text[] NOT NULL, token_ids text[] NOT NULL, status text, "
    "venue_status text, rules text, tick_size numeric, fee jsonb, opens_at timestamptz, closes_at "
    "timestamptz, expected_at timestamptz, settled_at timestamptz, result text, settlement_value numeric, "
    "price_ranges jsonb, seen_at timestamptz NOT NULL, position bigint NOT NULL, flags smallint NOT NULL) "
    "PARTITION BY LIST (venue)",

    "CREATE INDEX market_history_market ON market_history (market_key, seen_at)",

    "CREATE TABLE event_history (venue text NOT NULL, event_key bigint NOT NULL, event_id text NOT NULL, "
    "series text, title text, subtitle text, category text, mutually_exclusive boolean, status text, "
    "opens_at timestamptz, closes_at timestamptz, url text, seen_at timestamptz NOT NULL, position bigint "
    "NOT NULL, flags smallint NOT NULL) PARTITION BY LIST (venue)",

    "CREATE INDEX event_history_event ON event_history (venue, event_id, seen_at)",

    "CREATE TABLE series (venue text NOT NULL, series_id text NOT NULL, title text, category text, frequency "
    "text, tags jsonb, raw jsonb, first_seen_at timestamptz NOT NULL, changed_at timestamptz NOT NULL, "
    "content_hash bigint NOT NULL, position bigint NOT NULL, flags smallint NOT NULL, PRIMARY KEY (venue, "
    "series_id)) PARTITION BY LIST (venue)",

    "CREATE TABLE fee_schedules (venue text NOT NULL, scope text NOT NULL, scope_id text NOT NULL, type "
    "text, rate numeric, exponent numeric, multiplier numeric, rebate_rate numeric, taker_only boolean, "
    "effective_from timestamptz NOT NULL, source text, raw jsonb, received_at timestamptz NOT NULL, "
    "content_hash bigint NOT NULL, position bigint NOT NULL, flags smallint NOT NULL, PRIMARY KEY (venue, "
    "scope, scope_id, effective_from)) PARTITION BY LIST (venue)",

    "DO $$ DECLARE v text; t text; BEGIN FOR v IN SELECT DISTINCT venue FROM market_keys UNION SELECT venue "
    "FROM events LOOP FOREACH t IN ARRAY ARRAY['market_history', 'event_history', 'series', 'fee_schedules'] "
    "LOOP EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES IN (%L)', v || '_' || t, t, v); END "
    "LOOP; END LOOP; END $$",

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

    "CREATE FUNCTION market_added() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO market_history "
    "(venue, market_key, market_id, event_id, title, outcomes, token_ids, status, venue_status, rules, "
    "tick_size, fee, opens_at, closes_at, expected_at, settled_at, result, settlement_value, price_ranges, "
    "seen_at, position, flags) SELECT venue, market_key, market_id, event_id, title, outcomes, token_ids, "
    "status, venue_status, rules, tick_size, fee, opens_at, closes_at, expected_at, settled_at, result, "
    "settlement_value, price_ranges, changed_at, position, flags FROM fresh; RETURN NULL; END $$",

    "CREATE FUNCTION market_altered() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO "
    "market_history (venue, market_key, market_id, event_id, title, outcomes, token_ids, status, "
    "venue_status, rules, tick_size, fee, opens_at, closes_at, expected_at, settled_at, result, "
    "settlement_value, price_ranges, seen_at, position, flags) SELECT f.venue, f.market_key, f.market_id, "
    "f.event_id, f.title, f.outcomes, f.token_ids, f.status, f.venue_status, f.rules, f.tick_size, f.fee, "
    "f.opens_at, f.closes_at, f.expected_at, f.settled_at, f.result, f.settlement_value, f.price_ranges, "
    "f.changed_at, f.position, f.flags FROM fresh f JOIN former o ON o.venue = f.venue AND o.market_key = "
    "f.market_key WHERE (f.event_id, f.title, f.outcomes, f.token_ids, f.status, f.venue_status, f.rules, "
    "f.tick_size, f.fee, f.opens_at, f.closes_at, f.expected_at, f.settled_at, f.result, f.settlement_value, "
    "f.price_ranges) IS DISTINCT FROM (o.event_id, o.title, o.outcomes, o.token_ids, o.status, "
    "o.venue_status, o.rules, o.tick_size, o.fee, o.opens_at, o.closes_at, o.expected_at, o.settled_at, "
    "o.result, o.settlement_value, o.price_ranges); RETURN NULL; END $$",

    "CREATE TRIGGER markets_added AFTER INSERT ON markets REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT "
    "EXECUTE FUNCTION market_added()",

    "CREATE TRIGGER markets_altered AFTER UPDATE ON markets REFERENCING OLD TABLE AS former NEW TABLE AS "
    "fresh FOR EACH STATEMENT EXECUTE FUNCTION market_altered()",

    "CREATE FUNCTION event_added() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO event_history "
    "(venue, event_key, event_id, series, title, subtitle, category, mutually_exclusive, status, opens_at, "
    "closes_at, url, seen_at, position, flags) SELECT venue, event_key, event_id, series, title, subtitle, "
    "category, mutually_exclusive, status, opens_at, closes_at, url, changed_at, position, flags FROM fresh; "
    "RETURN NULL; END $$",

    "CREATE FUNCTION event_altered() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO event_history "
    "(venue, event_key, event_id, series, title, subtitle, category, mutually_exclusive, status, opens_at, "
    "closes_at, url, seen_at, position, flags) SELECT f.venue, f.event_key, f.event_id, f.series, f.title, "
    "f.subtitle, f.category, f.mutually_exclusive, f.status, f.opens_at, f.closes_at, f.url, f.changed_at, "
    "f.position, f.flags FROM fresh f JOIN former o ON o.venue = f.venue AND o.event_id = f.event_id WHERE "
    "(f.series, f.title, f.subtitle, f.category, f.mutually_exclusive, f.status, f.opens_at, f.closes_at, "
    "f.url) IS DISTINCT FROM (o.series, o.title, o.subtitle, o.category, o.mutually_exclusive, o.status, "
    "o.opens_at, o.closes_at, o.url); RETURN NULL; END $$",

    "CREATE TRIGGER events_added AFTER INSERT ON events REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT "
    "EXECUTE FUNCTION event_added()",

    "CREATE TRIGGER events_altered AFTER UPDATE ON events REFERENCING OLD TABLE AS former NEW TABLE AS fresh "
    "FOR EACH STATEMENT EXECUTE FUNCTION event_altered()",

    // Each quote with the rules and fees of its time. The narrowest fee schedule in force counts; one without
    // a type and figures says that its scope has none of its own any more.
    "CREATE VIEW tick_terms AS SELECT t.venue, k.market_id, t.outcome, t.venue_time, t.received_at, t.bid, "
    "t.bid_size, t.ask, t.ask_size, t.last_price, t.position, h.event_id, h.title, h.status, h.rules, "
    "h.tick_size, h.price_ranges, h.closes_at, h.fee, h.seen_at AS terms_seen_at, f.scope AS fee_scope, "
    "f.type AS fee_type, f.rate AS fee_rate, f.exponent AS fee_exponent, f.multiplier AS fee_multiplier, "
    "f.rebate_rate AS fee_rebate_rate, f.taker_only AS fee_taker_only, f.effective_from AS "
    "fee_effective_from, t.market_key FROM tick_history t JOIN market_keys k ON k.market_key = t.market_key "
    "LEFT JOIN LATERAL (SELECT * FROM market_history r WHERE r.venue = t.venue AND r.market_key = "
    "t.market_key AND r.seen_at <= t.received_at ORDER BY r.seen_at DESC, r.position DESC LIMIT 1) h ON true "
    "LEFT JOIN events e ON e.venue = t.venue AND e.event_id = h.event_id LEFT JOIN LATERAL (SELECT * FROM "
    "fee_schedules f WHERE f.venue = t.venue AND ((f.scope = 'market' AND f.scope_id = k.market_id) OR "
    "(f.scope = 'event' AND f.scope_id = h.event_id) OR (f.scope = 'series' AND f.scope_id = e.series) OR "
    "(f.scope = 'venue' AND f.scope_id = t.venue)) AND f.effective_from <= t.received_at AND (f.type IS NOT "
    "NULL OR f.rate IS NOT NULL OR f.exponent IS NOT NULL OR f.multiplier IS NOT NULL OR f.rebate_rate IS "
    "NOT NULL) AND NOT EXISTS (SELECT 1 FROM fee_schedules n WHERE n.venue = f.venue AND n.scope = f.scope "
    "AND n.scope_id = f.scope_id AND n.effective_from > f.effective_from AND n.effective_from <= "
    "t.received_at) ORDER BY CASE f.scope WHEN 'market' THEN 1 WHEN 'event' THEN 2 WHEN 'series' THEN 3 ELSE "
    "4 END LIMIT 1) f ON true",
};

// A market is asked for by its id alone, too. And how far the stored packets reach, so that a question about
// a later time can be answered with that.
constexpr char const* fourth[] = {
    "CREATE INDEX market_keys_id ON market_keys (market_id)",
    "ALTER TABLE ingest_positions ADD COLUMN received_at timestamptz",
};

// What a venue says of itself is about no market. And the first quotes of a database come before their
// markets: the first terms that were seen are theirs, too, as terms_seen_at shows.
constexpr char const* fifth[] = {
    "ALTER TABLE status_changes ALTER COLUMN market_key DROP NOT NULL",

    "CREATE OR REPLACE VIEW tick_terms AS SELECT t.venue, k.market_id, t.outcome, t.venue_time, "
    "t.received_at, t.bid, t.bid_size, t.ask, t.ask_size, t.last_price, t.position, h.event_id, h.title, "
    "h.status, h.rules, h.tick_size, h.price_ranges, h.closes_at, h.fee, h.seen_at AS terms_seen_at, "
    "f.scope AS fee_scope, f.type AS fee_type, f.rate AS fee_rate, f.exponent AS fee_exponent, "
    "f.multiplier AS fee_multiplier, f.rebate_rate AS fee_rebate_rate, f.taker_only AS fee_taker_only, "
    "f.effective_from AS fee_effective_from, t.market_key FROM tick_history t JOIN market_keys k ON "
    "k.market_key = t.market_key LEFT JOIN LATERAL (SELECT * FROM ((SELECT * FROM market_history r WHERE "
    "r.venue = t.venue AND r.market_key = t.market_key AND r.seen_at <= t.received_at ORDER BY r.seen_at "
    "DESC, r.position DESC LIMIT 1) UNION ALL (SELECT * FROM market_history r WHERE r.venue = t.venue "
    "AND r.market_key = t.market_key AND r.seen_at > t.received_at ORDER BY r.seen_at, r.position LIMIT "
    "1)) AS nearest ORDER BY seen_at LIMIT 1) h ON true LEFT JOIN events e ON e.venue = t.venue AND "
    "e.event_id = h.event_id LEFT JOIN LATERAL (SELECT * FROM fee_schedules f WHERE f.venue = t.venue "
    "AND ((f.scope = 'market' AND f.scope_id = k.market_id) OR (f.scope = 'event' AND f.scope_id = "
    "h.event_id) OR (f.scope = 'series' AND f.scope_id = e.series) OR (f.scope = 'venue' AND f.scope_id "
    "= t.venue)) AND f.effective_from <= greatest(t.received_at, h.seen_at) AND (f.type IS NOT NULL OR "
    "f.rate IS NOT NULL OR f.exponent IS NOT NULL OR f.multiplier IS NOT NULL OR f.rebate_rate IS NOT "
    "NULL) AND NOT EXISTS (SELECT 1 FROM fee_schedules n WHERE n.venue = f.venue AND n.scope = f.scope "
    "AND n.scope_id = f.scope_id AND n.effective_from > f.effective_from AND n.effective_from <= "
    "greatest(t.received_at, h.seen_at)) ORDER BY CASE f.scope WHEN 'market' THEN 1 WHEN 'event' THEN 2 "
    "WHEN 'series' THEN 3 ELSE 4 END LIMIT 1) f ON true",
};

constexpr sql::Migration steps[] = {
    {1, "the first schema", first},
    {2, "a gap that was open at the end of a run is closed by the next", second},
    {3, "history of markets and events, series, fee schedules", third},
    {4, "markets by their id, and up to when packets are stored", fourth},
    {5, "pauses of a whole venue, and terms of the first quotes", fifth}};

}  // namespace

std::span<sql::Migration const> migrations() { return steps; }

}  // namespace arb::postgres
