// Decodes everything in $ARBITRAGE_RECORDED/polymarket: recorded and synthetic payloads that are too large
// for this repository.
#include <boost/json.hpp>
#include <cstdio>
#include <filesystem>

#include "arbitrage/abi/ext/drift.h"
#include "arbitrage/decimal.hpp"
#include "polymarket/decode_calls.hpp"
#include "polymarket/decode_catalogue.hpp"
#include "polymarket/fixture.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::polymarket;
using namespace arb::polymarket::test;
namespace json = boost::json;

namespace {

std::optional<std::filesystem::path> recorded() {
    auto const* const folder = std::getenv("ARBITRAGE_RECORDED");
    if (folder == nullptr || *folder == '\0') {
        WARN("ARBITRAGE_RECORDED is not set: skipped");
        return {};
    }
    return std::filesystem::path{folder} / "polymarket";
}

std::vector<std::string_view> items(std::string_view body, std::string_view name) {
    auto page = decode_page(body, name);
    REQUIRE(page.has_value());
    return std::move(page->items);
}

std::string unpacked(std::filesystem::path const& file) {
    auto* const pipe = ::popen(("gzip -dc '" + file.string() + "'").c_str(), "r");
    REQUIRE(pipe != nullptr);
    std::string out;
    char part[65536];
    for (std::size_t size; (size = std::fread(part, 1, sizeof part, pipe)) != 0;) out.append(part, size);
    CHECK(::pclose(pipe) == 0);
    return out;
}

std::vector<std::string> frames(std::filesystem::path const& file) {
    std::vector<std::string> out;
    for (auto const& line : read_lines(file.string())) {
        auto const value = json::parse(line);
        auto const* const kind = value.as_object().if_contains("kind");
        if (kind != nullptr && kind->as_string() != "recv") continue;
        if (auto const* const text = value.as_object().if_contains("text");
            text != nullptr && text->is_string())
            out.emplace_back(text->as_string());
    }
    return out;
}

// Keeps the book of every token, of both outcomes, by the rules of the feed.
class AllBooks final : public EventSink {
  public:
    struct Kept {
        Book book;
        bool fresh = true;
    };
    void event(StreamEvent const& event) override {
        ++count[static_cast<std::size_t>(event.type)];
        auto const time = read_milliseconds(event.timestamp).value_or(0);
        if (event.type == EventType::book) {
            auto& kept = books[std::string{event.asset_id}];
            REQUIRE(reader.read(event));
            kept.book.replace(reader, time, kept.fresh);
            kept.fresh = false;
        } else if (event.type == EventType::price_change) {
            for (auto const& change : event.changes) {
                arb_level level{};
                REQUIRE(read_level({change.price, change.size}, level) == LevelError::none);
                books[std::string{change.asset_id}].book.set(*read_side(change.side), level, time);
            }
        }
    }
    void reconnected() {
        for (auto& [id, kept] : books) kept.fresh = true;
    }
    std::map<std::string, Kept> books;
    std::size_t count[8] = {};
    BookReader reader;
};

void check_side(std::vector<arb_level> const& levels, json::array const& expected) {
    REQUIRE(levels.size() == expected.size());
    for (std::size_t i = 0; i != expected.size(); ++i) {
        auto const& level = levels[levels.size() - 1 - i];
        CHECK(format_decimal(level.price) == expected[i].at(0).as_string());
        CHECK(format_decimal(level.size) == expected[i].at(1).as_string());
    }
}

}  // namespace

TEST_CASE("the synthetic session ends in exactly the expected books") {
    auto const folder = recorded();
    if (!folder) return;
    auto const expected = json::parse(read_file((*folder / "ws/synthetic_session_expected.json").string()));
    AllBooks all;
    StreamDecoder decoder;
    std::istringstream lines{unpacked(*folder / "ws/synthetic_session.jsonl.gz")};
    std::map<Frame, int> kinds;
    for (std::string line; std::getline(lines, line);) {
        auto const value = json::parse(line);
        if (value.at("kind").as_string() == "open") all.reconnected();
        if (value.at("kind").as_string() == "recv")
            ++kinds[decoder.decode(value.at("text").as_string(), all)];
    }
    CHECK(kinds[Frame::unreadable] == 0);
    CHECK(kinds[Frame::no_new_assets] == 1);
    CHECK(kinds[Frame::invalid_operation] == 1);
    auto const& types = expected.at("events_by_type");
    auto const counted = [&](EventType type) {
        return static_cast<std::int64_t>(all.count[static_cast<std::size_t>(type)]);
    };
    CHECK(counted(EventType::book) == types.at("book").as_int64());
    CHECK(counted(EventType::price_change) == types.at("price_change").as_int64());
    CHECK(counted(EventType::best_bid_ask) == types.at("best_bid_ask").as_int64());
    CHECK(counted(EventType::last_trade_price) == types.at("last_trade_price").as_int64());
    CHECK(counted(EventType::new_market) == types.at("new_market").as_int64());
    CHECK(counted(EventType::tick_size_change) == types.at("tick_size_change").as_int64());
    CHECK(counted(EventType::market_resolved) == types.at("market_resolved").as_int64());
    CHECK(counted(EventType::unknown) == types.at("settlement_preview").as_int64());
    for (auto const& final_book : expected.at("final_books").as_object()) {
        INFO(final_book.key());
        auto const& book = all.books.at(std::string{final_book.key()}).book;
        check_side(book.bids(), final_book.value().at("bids").as_array());
        check_side(book.asks(), final_book.value().at("asks").as_array());
    }
    CHECK(expected.at("final_books").as_object().size() == 28);
}

TEST_CASE("the synthetic session through the live side: quotes, trades and one resolution") {
    auto const folder = recorded();
    if (!folder) return;
    auto const expected = json::parse(read_file((*folder / "ws/synthetic_session_expected.json").string()));
    Live live{{true, true, true}};
    std::map<std::string, Market*> markets;
    for (int number = 1; number != 4; ++number) {
        auto const text = read_file(
            (*folder / ("gamma/synthetic_events_keyset_p" + std::to_string(number) + ".json")).string());
        for (auto const event : items(text, "events"))
            for (auto const item : markets_of_event(event))
                if (auto const row = decode_market(item, "1"); row && row->has_book)
                    markets[row->id] = &live.prices.add(
                        {row->id, row->tokens, row->outcomes, row->min_order_size, row->neg_risk});
    }
    // All fourteen markets of the session and one whose tokens came as a real array.
    CHECK(markets.size() >= 14);
    std::istringstream lines{unpacked(*folder / "ws/synthetic_session.jsonl.gz")};
    for (std::string line; std::getline(lines, line);) {
        auto const value = json::parse(line);
        if (value.at("kind").as_string() == "open")
            for (auto const& [id, market] : markets) Prices::lost(*market);
        if (value.at("kind").as_string() == "recv")
            live.frame(value.at("text").as_string(), value.at("t_ms").as_int64() * millisecond_ns);
    }
    CHECK(live.host.all<arb_trade>().size() == 353);
    CHECK(live.host.counter("other_tokens") == 0);
    CHECK(live.resolved.size() == 1);
    CHECK(live.ticks.size() == 1);
    CHECK(live.host.counter("book_hashes/different") == 0);
    CHECK(live.host.counter("book_hashes/verified") == 28);
    std::map<std::string, arb_quote const*> last;
    for (auto const* const quote : live.host.all<arb_quote>())
        last[std::string{text(quote->header, quote->market_id)}] = quote;
    for (auto const& [id, market] : markets) {
        auto const* const found = expected.at("final_books").as_object().if_contains(market->tokens[0].id);
        if (found == nullptr) continue;
        INFO(id);
        auto const& bids = found->at("bids").as_array();
        auto const& asks = found->at("asks").as_array();
        CHECK(last.at(id)->bid ==
              (bids.empty() ? ARB_ABSENT : parse_decimal(bids[0].at(0).as_string()).millionths));
        CHECK(last.at(id)->ask_size ==
              (asks.empty() ? ARB_ABSENT : parse_decimal(asks[0].at(1).as_string()).millionths));
    }
}

TEST_CASE("every recorded frame decodes, older formats included") {
    auto const folder = recorded();
    if (!folder) return;
    StreamDecoder decoder;
    KeptEvents kept;
    for (auto const& entry : std::filesystem::directory_iterator(*folder / "ws")) {
        if (entry.path().extension() != ".jsonl") continue;
        for (auto const& frame : frames(entry.path())) {
            INFO(entry.path().filename() << ": " << frame.substr(0, 200));
            CHECK(decoder.decode(frame, kept) != Frame::unreadable);
        }
    }
    for (auto const* const name : {"opening_array_2026-09-24.json", "market_resolved_2026-10-04.json"})
        CHECK(decoder.decode(read_file((*folder / "ws" / name).string()), kept) == Frame::events);
    BookReader reader;
    for (auto const& event : kept.events) {
        INFO(event.event_type << " " << event.asset_id);
        CHECK(event.type != EventType::unknown);
        for (auto const name : event.unknown) FAIL_CHECK("unknown: " << name);
        for (auto const name : event.retyped) FAIL_CHECK("retyped: " << name);
        if (event.type == EventType::book) CHECK(reader.read(event));
        if (event.type != EventType::price_change) continue;
        arb_level level{};
        CHECK((event.has_changes || read_level({event.price, event.size}, level) == LevelError::none));
        for (auto const& change : event.changes) {
            CHECK(read_level({change.price, change.size}, level) == LevelError::none);
            CHECK(read_side(change.side));
        }
    }
}

TEST_CASE("recorded opening books have the hashes the venue gave") {
    auto const folder = recorded();
    if (!folder) return;
    StreamDecoder decoder;
    KeptEvents kept;
    decoder.decode(read_file((*folder / "ws/opening_array_2026-09-24.json").string()), kept);
    for (auto const& frame : frames(*folder / "ws/opening_books_btc5m_2026-08-16.jsonl"))
        decoder.decode(frame, kept);
    REQUIRE(kept.events.size() == 6);
    for (auto const& event : kept.events) {
        BookReader reader;
        REQUIRE(reader.read(event));
        Book book;
        book.replace(reader, 0, true);
        CHECK(book_hash({event.market, event.asset_id, event.timestamp, "5", event.tick_size,
                         event.last_trade_price, false},
                        book) == event.hash);
    }
}

TEST_CASE("recorded answers of the CLOB decode: books, histories, tags") {
    auto const folder = recorded();
    if (!folder) return;
    StreamDecoder decoder;
    for (auto const* const name : {"clob/book_2025.json", "clob/book_abridged_2026-08-14.json",
                                   "ws/synthetic_session_rest_books.json"}) {
        INFO(name);
        KeptEvents kept;
        REQUIRE(decoder.decode(read_file((*folder / name).string()), kept) == Frame::events);
        REQUIRE_FALSE(kept.events.empty());
        for (auto const& event : kept.events) {
            BookReader reader;
            if (std::string_view{name}.starts_with("ws/") && event.type == EventType::unknown) continue;
            CHECK(event.type == EventType::book);
            CHECK(reader.read(event));
            for (auto const field : event.unknown) FAIL_CHECK("unknown: " << field);
        }
    }
    std::size_t markets = 0;
    auto const check_market = [&](std::string_view text) {
        auto const rows = outcome_rows(text);
        REQUIRE(rows.has_value());
        // The venue's own trial market of 2023 has two outcomes without a name.
        CHECK(rows->size() == 2);
        ++markets;
    };
    for (auto const* const name :
         {"market_2024", "market_closed_accepting_false_2026", "market_closed_accepting_true_2026"})
        check_market(read_file((*folder / "clob" / name).string() + ".json"));
    auto const page = read_file((*folder / "clob/markets_page_legacy_2024.json").string());
    for (auto const item : items(page, "data")) check_market(item);
    CHECK(markets == 103);
    auto const small = json::parse(read_file((*folder / "clob/small_responses.json").string()));
    auto const history = history_rows(json::serialize(small.at("prices_history")));
    REQUIRE(history.has_value());
    CHECK(history->size() == 2);
    auto const tags = read_file((*folder / "gamma/tags.json").string());
    for (auto const item : items(tags, "tags")) CHECK_FALSE(tag_row(item).at("slug").as_string().empty());
}

TEST_CASE("every recorded Gamma object becomes a row without a lost value") {
    auto const folder = recorded();
    if (!folder) return;
    int rows = 0, settled = 0;
    auto const check = [&](std::string_view text) {
        auto const value = json::parse(text).as_object();
        auto const row = decode_market(text, {});
        auto const* const condition = value.if_contains("conditionId");
        if (condition == nullptr || !condition->is_string() || condition->as_string().empty()) {
            CHECK_FALSE(row);
            return;
        }
        INFO(condition->as_string());
        REQUIRE(row);
        ++rows;
        CHECK(row->flags == 0);
        for (auto const& one : row->differences) {
            // Legacy markets lack what newer ones have.
            INFO(one.field);
            CHECK(one.what == ARB_DRIFT_MISSING);
        }
        auto const* const schedule = value.if_contains("feeSchedule");
        if (schedule != nullptr && schedule->is_object()) CHECK(row->fees.known());
        CHECK(row->title == value.at("question").as_string());
        CHECK(row->outcomes.size() >= 2);
        auto const* const tokens = value.if_contains("clobTokenIds");
        if (tokens != nullptr && tokens->is_string() && tokens->as_string() != "[]")
            CHECK(row->tokens.size() == row->outcomes.size());
        if (value.contains("orderPriceMinTickSize")) CHECK(row->tick_size != ARB_ABSENT);
        if (value.contains("volume")) CHECK(row->volume != ARB_ABSENT);
        if (value.contains("endDate")) CHECK(row->closes_at != 0);
        if (row->lifecycle != ARB_LIFECYCLE_SETTLED) return;
        ++settled;
        CHECK(row->settled_at != 0);
        CHECK(row->settlement_value != ARB_ABSENT);
    };
    for (auto const& entry : std::filesystem::directory_iterator(*folder / "gamma")) {
        auto const name = entry.path().filename().string();
        auto const text = read_file(entry.path().string());
        if (name.rfind("market_", 0) == 0) check(text);
        if (name.rfind("markets_page", 0) == 0)
            for (auto const item : items(text, "markets")) check(item);
        if (name.find("btc_5m") != std::string::npos)
            for (auto const& line : read_lines(entry.path().string())) check(line);
        if (name.rfind("events_", 0) == 0)
            for (auto const event : items(text, "events")) {
                auto const read = decode_event(event);
                REQUIRE(read);
                for (auto const& one : read->differences) {
                    INFO(one.field);
                    CHECK(one.what == ARB_DRIFT_MISSING);
                }
                for (auto const item : markets_of_event(event)) check(item);
            }
    }
    CHECK(rows > 350);
    CHECK(settled > 290);
}
