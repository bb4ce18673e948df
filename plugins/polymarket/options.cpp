#include "polymarket/options.hpp"

#include <array>
#include <charconv>

#include "arbitrage/commands.hpp"
#include "arbitrage/decimal.hpp"
#include "net/signature.hpp"
#include "net/url.hpp"

namespace arb::polymarket {

namespace {

// More often than this a sweep of the whole catalogue would run into the venue's rate limits.
constexpr std::chrono::milliseconds catalogue_every_min{1000};
// Further back a busy market has more trades than one reading takes.
constexpr std::chrono::milliseconds backfill_max{std::chrono::hours{30 * 24}};

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

std::vector<std::string> names(Options const& options, std::string_view key) {
    auto list = options.list(key);
    for (auto& name : list) name = lower_case(name);
    return list;
}

std::int64_t dollars(Options const& options, std::string_view key) {
    auto const* const value = options.object().if_contains(key);
    if (value == nullptr || value->is_null()) return ARB_ABSENT;
    std::string written;
    if (value->is_string())
        written = options.text(key);
    else if (value->is_number()) {
        std::array<char, 32> out{};
        auto const number = value->to_number<double>();
        auto const end = std::to_chars(out.data(), out.data() + out.size(), number);
        written.assign(out.data(), end.ptr);
    }
    auto const amount = parse_decimal(written);
    if (!amount || amount.millionths < 0)
        throw ConfigurationError("/select/" + std::string{key}, "expected an amount of dollars such as 1000");
    return amount.millionths;
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
    auto const section = options.section("select");
    select.categories = names(section, "categories");
    select.tags = names(section, "tags");
    select.series = names(section, "series");
    select.events = names(section, "events");
    select.markets = names(section, "markets");
    select.volume_24h_min = dollars(section, "volume_24h_min");
    if (auto const within = section.text("closes_within"); !within.empty()) {
        auto const duration = parse_duration(within);
        if (duration.has_error()) throw ConfigurationError("/select/closes_within", duration.error().text);
        select.closes_within = *duration;
    }
    return select;
}

std::string secret(Options const& options, char const* key) {
    auto const value = net::read_secret(options.text(key));
    if (value.has_error()) throw ConfigurationError(std::string{"/"} + key, value.error().text);
    return *value;
}

std::optional<Credentials> read_credentials(Options const& options) {
    constexpr std::array keys{"address", "api_key", "api_secret_file", "api_passphrase_file"};
    std::string_view given, missing;
    for (std::string_view const key : keys) (options.text(key).empty() ? missing : given) = key;
    // An address alone is enough to look at positions.
    if (given.empty() || given == keys[0]) return {};
    if (!missing.empty())
        throw ConfigurationError(
            "/" + std::string{missing},
            "is missing: address, api_key, api_secret_file and api_passphrase_file belong together");
    return Credentials{options.text("address"), options.text("api_key"), secret(options, "api_secret_file"),
                       secret(options, "api_passphrase_file")};
}

}  // namespace

Settings read_settings(Options const& options) {
    Settings settings;
    settings.gamma_url = url(options, "gamma_url", settings.gamma_url, "https");
    settings.clob_url = url(options, "clob_url", settings.clob_url, "https");
    settings.data_url = url(options, "data_url", settings.data_url, "https");
    settings.websocket_url = url(options, "websocket_url", settings.websocket_url, "wss");
    settings.ca_file = options.text("ca_file");
    if (auto const every = options.text("catalogue_every"); !every.empty()) {
        auto const duration = parse_duration(every);
        if (duration.has_error()) throw ConfigurationError("/catalogue_every", duration.error().text);
        if (*duration < catalogue_every_min)
            throw ConfigurationError("/catalogue_every", "must be at least 1s");
        settings.catalogue_every = *duration;
    }
    if (auto const reach = options.text("backfill"); !reach.empty()) {
        auto const duration = parse_duration(reach);
        if (duration.has_error()) throw ConfigurationError("/backfill", duration.error().text);
        if (*duration > backfill_max) throw ConfigurationError("/backfill", "must be at most 30d");
        settings.backfill = *duration;
    }
    if (auto const every = options.text("snapshot_every"); !every.empty()) {
        auto const duration = parse_duration(every);
        if (duration.has_error()) throw ConfigurationError("/snapshot_every", duration.error().text);
        settings.snapshot_every = *duration;
    }
    settings.record = read_record(options);
    settings.select = read_select(options);
    auto const shard = parse_shard(options.text("shard"));
    if (shard.has_error()) throw ConfigurationError("/shard", shard.error().text);
    settings.select.shard = *shard;
    settings.address = options.text("address");
    settings.credentials = read_credentials(options);
    return settings;
}

}  // namespace arb::polymarket
