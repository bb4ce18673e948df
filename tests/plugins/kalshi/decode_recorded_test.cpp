// Everything that was recorded of the venue decodes: the current format without a doubt, older ones to the
// right values or to a clear word. Needs ARBITRAGE_RECORDED, a folder with kalshi/ in it.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "arbitrage/time.hpp"
#include "kalshi/books.hpp"
#include "kalshi/command_rows.hpp"
#include "kalshi/decode_rest.hpp"
#include "kalshi/schedule.hpp"
#include "kalshi/sequence.hpp"
#include "packet_text.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::kalshi;
using arb::test::all;
using arb::test::amount;

namespace {

namespace json = boost::json;

std::string recorded() {
    auto const* const folder = std::getenv("ARBITRAGE_RECORDED");
    if (folder == nullptr || *folder == '\0') {
        WARN("skipped: ARBITRAGE_RECORDED names no folder of recorded payloads");
        return {};
    }
    return std::string{folder} + "/kalshi/";
}

std::string contents(std::filesystem::path const& path) {
    std::ifstream in{path};
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

std::vector<std::string> frames(std::filesystem::path const& path) {
    std::vector<std::string> out;
    std::ifstream in{path};
    for (std::string line; std::getline(in, line);) out.emplace_back(json::parse(line).at("raw").as_string());
    return out;
}

std::vector<std::filesystem::path> files(std::string const& folder, std::string const& ending) {
    std::vector<std::filesystem::path> out;
    for (auto const& entry : std::filesystem::directory_iterator{folder})
        if (entry.path().extension() == ending) out.push_back(entry.path());
    std::sort(out.begin(), out.end());
    return out;
}

// The decimal of a member as the venue printed it, without its trailing zeros; "-" for one that is not there.
std::string printed(json::object const& object, char const* key) {
    auto const* const value = object.if_contains(key);
    if (value == nullptr || !value->is_string()) return "-";
    auto const decimal = parse_decimal(std::string_view{value->get_string()});
    return decimal ? amount(decimal.millionths) : "-";
}

void check_side(json::object const& from, char const* price_key, char const* size_key, std::int64_t price,
                std::int64_t size) {
    auto const printed_price = printed(from, price_key), printed_size = printed(from, size_key);
    if (price == ARB_ABSENT) {
        CHECK((printed_size == "0" || printed_price == "0" || printed_price == "1"));
        CHECK(size == ARB_ABSENT);
    } else {
        CHECK(amount(price) == printed_price);
        CHECK(amount(size) == printed_size);
        CHECK(printed_size != "0");
    }
}

template<class Quoted>
void check_quote(json::object const& from, Quoted const& quote, char const* last_key) {
    check_side(from, "yes_bid_dollars", "yes_bid_size_fp", quote.bid, quote.bid_size);
    check_side(from, "yes_ask_dollars", "yes_ask_size_fp", quote.ask, quote.ask_size);
    auto const last = printed(from, last_key);
    CHECK(amount(quote.last_price) == (last == "0" ? "-" : last));
    CHECK(amount(quote.volume) == printed(from, "volume_fp"));
    CHECK(amount(quote.open_interest) == printed(from, "open_interest_fp"));
}

bool older_than_march_2026(std::string const& name) { return name < "2026-03-12"; }

std::size_t check_markets(json::array const& markets, bool current) {
    for (auto const& item : markets) {
        auto const& object = item.as_object();
        std::string_view reason;
        auto const row = read_market(item, reason);
        INFO(json::serialize(object.at("ticker")));
        REQUIRE(row.has_value());
        check_quote(object, row->quote, "last_price_dollars");
        CHECK(row->lifecycle != ARB_LIFECYCLE_NONE);
        CHECK(row->tick_size > 0);
        if (current) {
            CHECK(row->doubts.first() == "");
            CHECK(row->quote_doubts.first() == "");
        }
        Packets packets;
        write_market(packets, *row, {}, 1);
        CHECK(all<arb_market>(packets).size() == 1);
    }
    return markets.size();
}

}  // namespace

TEST_CASE("every recorded REST body decodes", "[kalshi][recorded]") {
    auto const folder = recorded();
    if (folder.empty()) return;
    std::size_t markets = 0, events = 0, trades = 0, series = 0, singles = 0, candles = 0;
    for (auto const& path : files(folder + "rest", ".json")) {
        INFO(path);
        auto const current = !older_than_march_2026(path.filename().string());
        auto const document = Document::parse(contents(path)).value();
        markets += check_markets(document.list("markets"), current);
        auto const check_event = [&](json::value const& value) {
            std::string_view reason;
            auto const row = read_event(value, reason);
            REQUIRE(row.has_value());
            CHECK(row->doubts.first() == "");
            CHECK(!row->series.empty());
            CHECK(!row->category.empty());
            markets += check_markets(*row->markets, current);
            ++events;
        };
        for (auto const& item : document.list("events")) check_event(item);
        if (auto const* const single = document.object().if_contains("event")) check_event(*single);
        for (auto const& item : document.list("trades")) {
            std::string_view reason;
            auto const row = read_trade(item, reason);
            ++trades;
            // Before March 2026 counts were whole numbers under another name: refused, never guessed.
            if (!row.has_value()) {
                CHECK(!current);
                CHECK(reason == "trade_without_size");
                continue;
            }
            CHECK(amount(row->trade.price) == printed(item.as_object(), "yes_price_dollars"));
            CHECK(amount(row->trade.size) == printed(item.as_object(), "count_fp"));
            CHECK(row->doubts.first() == "");
            CHECK(row->trade.time != 0);
        }
        for (auto const& item : document.list("milestones")) {
            auto const row = milestone_row(item.as_object());
            CHECK(!row.at("title").as_string().empty());
            CHECK(row.at("starts").is_string());
            CHECK(!row.at("events").as_string().empty());
        }
        if (document.object().contains("schedule")) {
            Doubts doubts;
            auto const schedule = Schedule::read(document, doubts);
            CHECK(doubts.first() == "");
            // A Thursday at eight in the morning, UTC, in summer.
            CHECK(schedule.closed_until(parse_time("2026-07-16T08:00:00Z").value()) ==
                  parse_time("2026-07-16T09:00:00Z"));
            ++singles;
        }
        if (document.object().contains("orderbook_fp")) {
            std::string_view reason;
            auto const book = read_book(document.object(), reason);
            REQUIRE(book.has_value());
            CHECK(book_rows(*book, 0).size() == book->yes.size() + book->no.size());
            ++singles;
        }
        if (document.object().contains("exchange_active")) {
            CHECK(read_exchange(document).trading);
            CHECK_FALSE(exchange_rows(document).empty());
            ++singles;
        }
        for (auto const& candle : document.list("candlesticks")) {
            auto const row = candlestick_row(candle.as_object());
            CHECK(row.at("ends").is_string());
            CHECK(row.at("bid").is_string());
            ++candles;
        }
        for (auto const& fill : document.list("fills"))
            CHECK(fill_row(fill.as_object()).at("trade_id").is_string());
        if (document.object().contains("portfolio_value"))
            CHECK(balance_row(document.object()).at("balance") == "100");
        SeriesTable table;
        read_series(document, table);
        for (auto const& [ticker, row] : table) {
            CHECK(!row.category.empty());
            CHECK(row.fee == Fee{"quadratic", "1"});
        }
        series += table.size();
    }
    CHECK(markets >= 170);
    CHECK(events >= 12);
    CHECK(trades >= 8);
    CHECK(series == 241);
    CHECK(singles >= 4);
    CHECK(candles == 90);
}

TEST_CASE("every recorded frame decodes", "[kalshi][recorded]") {
    auto const folder = recorded();
    if (folder.empty()) return;
    std::size_t quotes = 0, trades = 0, changes = 0;
    FrameDecoder decoder;
    for (auto const& path : files(folder + "ws", ".jsonl")) {
        auto const name = path.filename().string();
        for (auto const& bytes : frames(path)) {
            INFO(bytes);
            auto const frame_json = json::parse(bytes);
            if (frame_json.as_object().contains("cmd")) continue;  // what a client sends
            Packets packets;
            auto const frame = decoder.decode(bytes, 1, packets);
            CHECK(frame.type != FrameType::unknown);
            CHECK(frame.rejected == "");
            for (auto const* const quote : all<arb_quote>(packets)) {
                auto const& msg = frame_json.at("msg").as_object();
                check_quote(msg, *quote, "price_dollars");
                CHECK(quote->header.venue_time != 0);
                if (msg.contains("yes_bid_size_fp")) CHECK(frame.doubt == "");
                ++quotes;
            }
            for (auto const* const trade : all<arb_trade>(packets)) {
                auto const& msg = frame_json.at("msg").as_object();
                CHECK(amount(trade->price) == printed(msg, "yes_price_dollars"));
                CHECK(amount(trade->size) == printed(msg, "count_fp"));
                CHECK(trade->taker_side ==
                      (msg.at("taker_side").as_string() == "yes" ? ARB_SIDE_BUY : ARB_SIDE_SELL));
                CHECK(trade->header.venue_time != 0);
                CHECK(frame.doubt == "");
                ++trades;
            }
            changes += all<arb_status_change>(packets).size();
        }
    }
    CHECK(quotes >= 10);
    CHECK(trades >= 26);
    CHECK(changes >= 7);
}

TEST_CASE("the books after a recorded session equal those computed from it", "[kalshi][recorded]") {
    auto const folder = recorded();
    if (folder.empty()) return;
    FrameDecoder decoder;
    Sequence sequence;
    Books books;
    for (auto const& bytes : frames(folder + "ws/2026-10-08_prod_mlb_part1.jsonl")) {
        Packets packets;
        auto const& frame = decoder.decode(bytes, 1, packets);
        if (frame.type != FrameType::subscribed)
            CHECK(sequence.check(frame.sid, frame.sequence) == Order::next);
        if (frame.type == FrameType::book_snapshot) books.snapshot(frame, 1, packets);
        if (frame.type == FrameType::book_delta)
            CHECK(books.change(frame, 1, packets) == Books::Change::written);
    }
    auto const expected = json::parse(contents(folder + "ws/2026-10-08_prod_mlb_book_after_part1.json"));
    CHECK(sequence.last(1) == expected.at("last_seq_by_sid").at("1").as_int64());
    CHECK(sequence.last(2) == expected.at("last_seq_by_sid").at("2").as_int64());
    auto const levels = [](json::value const& side) {
        Books::Side out;
        for (auto const& level : side.as_array())
            out.emplace(parse_decimal(std::string_view{level.at(0).as_string()}).millionths,
                        parse_decimal(std::string_view{level.at(1).as_string()}).millionths);
        return out;
    };
    std::size_t compared = 0;
    for (auto const& [market, sides] : expected.at("books").as_object()) {
        auto const* const book = books.find(std::string_view{market.data(), market.size()});
        REQUIRE(book != nullptr);
        CHECK(book->in_step);
        CHECK(book->yes == levels(sides.at("yes")));
        CHECK(book->no == levels(sides.at("no")));
        ++compared;
    }
    CHECK(compared == 6);
}
