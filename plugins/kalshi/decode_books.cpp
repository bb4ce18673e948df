// Books as REST lists them.
#include <algorithm>

#include "arbitrage/decimal.hpp"
#include "decode_rest.hpp"
#include "member.hpp"

namespace arb::kalshi {

namespace json = boost::json;

Best BookRow::best() const {
    Best out;
    for (auto const& level : yes) out.bid = std::max(out.bid, level.price);
    for (auto const& level : no)
        if (auto const ask = complement(level.price); out.ask == ARB_ABSENT || ask < out.ask) out.ask = ask;
    return out;
}

namespace {

// Whether all levels of one side could be read.
bool read_side(json::value const& levels, std::vector<arb_level>& out) {
    if (levels.is_null()) return true;
    if (!levels.is_array()) return false;
    for (auto const& level : levels.get_array()) {
        auto const* const pair = level.if_array();
        if (pair == nullptr || pair->size() != 2 || !pair->at(0).is_string() || !pair->at(1).is_string())
            return false;
        auto const price = parse_decimal(view(pair->at(0).get_string()));
        auto const size = parse_decimal(view(pair->at(1).get_string()));
        if (!price || !size || price.millionths <= 0 || price.millionths >= ARB_UNIT || size.millionths < 0)
            return false;
        if (size.millionths > 0) out.push_back({price.millionths, size.millionths});
    }
    return true;
}

}  // namespace

std::optional<BookRow> read_book(json::object const& object, std::string_view& reason) {
    auto const* const book = object.if_contains("orderbook_fp");
    // An empty side is an empty list; without either the venue may have renamed them.
    if (book == nullptr || !book->is_object() ||
        (!book->get_object().contains("yes_dollars") && !book->get_object().contains("no_dollars"))) {
        reason = "book_without_sides";
        return {};
    }
    BookRow out;
    auto const side = [&](char const* key, std::vector<arb_level>& levels) {
        auto const* const listed = book->get_object().if_contains(key);
        return listed == nullptr || read_side(*listed, levels);
    };
    if (side("yes_dollars", out.yes) && side("no_dollars", out.no)) return out;
    reason = "book_with_bad_level";
    return {};
}

std::optional<ListedBook> read_listed_book(json::value const& value, std::string_view& reason) {
    auto const* const object = value.if_object();
    ListedBook out;
    if (object != nullptr) out.ticker = text(*object, "ticker");
    if (!is_id(out.ticker)) {
        reason = "book_without_market";
        return {};
    }
    auto book = read_book(*object, reason);
    if (!book) return {};
    out.book = std::move(*book);
    return out;
}

}  // namespace arb::kalshi
