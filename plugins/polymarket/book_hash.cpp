#include "arbitrage/decimal.hpp"
#include "net/signature.hpp"
#include "polymarket/book.hpp"

namespace arb::polymarket {

namespace {

void append(std::string& out, char const* name, std::vector<arb_level> const& levels) {
    out.append(",\"").append(name).append("\":[");
    for (auto const& level : levels) {
        if (&level != levels.data()) out += ',';
        out.append("{\"price\":\"").append(format_decimal(level.price)).append("\",\"size\":\"");
        out.append(format_decimal(level.size)).append("\"}");
    }
    out += ']';
}

}  // namespace

std::string hash_text(BookIdentity const& identity, Book const& book) {
    std::string out;
    out.reserve(512 + 40 * (book.bids().size() + book.asks().size()));
    auto const field = [&](char const* name, std::string_view value) {
        out.append(out.empty() ? "{\"" : ",\"").append(name).append("\":\"").append(value).append("\"");
    };
    field("market", identity.market);
    field("asset_id", identity.asset_id);
    field("timestamp", identity.timestamp);
    field("hash", "");
    append(out, "bids", book.bids());
    append(out, "asks", book.asks());
    field("min_order_size", identity.min_order_size);
    field("tick_size", identity.tick_size);
    out.append(identity.neg_risk ? ",\"neg_risk\":true" : ",\"neg_risk\":false");
    field("last_trade_price", identity.last_trade_price);
    out += '}';
    return out;
}

std::string book_hash(BookIdentity const& identity, Book const& book) {
    return net::sha1_hex(hash_text(identity, book));
}

}  // namespace arb::polymarket
