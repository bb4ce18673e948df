#include "options.hpp"

#include <algorithm>

#include "arbitrage/commands.hpp"
#include "arbitrage/decimal.hpp"
#include "net/url.hpp"

namespace arb::kalshi {

namespace {

// More often than this a sweep of the whole catalogue would run into the venue's rate limit.
constexpr std::chrono::milliseconds catalogue_every_min{1000};
// A poll of every open market takes several seconds of the rate limit.
constexpr std::chrono::milliseconds poll_every_min{250};

// All books of the venue are some ten million levels; more often than this they would be most of what is
// stored.
constexpr std::chrono::milliseconds snapshot_every_min = std::chrono::minutes{1};
// A day of trades is some hundred thousand; more than a month would be read for hours.
constexpr std::chrono::milliseconds backfill_max = std::chrono::hours{24 * 30};

// ${VARIABLE:-} of an unset variable arrives as an empty text: the same as no option.
std::string text(Options const& options, std::string_view key, std::string const& otherwise) {
    auto value = options.text(key);
    return value.empty() ? otherwise : value;
}

std::string url(Options const& options, std::string_view key, std::string const& otherwise,
                std::string_view scheme) {
    auto value = text(options, key, otherwise);
    auto const parsed = net::parse_url(value, scheme);
    if (parsed.has_error()) throw ConfigurationError("/" + std::string{key}, parsed.error().text);
    return value;
}

std::chrono::milliseconds duration(Options const& options, std::string_view key,
                                   std::chrono::milliseconds otherwise, std::chrono::milliseconds least) {
    auto const value = options.duration(key, otherwise);
    if (value < least)
        throw ConfigurationError("/" + std::string{key},
                                 "expected at least " + std::to_string(least.count()) + "ms");
    return value;
}

Record read_record(Options const& options) {
    if (!options.has("record")) return {};
    Record record{false, false, false};
    for (auto const& what : options.list("record")) {
        if (what == "quotes")
            record.quotes = true;
        else if (what == "trades")
            record.trades = true;
        else if (what == "books")
            record.books = true;
        else
            throw ConfigurationError("/record", "expected quotes, trades or books, got \"" + what + "\"");
    }
    return record;
}

Select read_select(Options const& options) {
    Select select;
    select.categories = options.list("categories");
    select.series = options.list("series");
    select.events = options.list("events");
    select.markets = options.list("markets");
    auto const* const volume = options.object().if_contains("volume_24h_min");
    if (volume != nullptr && volume->is_number()) {
        auto const contracts = options.integer("volume_24h_min", 0);
        if (contracts < 0 || contracts > INT64_MAX / ARB_UNIT)
            throw ConfigurationError("/select/volume_24h_min", "expected a number of contracts such as 1000");
        select.volume_24h_min = contracts * ARB_UNIT;
    }
    if (!options.text("closes_within").empty()) select.closes_within = options.duration("closes_within", {});
    return select;
}

}  // namespace

Settings read_settings(Options const& options) {
    Settings out;
    out.rest_url = url(options, "rest_url", out.rest_url, "https");
    // The venue answers a trailing slash with a redirect.
    while (out.rest_url.ends_with('/')) out.rest_url.pop_back();
    out.websocket_url = url(options, "websocket_url", out.websocket_url, "wss");
    out.ca_file = options.text("ca_file");
    out.key_id = options.text("key_id");
    out.key_file = options.text("key_file");
    if (!out.key_id.empty() && out.key_file.empty())
        throw ConfigurationError("/key_file",
                                 "key_id is set and key_file is not: name the file of the private key, "
                                 "or leave both out to poll prices without a key");
    if (out.key_id.empty() && !out.key_file.empty())
        throw ConfigurationError("/key_id",
                                 "key_file is set and key_id is not: the id is shown beside the key on the "
                                 "venue's account page");
    out.catalogue_every = duration(options, "catalogue_every", out.catalogue_every, catalogue_every_min);
    out.poll_every = duration(options, "poll_every", out.poll_every, poll_every_min);
    out.backfill = options.duration("backfill", out.backfill);
    if (out.backfill > backfill_max) throw ConfigurationError("/backfill", "expected at most 30d");
    out.snapshot_every = options.duration("snapshot_every", out.snapshot_every);
    if (out.snapshot_every.count() != 0 && out.snapshot_every < snapshot_every_min)
        throw ConfigurationError("/snapshot_every", "expected at least 1m, or 0s for never");
    out.record = read_record(options);
    auto const shard = parse_shard(options.text("shard"));
    if (shard.has_error()) throw ConfigurationError("/shard", shard.error().text);
    out.shard = *shard;
    out.select = read_select(options.section("select"));
    return out;
}

std::string misgiving(Settings const& settings) {
    if (!settings.record.books || !settings.key_file.empty()) return {};
    return "record asks for books, which need key_id and key_file: none are collected";
}

}  // namespace arb::kalshi
