// Calls about what there is: events, markets, series, tags and what belongs to them.
#include <fmt/format.h>

#include "polymarket/call.hpp"

namespace arb::polymarket {

namespace {

// What the venue gives at once.
constexpr std::size_t page_rows = 100, page_series = 50;
constexpr char const* by_volume = "volume24hr&ascending=false";

// A listing of Gamma's, as the bare array that it is.
asio::awaitable<Result<>> show_gamma(Call const& call, Listing const& listing, RowOf row,
                                     std::int64_t limit_default = 100) {
    auto const gamma = call.gamma();
    if (gamma.has_error()) co_return gamma.error();
    co_return co_await show_listing(call, **gamma, listing, row, limit_default);
}

Listing by_offset(std::string target, std::size_t rows) {
    Listing listing;
    listing.target = fmt::format("{}limit={}", target, rows);
    listing.turn = Turn::offset;
    listing.parameter = "offset";
    listing.page_rows = rows;
    return listing;
}

}  // namespace

asio::awaitable<Result<>> events(Call const& call) {
    auto const tag = call.parameters.text("tag");
    Listing listing;
    listing.target = fmt::format("/events/keyset?limit={}&closed=false&order={}", page_rows, by_volume);
    if (!tag.empty()) listing.target += "&tag_slug=" + net::encode_query(tag);
    listing.items = "events";
    listing.parameter = "after_cursor";
    co_return co_await show_gamma(call, listing, event_row, 50);
}

asio::awaitable<Result<>> markets(Call const& call) {
    auto left = call.parameters.integer("limit", 50);
    Visit const visit = [&call, left](std::string_view text) mutable {
        auto const event_id = plain_member(text, "id");
        for (auto const item : markets_of_event(text)) {
            auto const row = market_row(item, event_id);
            if (!row.empty() && (!call.row(row) || --left <= 0)) return false;
        }
        return true;
    };
    co_return co_await each_event(call, by_volume, visit);
}

asio::awaitable<Result<>> search(Call const& call) {
    Listing listing;
    listing.target = "/public-search?limit_per_type=50&events_status=active&q=" +
                     net::encode_query(call.parameters.text("text"));
    listing.items = "events";
    listing.turn = Turn::number;
    listing.parameter = "page";
    listing.first = "1";
    co_return co_await show_gamma(call, listing, event_row, 50);
}

asio::awaitable<Result<>> series(Call const& call) {
    auto const listing = by_offset("/series?closed=false&", page_series);
    co_return co_await show_gamma(call, listing, series_row);
}

asio::awaitable<Result<>> tags(Call const& call) {
    auto const event = call.parameters.text("event");
    auto listing = by_offset("/tags?", page_rows);
    if (!event.empty()) {
        listing.target = "/events/" + net::encode_query(event) + "/tags";
        listing.turn = Turn::none;
    }
    co_return co_await show_gamma(call, listing, tag_row);
}

asio::awaitable<Result<>> teams(Call const& call) {
    auto const league = call.parameters.text("league");
    std::string target = "/teams?";
    if (!league.empty()) target += "league=" + net::encode_query(league) + "&";
    auto const listing = by_offset(std::move(target), page_rows);
    co_return co_await show_gamma(call, listing, team_row);
}

asio::awaitable<Result<>> comments(Call const& call) {
    auto target = "/comments?parent_entity_type=Event&parent_entity_id=" +
                  net::encode_query(call.parameters.text("event")) + "&order=createdAt&ascending=false&";
    auto const listing = by_offset(std::move(target), page_rows);
    co_return co_await show_gamma(call, listing, comment_row, 50);
}

asio::awaitable<Result<>> rewards(Call const& call) {
    auto const clob = call.clob();
    if (clob.has_error()) co_return clob.error();
    Listing listing;
    listing.target = "/sampling-markets";
    listing.parameter = "next_cursor";
    listing.first = clob_first_cursor;
    co_return co_await show_listing(call, **clob, listing, reward_row);
}

}  // namespace arb::polymarket
