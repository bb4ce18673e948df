// What the venue may send instead of what it documents: for each message and each field that is used, the
// value missing, null, of another type, far too long, or absurd. Each is refused or flagged with a word,
// unless the field may be missing; nothing else is lost with it.
#include <boost/json.hpp>

#include "arbitrage/time.hpp"
#include "kalshi/command_rows.hpp"
#include "kalshi/decode_frame.hpp"
#include "kalshi/decode_rest.hpp"
#include "kalshi/schedule.hpp"
#include "packet_text.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::kalshi;
namespace json = boost::json;

namespace {

// 2026-10-07T02:47:03Z
constexpr arb_time received = INT64_C(1'791'341'223) * second_ns;

struct Field {
    char const* key;
    bool may_miss = false;  // missing and null are fine
    bool null_is_fine = false;
};

struct Message {
    char const* name;
    char const* text;
    std::vector<Field> fields;
};

struct Wrong {
    char const* what;
    json::value value;
    bool missing = false;
};

std::vector<Wrong> const& wrongs() {
    static std::vector<Wrong> const all = [] {
        std::vector<Wrong> out;
        out.push_back({"missing", {}, true});
        out.push_back({"null", {}});
        out.push_back({"a list", json::array{1, 2}});
        out.push_back({"an object", json::object{{"a", 1}}});
        // Longer than anything may be, the rules of a market included.
        out.push_back({"far too long", json::value(std::string((1 << 20) + 1, '7'))});
        out.push_back({"far too large", json::value("99999999999999999999999999")});
        out.push_back({"below zero", json::value(-1e30)});
        return out;
    }();
    return all;
}

json::value changed(json::value whole, char const* key, Wrong const& wrong, bool in_msg) {
    auto& object = in_msg ? whole.at("msg").as_object() : whole.as_object();
    if (wrong.missing)
        object.erase(key);
    else
        object[key] = wrong.value;
    return whole;
}

bool is_word(std::string_view key) {
    for (auto const* const word :
         {"market_ticker", "ticker", "event_ticker", "series_ticker", "trade_id", "title", "event_type",
          "result", "status", "category", "fee_type", "fee_type_override", "rules_primary", "sub_title",
          "frequency", "fee_waiver_expiration_time"})
        if (key == word) return true;
    return false;
}

std::vector<Message> const frames = {
    {"ticker",
     R"({"type":"ticker","sid":4,"msg":{"market_ticker":"KXA-1","price_dollars":"0.4200","yes_bid_dollars":"0.0100","yes_ask_dollars":"0.9800","volume_fp":"12.34","open_interest_fp":"3.00","yes_bid_size_fp":"1410.00","yes_ask_size_fp":"2500.00","last_trade_size_fp":"3.00","ts_ms":1791341223000}})",
     {{"market_ticker"},
      {"price_dollars"},
      {"yes_bid_dollars"},
      {"yes_ask_dollars"},
      {"volume_fp"},
      {"open_interest_fp"},
      {"yes_bid_size_fp"},
      {"yes_ask_size_fp"},
      {"last_trade_size_fp", true},
      {"ts_ms", true}}},
    {"trade",
     R"({"type":"trade","sid":2,"seq":1,"msg":{"trade_id":"07257cc7","market_ticker":"KXA-1","yes_price_dollars":"0.4200","no_price_dollars":"0.5800","count_fp":"4.57","taker_outcome_side":"yes","is_block_trade":false,"ts_ms":1791341223000}})",
     {{"trade_id"},
      {"market_ticker"},
      {"yes_price_dollars"},
      {"no_price_dollars", true},
      {"count_fp"},
      {"taker_outcome_side"},
      {"is_block_trade", true},
      {"ts_ms", true}}},
    {"orderbook_snapshot",
     R"({"type":"orderbook_snapshot","sid":1,"seq":1,"msg":{"market_ticker":"KXA-1","yes_dollars_fp":[["0.0800","300.00"]],"no_dollars_fp":[["0.5400","20.00"]]}})",
     {{"market_ticker"}, {"yes_dollars_fp", true}, {"no_dollars_fp", true}}},
    {"orderbook_delta",
     R"({"type":"orderbook_delta","sid":1,"seq":2,"msg":{"market_ticker":"KXA-1","price_dollars":"0.9600","delta_fp":"-54.00","side":"yes","ts_ms":1791341223000}})",
     {{"market_ticker"}, {"price_dollars"}, {"delta_fp"}, {"side"}, {"ts_ms", true}}},
    {"market_lifecycle_v2",
     R"({"type":"market_lifecycle_v2","sid":3,"seq":1,"msg":{"market_ticker":"KXA-1","event_type":"determined","result":"yes","settlement_value":"1.0000","determination_ts":1791341200}})",
     {{"market_ticker"}, {"event_type"}, {"result"}, {"settlement_value", true}, {"determination_ts", true}}},
    {"market_lifecycle_v2",
     R"({"type":"market_lifecycle_v2","sid":3,"seq":1,"msg":{"market_ticker":"KXA-1","event_type":"settled","settled_ts":1791341200}})",
     {{"settled_ts", true}}},
    {"market_lifecycle_v2",
     R"({"type":"market_lifecycle_v2","sid":3,"seq":1,"msg":{"market_ticker":"KXA-1","event_type":"created","open_ts":1791341200,"close_ts":1791349999}})",
     {{"open_ts", true}, {"close_ts", true}}},
    {"market_lifecycle_v2",
     R"({"type":"market_lifecycle_v2","sid":3,"seq":1,"msg":{"market_ticker":"KXA-1","event_type":"close_date_updated","event_ticker":"KXA","close_ts":1791349999}})",
     {{"market_ticker"}, {"event_type"}, {"event_ticker", true}, {"close_ts", true}}},
    {"multivariate_market_lifecycle",
     R"({"type":"multivariate_market_lifecycle","sid":3,"seq":1,"msg":{"market_ticker":"KXMVEA-1","event_type":"determined","result":"no","settlement_value":"0.0000","determination_ts":1791341200}})",
     {{"market_ticker"}, {"event_type"}, {"result"}, {"settlement_value", true}, {"determination_ts", true}}},
    {"trade",
     R"({"type":"trade","sid":2,"seq":1,"msg":{"trade_id":"07257cc7","market_ticker":"KXA-1","yes_price_dollars":"0.4200","count_fp":"4.57","taker_book_side":"bid","ts":1791341223}})",
     {{"taker_book_side"}, {"ts", true}}},
    {"trade",
     R"({"type":"trade","sid":2,"seq":1,"msg":{"trade_id":"07257cc7","market_ticker":"KXA-1","yes_price_dollars":"0.4200","count_fp":"4.57","taker_side":"no"}})",
     {{"taker_side"}}},
    {"event_lifecycle",
     R"({"type":"event_lifecycle","sid":3,"seq":2,"msg":{"event_ticker":"KXA-1","series_ticker":"KXA","title":"A"}})",
     {{"event_ticker"}, {"series_ticker", true}}},
    {"event_fee_update",
     R"({"type":"event_fee_update","sid":3,"seq":3,"msg":{"event_ticker":"KXA-1","fee_type_override":"quadratic","fee_multiplier_override":0.5}})",
     {{"event_ticker"}, {"fee_type_override", false, true}, {"fee_multiplier_override"}}},
};

// Empty: neither refused nor flagged.
std::string judged(std::string const& bytes, bool& written_with_flag) {
    FrameDecoder decoder;
    decoder.filter().combos = true;
    Packets packets;
    auto const frame = decoder.decode(bytes, received, packets);
    for_each_packet(packets.bytes(), [&](arb_packet const& packet) {
        if ((packet.flags & ARB_FLAG_ANOMALY) != 0) written_with_flag = true;
    });
    return std::string{frame.rejected.empty() ? frame.doubt : frame.rejected};
}

}  // namespace

TEST_CASE("each used field of each frame is refused or flagged when it is wrong", "[kalshi]") {
    for (auto const& message : frames) {
        bool flagged = false;
        REQUIRE(judged(message.text, flagged) == "");
        for (auto const& field : message.fields)
            for (auto const& wrong : wrongs()) {
                bool const absent = wrong.missing || wrong.value.is_null();
                if (absent && (field.may_miss || (field.null_is_fine && !wrong.missing))) continue;
                // A long number is a word like any other.
                if (is_word(field.key) && std::string_view{wrong.what} == "far too large") continue;
                INFO(message.name << " " << field.key << " " << wrong.what);
                auto const bytes =
                    json::serialize(changed(json::parse(message.text), field.key, wrong, true));
                CHECK(judged(bytes, flagged) != "");
            }
    }
}

TEST_CASE("a time that cannot be is left out and flagged", "[kalshi]") {
    for (auto const* const clock : {"1", "946684799999", "1791427624000", "99999999999999999999"}) {
        auto const bytes =
            std::string{R"({"type":"trade","sid":2,"seq":1,"msg":{"trade_id":"a","market_ticker":"KXA-1",)"
                        R"("yes_price_dollars":"0.42","count_fp":"1","taker_side":"no","ts_ms":)"} +
            clock + "}}";
        FrameDecoder decoder;
        Packets packets;
        INFO(clock);
        CHECK(decoder.decode(bytes, received, packets).doubt == "ts_ms");
        CHECK(arb::test::all<arb_trade>(packets).at(0)->header.venue_time == 0);
    }
}

TEST_CASE("takers' words that contradict each other are believed neither way", "[kalshi]") {
    FrameDecoder decoder;
    Packets packets;
    auto const frame = decoder.decode(
        R"({"type":"trade","sid":2,"seq":1,"msg":{"trade_id":"a","market_ticker":"KXA-1","yes_price_dollars":"0.42","count_fp":"1","taker_outcome_side":"yes","taker_book_side":"ask"}})",
        received, packets);
    CHECK(frame.doubt == "taker_book_side");
    CHECK(arb::test::all<arb_trade>(packets).at(0)->taker_side == ARB_SIDE_NONE);
}

TEST_CASE("fields nobody heard of are named, and one in place of a known one was renamed", "[kalshi]") {
    struct Novelty {
        char const *text, *unknown, *doubt;
        int what;
    };
    Novelty const novelties[] = {
        {R"({"type":"event_lifecycle","sid":3,"seq":2,"msg":{"event_ticker":"KXA-1","series_ticker":"KXA","mood":"good"}})",
         "mood", "", 0},
        {R"({"type":"event_lifecycle","shard":1,"sid":3,"seq":2,"msg":{"event_ticker":"KXA-1"}})", "shard",
         "", 0},
        // Known of other messages.
        {R"({"type":"event_lifecycle","sid":3,"seq":2,"msg":{"event_ticker":"KXA-1","delta_fp":"1"}})",
         "delta_fp", "", 0},
        {R"({"type":"ticker","sid":4,"msg":{"market_ticker":"KXA-1","price_dollars":"0.4200","yes_bid":"0.0100","yes_ask_dollars":"0.9800","volume_fp":"12.34","open_interest_fp":"3.00","yes_bid_size_fp":"1410.00","yes_ask_size_fp":"2500.00"}})",
         "yes_bid", "yes_bid_dollars", ARB_DRIFT_RENAMED},
    };
    for (auto const& novelty : novelties) {
        FrameDecoder decoder;
        Packets packets;
        auto const frame = decoder.decode(novelty.text, received, packets);
        INFO(novelty.text);
        CHECK(frame.rejected == "");
        CHECK(frame.unknown == novelty.unknown);
        CHECK(frame.doubt == novelty.doubt);
        CHECK(frame.doubt_what == (novelty.what == 0 ? frame.doubt_what : novelty.what));
    }
    FrameDecoder decoder;
    Packets packets;
    CHECK(
        decoder
            .decode(
                R"({"type":"orderbook_snapshot","sid":1,"seq":1,"msg":{"market_ticker":"KXA-1","yes_levels":[["0.08","3"]]}})",
                received, packets)
            .rejected == "snapshot_without_sides");
}

namespace {

json::object const market_row_good =
    json::parse(
        R"({"ticker":"KXA-1","event_ticker":"KXA","title":"A","status":"active","result":"","rules_primary":"r","price_ranges":[{"start":"0.0000","end":"1.0000","step":"0.0100"}],"settlement_value_dollars":"0.5000","open_time":"2026-10-01T00:00:00Z","close_time":"2026-11-01T00:00:00Z","expected_expiration_time":"2026-11-01T00:00:00Z","settlement_ts":"2026-11-02T00:00:00Z","volume_24h_fp":"1.00","yes_bid_dollars":"0.0100","yes_ask_dollars":"0.9800","yes_bid_size_fp":"1.00","yes_ask_size_fp":"2.00","last_price_dollars":"0.4200","volume_fp":"3.00","open_interest_fp":"4.00","fee_waiver_expiration_time":"2026-10-02T00:00:00Z"})")
        .as_object();

std::string judged_market(json::value const& value) {
    std::string_view reason;
    auto const row = read_market(value, reason);
    if (!row) return std::string{reason};
    return std::string{row->doubts.any() ? row->doubts.first() : row->quote_doubts.first()};
}
std::string judged_event(json::value const& value) {
    std::string_view reason;
    auto const row = read_event(value, reason);
    return std::string{row ? row->doubts.first() : reason};
}
std::string judged_series(json::value const& value) {
    std::string_view reason;
    std::string ticker;
    Doubts doubts;
    auto const row = read_one_series(value, ticker, doubts, reason);
    return std::string{row ? doubts.first() : reason};
}
std::string judged_trade(json::value const& value) {
    std::string_view reason;
    auto const row = read_trade(value, reason);
    return std::string{row ? row->doubts.first() : reason};
}
std::string judged_series_fee(json::value const& value) {
    std::string_view reason;
    auto const row = read_series_fee_change(value, reason);
    return std::string{row ? row->doubts.first() : reason};
}
std::string judged_event_fee(json::value const& value) {
    std::string_view reason;
    auto const row = read_event_fee_change(value, reason);
    return std::string{row ? row->doubts.first() : reason};
}

std::string judged_quote(json::value const& value) {
    std::string_view reason;
    auto const row = read_quote_row(value, reason);
    return std::string{row ? row->doubts.first() : reason};
}
std::string judged_book(json::value const& value) {
    std::string_view reason;
    auto const row = read_listed_book(value, reason);
    return std::string{row ? std::string_view{} : reason};
}
std::string judged_cutoff(json::value const& value) {
    Doubts doubts;
    read_cutoff(Document::parse(json::serialize(value)).value(), doubts);
    return std::string{doubts.first()};
}
std::string judged_schedule(json::value const& value) {
    Doubts doubts;
    Schedule::read(Document::parse(json::serialize(value)).value(), doubts);
    return std::string{doubts.first()};
}
// Of one window of maintenance.
std::string judged_maintenance(json::value const& value) {
    return judged_schedule({{"schedule", {{"maintenance_windows", json::array{value}}}}});
}
std::string judged_hours(json::value const& value) {
    return judged_schedule({{"schedule", {{"standard_hours", json::array{value}}}}});
}

struct Rows {
    char const* name;
    std::string (*judge)(json::value const&);
    json::value good;
    std::vector<Field> fields;
};

}  // namespace

TEST_CASE("each used field of each row of REST is refused or flagged when it is wrong", "[kalshi]") {
    std::vector<Rows> const rows = {
        {"market",
         judged_market,
         market_row_good,
         {{"ticker"},
          {"event_ticker"},
          {"title"},
          {"status"},
          {"result", true},
          {"rules_primary", true},
          {"price_ranges"},
          {"settlement_value_dollars", true},
          {"open_time"},
          {"close_time"},
          {"expected_expiration_time", true},
          {"settlement_ts", true},
          {"fee_waiver_expiration_time", true},
          {"volume_24h_fp", true},
          {"yes_bid_dollars"},
          {"yes_ask_dollars"},
          {"yes_bid_size_fp"},
          {"yes_ask_size_fp"},
          {"last_price_dollars"},
          {"volume_fp"},
          {"open_interest_fp"}}},
        {"event",
         judged_event,
         json::parse(
             R"({"event_ticker":"KXA","series_ticker":"KX","title":"A","sub_title":"a","category":"C","mutually_exclusive":true,"last_updated_ts":"2026-10-01T00:00:00Z","fee_type_override":"quadratic","fee_multiplier_override":1,"markets":[]})"),
         {{"event_ticker"},
          {"series_ticker"},
          {"title"},
          {"sub_title", true},
          {"category", true},
          {"mutually_exclusive"},
          {"last_updated_ts", true},
          {"fee_type_override", true},
          {"fee_multiplier_override", true}}},
        {"series",
         judged_series,
         json::parse(
             R"({"ticker":"KX","title":"A","category":"C","frequency":"daily","tags":["t"],"fee_type":"quadratic","fee_multiplier":1,"last_updated_ts":"2026-10-01T00:00:00Z"})"),
         {{"ticker"},
          {"title"},
          {"category"},
          {"frequency", true},
          {"tags", true},
          {"fee_type"},
          {"fee_multiplier"},
          {"last_updated_ts", true}}},
        {"trade",
         judged_trade,
         json::parse(
             R"({"trade_id":"a","ticker":"KXA-1","count_fp":"1.00","yes_price_dollars":"0.4200","no_price_dollars":"0.5800","taker_outcome_side":"yes","created_time":"2026-10-01T00:00:00Z","is_block_trade":false})"),
         {{"trade_id"},
          {"ticker"},
          {"count_fp"},
          {"yes_price_dollars"},
          {"no_price_dollars", true},
          {"taker_outcome_side"},
          {"created_time"},
          {"is_block_trade", true}}},
        {"market of a poll",
         judged_quote,
         market_row_good,
         {{"ticker"},
          {"yes_bid_dollars"},
          {"yes_ask_dollars"},
          {"yes_bid_size_fp"},
          {"yes_ask_size_fp"},
          {"last_price_dollars"},
          {"volume_fp"},
          {"open_interest_fp"}}},
        {"book",
         judged_book,
         json::parse(
             R"({"ticker":"KXA-1","orderbook_fp":{"yes_dollars":[["0.4200","7.50"]],"no_dollars":[]}})"),
         {{"ticker"}, {"orderbook_fp"}}},
        {"cutoff",
         judged_cutoff,
         json::parse(
             R"({"market_settled_ts":"2026-08-20T00:00:00Z","trades_created_ts":"2026-08-20T00:00:00Z"})"),
         {{"market_settled_ts"}, {"trades_created_ts"}}},
        {"schedule", judged_schedule, json::parse(R"({"schedule":{"standard_hours":[]}})"), {{"schedule"}}},
        {"maintenance",
         judged_maintenance,
         json::parse(R"({"start_datetime":"2026-10-08T07:00:00Z","end_datetime":"2026-10-08T09:00:00Z"})"),
         {{"start_datetime"}, {"end_datetime"}}},
        {"hours",
         judged_hours,
         json::parse(
             R"({"start_time":"2026-01-01T00:00:00Z","end_time":"2099-01-01T00:00:00Z","monday":[{"open_time":"00:00","close_time":"00:00"}]})"),
         {{"start_time"}, {"end_time"}, {"monday", true}}},
        {"fee change of a series",
         judged_series_fee,
         json::parse(
             R"({"id":"1","series_ticker":"KX","fee_type":"quadratic","fee_multiplier":2,"scheduled_ts":"2026-12-01T00:00:00Z"})"),
         {{"series_ticker"}, {"fee_type"}, {"fee_multiplier"}, {"scheduled_ts"}}},
        {"fee change of an event",
         judged_event_fee,
         json::parse(
             R"({"id":"1","event_ticker":"KXA","fee_type_override":"quadratic","fee_multiplier_override":2,"scheduled_ts":"2026-12-01T00:00:00Z"})"),
         {{"event_ticker"},
          {"fee_type_override", false, true},
          {"fee_multiplier_override"},
          {"scheduled_ts"}}},
    };
    for (auto const& row : rows) {
        REQUIRE(row.judge(row.good) == "");
        for (auto const& field : row.fields)
            for (auto const& wrong : wrongs()) {
                bool const absent = wrong.missing || wrong.value.is_null();
                if (absent && (field.may_miss || (field.null_is_fine && !wrong.missing))) continue;
                // A long number is a word like any other, but no status of a market.
                if (is_word(field.key) && field.key != std::string_view{"status"} &&
                    std::string_view{wrong.what} == "far too large")
                    continue;
                INFO(row.name << " " << field.key << " " << wrong.what);
                CHECK(row.judge(changed(row.good, field.key, wrong, false)) != "");
            }
    }
    CHECK(judged_market(nullptr) == "market_not_an_object");
    CHECK(judged_event(1) == "event_not_an_object");
    CHECK(judged_series("x") == "series_not_an_object");
    CHECK(judged_trade(json::array{}) == "trade_without_market");
}

TEST_CASE("one bad row of a page costs no other", "[kalshi]") {
    json::array rows;
    for (int i = 0; i != 5; ++i) {
        auto row = market_row_good;
        row["ticker"] = "KXA-" + std::to_string(i);
        rows.push_back(std::move(row));
    }
    rows[1] = nullptr;
    rows[3].as_object().erase("ticker");
    auto const document = Document::parse(json::serialize(json::object{{"markets", rows}})).value();
    int good = 0;
    for (auto const& item : document.list("markets")) {
        std::string_view reason;
        good += read_market(item, reason).has_value() ? 1 : 0;
    }
    CHECK(good == 3);
}

TEST_CASE("rows of commands show what is odd as it is, or not at all, and the rest all the same",
          "[kalshi]") {
    struct Made {
        char const* name;
        Row (*make)(Row const&);
        char const* good;
    };
    Made const made[] = {
        {"trade", trade_row,
         R"({"created_time":"t","ticker":"A","yes_price_dollars":"0.42","count_fp":"1.00","taker_outcome_side":"yes","is_block_trade":false,"trade_id":"a"})"},
        {"event", event_row,
         R"({"event_ticker":"A","title":"a","category":"C","series_ticker":"S","mutually_exclusive":true})"},
        {"position", position_row, R"({"ticker":"A","position_fp":"-1.00","fees_paid_dollars":"0.1"})"},
        {"fill", fill_row,
         R"({"ticker":"A","count_fp":"1.00","yes_price_dollars":"0.4","fee_cost":"0.01","is_taker":true})"},
        {"settlement", settlement_row,
         R"({"ticker":"A","value":100,"revenue":1050,"fee_cost":"0.35","yes_count_fp":"1"})"},
        {"order", order_row, R"({"ticker":"A","status":"resting","initial_count_fp":"10.00"})"},
        {"milestone", milestone_row,
         R"({"title":"a","details":{"status":"x"},"related_event_tickers":["A"]})"},
        {"incentive", incentive_row,
         R"({"market_ticker":"A","period_reward":1234567,"target_size_fp":"1.00"})"},
        {"series", series_row, R"({"ticker":"A","tags":["t"],"fee_multiplier":1})"},
        {"collection", collection_row,
         R"({"collection_ticker":"A","associated_event_tickers":["A"],"size_min":2})"},
        {"target", target_row, R"({"id":"a","details":{"league":"x"}})"},
        {"balance", balance_row,
         R"({"balance":100,"balance_dollars":"1.00","portfolio_value":5,"updated_ts":1768231443})"},
        {"limits", limits_row, R"({"usage_tier":"basic","read":{"refill_rate":200},"write":{}})"},
        {"live data", live_data_row, R"({"type":"a","range_options":["1h"],"details":{}})"},
        {"candle", candlestick_row,
         R"({"end_period_ts":1,"price":{"open_dollars":"0.1"},"yes_bid":{},"volume_fp":"1"})"},
        {"market", full_market_row,
         R"({"ticker":"A","yes_bid_dollars":"0.1","yes_bid_size_fp":"1","volume_24h_fp":"2"})"},
    };
    for (auto const& each : made) {
        auto const good = json::parse(each.good).as_object();
        auto const expected = each.make(good);
        for (auto const& field : good)
            for (auto const& wrong : wrongs()) {
                INFO(each.name << " " << field.key() << " " << wrong.what);
                auto const key = std::string{field.key()};
                auto const row = each.make(changed(good, key.c_str(), wrong, false).as_object());
                REQUIRE(row.size() == expected.size());
                std::size_t other = 0;
                for (auto const& cell : expected) other += row.at(cell.key()) != cell.value() ? 1 : 0;
                // A field is shown in its own cells, and no price of a market stands without its size.
                CHECK(other <= 4);
            }
    }
}
