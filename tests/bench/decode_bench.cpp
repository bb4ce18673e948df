// From the bytes of a frame to packets, beside one pass of Boost.JSON's SAX parser over the same bytes that
// looks at nothing. That pass is the floor of any decoder built on it.
#include <benchmark/benchmark.h>

#include <boost/asio/io_context.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <string>
#include <vector>

#include "kalshi/decode_frame.hpp"
#include "polymarket/decode.hpp"
#include "polymarket/prices.hpp"
#include "tests/bench/quiet_host.hpp"

namespace {

struct Nothing {
    static constexpr std::size_t max_object_size = SIZE_MAX, max_array_size = SIZE_MAX,
                                 max_key_size = SIZE_MAX, max_string_size = SIZE_MAX;
    using error_code = boost::json::error_code;
    using sv = boost::json::string_view;
    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code&) { return true; }
    bool on_object_end(std::size_t, error_code&) { return true; }
    bool on_array_begin(error_code&) { return true; }
    bool on_array_end(std::size_t, error_code&) { return true; }
    bool on_key_part(sv, std::size_t, error_code&) { return true; }
    bool on_key(sv, std::size_t, error_code&) { return true; }
    bool on_string_part(sv, std::size_t, error_code&) { return true; }
    bool on_string(sv, std::size_t, error_code&) { return true; }
    bool on_number_part(sv, error_code&) { return true; }
    bool on_int64(std::int64_t, sv, error_code&) { return true; }
    bool on_uint64(std::uint64_t, sv, error_code&) { return true; }
    bool on_double(double, sv, error_code&) { return true; }
    bool on_bool(bool, error_code&) { return true; }
    bool on_null(error_code&) { return true; }
    bool on_comment_part(sv, error_code&) { return true; }
    bool on_comment(sv, error_code&) { return true; }
};

void bare_pass(benchmark::State& state, std::vector<std::string> const& frames) {
    boost::json::basic_parser<Nothing> parser{boost::json::parse_options{}};
    std::size_t i = 0;
    for (auto _ : state) {
        auto const& frame = frames[i++ % frames.size()];
        boost::json::error_code error;
        parser.reset();
        auto const read = parser.write_some(false, frame.data(), frame.size(), error);
        if (error || read != frame.size()) state.SkipWithError("the frame is not JSON");
    }
}

// Distinct frames, so that no branch predictor learns one by heart.
constexpr int frame_count = 512;

std::string cents(int value) {
    auto const digits = std::to_string(100 + value % 99 + 1);
    return "0." + digits.substr(1);
}

std::vector<std::string> tickers() {
    std::vector<std::string> frames;
    for (int i = 0; i != frame_count; ++i) {
        auto const number = std::to_string(10'000 + i * 37);
        frames.push_back(
            R"({"type":"ticker","sid":11,"msg":{"market_ticker":"KXFED-26DEC-T)" + number +
            R"(","market_id":"9b0f6b43-5b68-4f9f-9f02-9a2d1b8ac1a1","price_dollars":")" + cents(i) +
            R"(00","yes_bid_dollars":")" + cents(i) + R"(00","yes_ask_dollars":")" + cents(i + 1) +
            R"(00","volume_fp":")" + number +
            R"(.00","open_interest_fp":"20422.00","dollar_volume":16948,"dollar_open_interest":10211,"yes_bid_size_fp":")" +
            number +
            R"(.00","yes_ask_size_fp":"150.00","last_trade_size_fp":"25.00","ts":1795000000,"ts_ms":17950000)" +
            number + R"(,"time":"2026-11-22T20:44:01Z"}})");
    }
    return frames;
}

constexpr char market_id[] = "0x12ed4858fd4aa92e1a644c74273ca76f49735c114d6833f8a3edef4f19e5ebff";
constexpr char token_0[] = "18054759644013870900749170809345467324611742242067616964612696305379357034954";
constexpr char token_1[] = "35599907049186982879557420969598528789434547136942253652554709047485665633870";

// Every change moves the size at the best bid, so every frame ends in a quote.
std::vector<std::string> price_changes() {
    std::vector<std::string> frames;
    for (int i = 0; i != frame_count; ++i) {
        auto const size = std::to_string(100 + i) + ".34";
        frames.push_back(
            std::string{R"({"market": ")"} + market_id + R"(", "price_changes": [{"asset_id": ")" + token_0 +
            R"(", "price": "0.6", "size": ")" + size +
            R"(", "side": "BUY", "hash": "75ab91549442c14acdc654834067ee95c64930e0", "best_bid": "0.6", )" +
            R"("best_ask": "0.66"}, {"asset_id": ")" + token_1 + R"(", "price": "0.4", "size": ")" + size +
            R"(", "side": "SELL", "hash": "2caf157e2ff84698eb8731eaa8d6b8628dc23ce9", "best_bid": "0.34", )" +
            R"("best_ask": "0.4"}], "timestamp": "1790267384683", "event_type": "price_change"})");
    }
    return frames;
}

// A push every 64 packets, as the venues do it, is not part of decoding.
constexpr std::size_t batch_packets = 64;

void ticker_ours(benchmark::State& state) {
    auto const frames = tickers();
    arb::kalshi::FrameDecoder decoder;
    arb::Packets packets;
    std::size_t i = 0, written = 0;
    for (auto _ : state) {
        decoder.decode(frames[i++ % frames.size()], 1'795'000'000'000'000'000, packets);
        if (packets.count() >= batch_packets) {
            written += packets.count();
            packets.clear();
        }
    }
    if (written + packets.count() != i) state.SkipWithError("a ticker became no packet");
}

class Apply final : public arb::polymarket::EventSink {
  public:
    explicit Apply(arb::polymarket::Prices& prices) : prices_{prices} {}
    void event(arb::polymarket::StreamEvent const& event) override {
        prices_.apply(event, 1'795'000'000'000'000'000);
    }

  private:
    arb::polymarket::Prices& prices_;
};

void price_change_ours(benchmark::State& state) {
    auto const frames = price_changes();
    arb::bench::QuietHost host{"polymarket"};
    boost::asio::io_context context;
    arb::Outbox outbox{
        context.get_executor(), host.host(), {[](arb_time, arb_time) {}, [](arb::Error const&) {}}};
    arb::polymarket::Prices::Events events;
    events.opened = [](auto&) {};
    events.doubtful = [](auto&, std::string_view) {};
    events.resolved = [](auto&) {};
    events.tick_changed = [](auto&, std::int64_t) {};
    events.new_market = [](auto const&) {};
    arb::polymarket::Prices prices{host.host(), outbox, {}, events};
    arb::polymarket::MarketNames names;
    names.id = market_id;
    names.tokens = {token_0, token_1};
    names.outcomes = {"Yes", "No"};
    prices.add(names);
    Apply apply{prices};
    arb::polymarket::StreamDecoder decoder;
    auto const opening = std::string{R"({"event_type":"book","market":")"} + market_id + R"(","asset_id":")" +
                         token_0 +
                         R"(","timestamp":"1790267384000","hash":"","bids":[{"price":"0.59","size":"5"},)" +
                         R"({"price":"0.6","size":"7"}],"asks":[{"price":"0.66","size":"9"}]})";
    decoder.decode(opening, apply);
    auto const before = outbox.packets().count();
    std::size_t i = 0;
    for (auto _ : state) decoder.decode(frames[i++ % frames.size()], apply);
    if (host.packets() + outbox.packets().count() - before != i)
        state.SkipWithError("a price change became no packet");
}

void ticker_bare(benchmark::State& state) { bare_pass(state, tickers()); }
void price_change_bare(benchmark::State& state) { bare_pass(state, price_changes()); }

// Many short repetitions: one of them falls between what others do on the machine.
void repeatedly(benchmark::internal::Benchmark* benchmark) { benchmark->Repetitions(25)->MinTime(0.05); }
BENCHMARK(ticker_ours)->Name("decode_kalshi_ticker/ours")->Apply(repeatedly);
BENCHMARK(ticker_bare)->Name("decode_kalshi_ticker/bare")->Apply(repeatedly);
BENCHMARK(price_change_ours)->Name("decode_polymarket_price_change/ours")->Apply(repeatedly);
BENCHMARK(price_change_bare)->Name("decode_polymarket_price_change/bare")->Apply(repeatedly);

}  // namespace
