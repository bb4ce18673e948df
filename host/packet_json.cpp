#include <array>

#include "arbitrage/decimal.hpp"
#include "arbitrage/packet.hpp"
#include "arbitrage/time.hpp"
#include "host/log.hpp"
#include "host/status.hpp"

namespace arb::host {

namespace json = boost::json;

namespace {

constexpr std::size_t text_bytes_max = 256;  // a tap is for reading; raw payloads are in the database

// Adds the fields of one packet to an object, absent ones left out.
class Fields {
  public:
    Fields(arb_packet const& packet, json::object& out) : packet_{packet}, out_{out} {}

    void text(char const* key, arb_ref ref) {
        if (ref.length != 0) out_[key] = escape(arb::text(packet_, ref), text_bytes_max);
    }
    void amount(char const* key, std::int64_t value) {
        if (value != ARB_ABSENT) out_[key] = format_decimal(value);
    }
    void time(char const* key, arb_time value) {
        if (value != 0 && value != ARB_ABSENT) out_[key] = format_time(value);
    }
    template<std::size_t N>
    void word(char const* key, std::int32_t value, std::array<char const*, N> const& words) {
        if (value >= 0 && static_cast<std::size_t>(value) < N &&
            *words[static_cast<std::size_t>(value)] != '\0')
            out_[key] = words[static_cast<std::size_t>(value)];
    }
    void number(char const* key, std::int64_t value) { out_[key] = value; }
    void levels(char const* key, arb_array ref) {
        json::array levels;
        for (auto const& level : array<arb_level>(packet_, ref))
            levels.push_back({format_decimal(level.price), format_decimal(level.size)});
        out_[key] = std::move(levels);
    }
    void texts(char const* key, arb_array ref) {
        json::array texts;
        for (auto const& item : array<arb_ref>(packet_, ref))
            texts.emplace_back(escape(arb::text(packet_, item), text_bytes_max));
        if (!texts.empty()) out_[key] = std::move(texts);
    }

  private:
    arb_packet const& packet_;
    json::object& out_;
};

constexpr std::array lifecycles{"", "unopened", "open", "paused", "closed", "determined", "settled"};
constexpr std::array sides{"", "buy", "sell"};
constexpr std::array book_sides{"bid", "ask"};
constexpr std::array streams{"all", "catalogue", "quotes", "trades", "books", "status"};
constexpr std::array yes_no{"no", "yes", ""};
constexpr std::array relations{"", "same", "inverse"};
constexpr std::array pair_states{"", "candidate", "accepted", "rejected", "suspended"};

void add(Fields& f, arb_event const& p) {
    f.text("event_id", p.event_id), f.text("series", p.series), f.text("title", p.title);
    f.text("subtitle", p.subtitle), f.text("category", p.category);
    f.word("status", p.lifecycle, lifecycles), f.word("mutually_exclusive", p.mutually_exclusive, yes_no);
    f.time("opens_at", p.opens_at), f.time("closes_at", p.closes_at);
}
void add(Fields& f, arb_market const& p) {
    f.text("market_id", p.market_id), f.text("event_id", p.event_id), f.text("title", p.title);
    f.texts("outcomes", p.outcomes), f.word("status", p.lifecycle, lifecycles),
        f.text("venue_status", p.venue_status);
    f.amount("tick_size", p.tick_size), f.amount("volume", p.volume), f.text("result", p.result);
    f.time("opens_at", p.opens_at), f.time("closes_at", p.closes_at);
}
void add(Fields& f, arb_quote const& p) {
    f.text("market_id", p.market_id), f.number("outcome", p.outcome);
    f.amount("bid", p.bid), f.amount("bid_size", p.bid_size), f.amount("ask", p.ask),
        f.amount("ask_size", p.ask_size);
    f.amount("last_price", p.last_price), f.amount("last_size", p.last_size), f.amount("volume", p.volume);
    f.amount("open_interest", p.open_interest);
}
void add(Fields& f, arb_trade const& p) {
    f.text("market_id", p.market_id), f.text("trade_id", p.trade_id), f.number("outcome", p.outcome);
    f.word("taker_side", p.taker_side, sides), f.amount("price", p.price), f.amount("size", p.size);
}
void add(Fields& f, arb_book const& p) {
    f.text("market_id", p.market_id), f.number("outcome", p.outcome), f.levels("bids", p.bids),
        f.levels("asks", p.asks);
}
void add(Fields& f, arb_book_change const& p) {
    f.text("market_id", p.market_id), f.number("outcome", p.outcome), f.word("side", p.side, book_sides);
    f.amount("price", p.price), f.amount("size", p.size);
}
void add(Fields& f, arb_status_change const& p) {
    f.text("market_id", p.market_id), f.word("status", p.lifecycle, lifecycles),
        f.text("venue_status", p.venue_status);
    f.text("result", p.result), f.amount("settlement_value", p.settlement_value), f.text("detail", p.detail);
}
void add(Fields& f, arb_gap const& p) {
    f.text("instance", p.instance), f.word("stream", p.stream, streams), f.text("market_id", p.market_id);
    f.text("reason", p.reason), f.time("from_time", p.from_time), f.time("to_time", p.to_time);
    f.word("recovered", p.recovered, yes_no), f.text("detail", p.detail);
}
void add(Fields& f, arb_pair const& p) {
    f.text("pair_id", p.pair_id), f.text("venue_a", p.venue_a), f.text("market_id_a", p.market_id_a);
    f.text("venue_b", p.venue_b), f.text("market_id_b", p.market_id_b),
        f.word("relation", p.relation, relations);
    f.word("status", p.status, pair_states), f.amount("score", p.score);
}
void add(Fields& f, arb_opportunity const& p) {
    f.text("opportunity_id", p.opportunity_id), f.text("pair_id", p.pair_id),
        f.text("opportunity_kind", p.opportunity_kind);
    f.text("legs", p.legs), f.time("opened_at", p.opened_at), f.time("closed_at", p.closed_at);
    f.amount("size_max", p.size_max), f.amount("edge_peak", p.edge_peak),
        f.amount("profit_peak", p.profit_peak);
    f.amount("annualised_peak", p.annualised_peak);
}
void add(Fields& f, arb_custom const& p) { f.text("topic", p.topic), f.text("body", p.body); }

template<class... Kinds>
void add_kind(Fields& fields, arb_packet const& packet) {
    (void)((as<Kinds>(packet) != nullptr && (add(fields, *as<Kinds>(packet)), true)) || ...);
}

}  // namespace

json::object packet_json(arb_packet const& packet) {
    json::object out{
        {"kind", kind_names[packet.kind]}, {"venue", venue(packet)}, {"position", packet.position}};
    Fields fields{packet, out};
    fields.time("received", packet.received_time);
    fields.time("venue_time", packet.venue_time);
    add_kind<arb_event, arb_market, arb_quote, arb_trade, arb_book, arb_book_change, arb_status_change,
             arb_gap, arb_pair, arb_opportunity, arb_custom>(fields, packet);
    if ((packet.flags & ARB_FLAG_BACKFILLED) != 0) out["backfilled"] = true;
    if ((packet.flags & ARB_FLAG_ANOMALY) != 0) out["anomaly"] = true;
    if ((packet.flags & ARB_FLAG_POLLED) != 0) out["polled"] = true;
    return out;
}

}  // namespace arb::host
