// What the tests of this plugin share: decoded events kept as values, and a live side without a network.
#pragma once

#include <boost/asio/io_context.hpp>
#include <deque>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "polymarket/decode.hpp"
#include "polymarket/prices.hpp"
#include "support/recording_host.hpp"

namespace arb::polymarket::test {

// Copies events, which otherwise live as long as their frame.
class KeptEvents final : public EventSink {
  public:
    void event(StreamEvent const& event) override {
        events.push_back(event);
        auto& kept = events.back();
        auto const keep = [&](std::string_view& text) { text = texts.emplace_back(text); };
        for (auto* const text : {&kept.event_type,
                                 &kept.market,
                                 &kept.asset_id,
                                 &kept.timestamp,
                                 &kept.hash,
                                 &kept.price,
                                 &kept.size,
                                 &kept.side,
                                 &kept.tick_size,
                                 &kept.old_tick_size,
                                 &kept.new_tick_size,
                                 &kept.last_trade_price,
                                 &kept.best_bid,
                                 &kept.best_ask,
                                 &kept.id,
                                 &kept.condition_id,
                                 &kept.clob_token_ids,
                                 &kept.winning_asset_id,
                                 &kept.winning_outcome,
                                 &kept.event_id,
                                 &kept.event_slug,
                                 &kept.slug,
                                 &kept.frame,
                                 &kept.fees_enabled,
                                 &kept.fee_rate,
                                 &kept.fee_exponent,
                                 &kept.fee_taker_only,
                                 &kept.fee_rebate_rate,
                                 &kept.transaction_hash})
            keep(*text);
        for (auto* const list :
             {&kept.assets_ids, &kept.token_ids, &kept.outcomes, &kept.tags, &kept.unknown, &kept.retyped})
            for (auto& text : *list) keep(text);
        for (auto* const levels : {&kept.bids, &kept.asks})
            for (auto& level : *levels) keep(level.price), keep(level.size);
        for (auto& change : kept.changes)
            for (auto* const text :
                 {&change.asset_id, &change.price, &change.size, &change.side, &change.hash})
                keep(*text);
    }
    std::vector<StreamEvent> events;
    std::deque<std::string> texts;
};

inline KeptEvents decode(std::string_view frame, Frame expected = Frame::events);

// Prices with a fake host; every frame is pushed at once.
class Live final : public EventSink {
  public:
    explicit Live(Record record = {}) : prices{host.host(), outbox, record, events()} {}

    Frame frame(std::string_view text, arb_time received = 1'800'000'000 * second_ns) {
        received_ = received;
        auto const kind = decoder_.decode(text, *this);
        outbox.flush();
        return kind;
    }
    void event(StreamEvent const& event) override { prices.apply(event, received_); }

    arb::test::RecordingHost host{"polymarket"};
    boost::asio::io_context io;
    Outbox outbox{io.get_executor(), host.host(), {}};
    std::vector<std::string> opened, resolved, announced, ticks, hash_differs;
    std::vector<std::pair<std::string, std::string>> doubtful;
    arb_time ends = 0;  // of every market
    Prices prices;

  private:
    Prices::Events events() {
        Prices::Events out;
        out.opened = [this](Token& token) { opened.push_back(token.id); };
        out.doubtful = [this](Token& token, std::string_view why) { doubtful.emplace_back(token.id, why); };
        out.resolved = [this](Market& market) { resolved.push_back(market.id); };
        out.tick_changed = [this](Market& market, std::int64_t) { ticks.push_back(market.id); };
        out.hash_differs = [this](Token& token) { hash_differs.push_back(token.id); };
        out.closes_at = [this](Market const&) { return ends; };
        out.new_market = [this](StreamEvent const& event) { announced.emplace_back(event.id); };
        return out;
    }
    StreamDecoder decoder_;
    arb_time received_ = 0;
};

inline std::string read_file(std::string const& path) {
    std::ifstream in{path, std::ios::binary};
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

inline std::vector<std::string> read_lines(std::string const& path) {
    std::ifstream in{path, std::ios::binary};
    std::vector<std::string> out;
    for (std::string line; std::getline(in, line);)
        if (!line.empty()) out.push_back(line);
    return out;
}

// A market with the tokens "1000...yes-like" and its mirror, as short as tests can read.
inline std::string const market_id = "0x00000000000000000000000000000000000000000000000000000000000000a1";
inline std::string const yes =
    "71000000000000000000000000000000000000000000000000000000000000000000000000001";
inline std::string const no = "72000000000000000000000000000000000000000000000000000000000000000000000000002";
inline MarketNames names() { return {market_id, {yes, no}, {"Yes", "No"}, "5", false}; }

inline std::string book_frame(std::string const& token, std::string const& bids, std::string const& asks,
                              std::string const& time = "1790000000000", std::string const& more = "") {
    return R"({"market":")" + market_id + R"(","asset_id":")" + token + R"(","timestamp":")" + time +
           R"(","hash":"h","bids":[)" + bids + R"(],"asks":[)" + asks + "]" + more +
           R"(,"event_type":"book"})";
}
inline std::string level(std::string const& price, std::string const& size) {
    return R"({"price":")" + price + R"(","size":")" + size + R"("})";
}
inline std::string change_entry(std::string const& token, std::string const& price, std::string const& size,
                                std::string const& side) {
    return R"({"asset_id":")" + token + R"(","price":")" + price + R"(","size":")" + size + R"(","side":")" +
           side + R"(","hash":"x","best_bid":"0.1","best_ask":"0.9"})";
}
inline std::string change_frame(std::string const& entries, std::string const& time = "1790000000001") {
    return R"({"market":")" + market_id + R"(","price_changes":[)" + entries + R"(],"timestamp":")" + time +
           R"(","event_type":"price_change"})";
}

inline std::string trade_frame(std::string const& token, std::string const& price, std::string const& size,
                               std::string const& side, std::string const& time = "1790000000002") {
    return R"({"market":")" + market_id + R"(","asset_id":")" + token + R"(","price":")" + price +
           R"(","size":")" + size + R"(","fee_rate_bps":"0","side":")" + side + R"(","timestamp":")" + time +
           R"(","event_type":"last_trade_price","transaction_hash":"0x1"})";
}

// With this hash in place of the one it has.
inline std::string with_hash(std::string text, std::string const& hash) {
    auto const begin = text.find(R"("hash":")") + 8;
    return text.replace(begin, text.find('"', begin) - begin, hash);
}

inline std::string best_frame(std::string const& bid, std::string const& ask, std::string const& time) {
    return R"({"market":")" + market_id + R"(","asset_id":")" + yes + R"(","best_bid":")" + bid +
           R"(","best_ask":")" + ask + R"(","spread":"0.1","timestamp":")" + time +
           R"(","event_type":"best_bid_ask"})";
}

inline KeptEvents decode(std::string_view frame, Frame expected) {
    KeptEvents kept;
    StreamDecoder decoder;
    if (decoder.decode(frame, kept) != expected) kept.events.clear(), kept.texts.emplace_back("unexpected");
    return kept;
}

}  // namespace arb::polymarket::test
