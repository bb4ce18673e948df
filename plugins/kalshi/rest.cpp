#include "rest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "arbitrage/time.hpp"

namespace arb::kalshi {

namespace {

using namespace std::chrono_literals;

// Ten million trades, 2,000,000 events; whoever pages on is led in a circle.
constexpr std::size_t pages_max = 10'000;

// A pause that is longer is the caller's to tell of.
constexpr std::chrono::milliseconds told_after = 30s;

// Whether it trades the venue says in full with an error's status, too, when it does not.
bool is_state_of_exchange(std::string_view target, Document const& body) {
    return target == "/exchange/status" && body.object().contains("exchange_active");
}

std::string_view path_part(std::string_view target) { return target.substr(0, target.find('?')); }

}  // namespace

Rest::Rest(std::unique_ptr<net::HttpClient> client, std::shared_ptr<Signer const> signer, unsigned tries)
    : Rest{std::move(client), std::move(signer), tries, Patience{}} {}

Rest::Rest(std::unique_ptr<net::HttpClient> client, std::shared_ptr<Signer const> signer, unsigned tries,
           Patience patience)
    : client_{std::move(client)},
      signer_{std::move(signer)},
      tries_{tries},
      patience_{patience},
      busy_{patience.busy_base, patience.busy_cap} {}

net::asio::awaitable<Result<net::Response>> Rest::send(std::string target, bool signed_in,
                                                       std::uint64_t body_bytes_max) {
    co_await bucket_.take(static_cast<double>(costs_.of(path_part(target))));
    net::Request request;
    request.target = std::move(target);
    request.body_bytes_max = body_bytes_max;
    if (signed_in && signer_ != nullptr) {
        // Signed when the turn has come: the time in the headers must be fresh.
        auto headers = signer_->headers("GET", client_->prefix() + request.target, arb::now());
        if (headers.has_error()) co_return headers.error();
        request.headers = std::move(headers.value());
    }
    co_return co_await client_->send(std::move(request));
}

net::asio::awaitable<Result<Document>> Rest::get(std::string target, bool signed_in,
                                                 std::uint64_t body_bytes_max) {
    net::Backoff backoff{patience_.base, patience_.cap};
    Error last;
    for (unsigned tried = 0; tried != tries_; ++tried) {
        if (tried != 0) co_await net::sleep(backoff.next());
        auto again = target;
        auto response = co_await send(std::move(again), signed_in, body_bytes_max);
        if (response.has_error()) {
            last = response.error();
            // A name, a certificate or a size does not change within a second: the scheduler tries again.
            if (last.where == "dns" || last.where == "tls" || last.where == "too_large") co_return last;
            continue;
        }
        auto const status = response->status;
        if (status == 200) {
            busy_.reset();
            auto document = Document::parse(response->body);
            if (document.has_value()) co_return document;
            last =
                retry(fmt::format("{}: {}: {}", client_->host(), path_part(target), document.error().text));
            continue;
        }
        if (auto document = Document::parse(response->body);
            document.has_value() && is_state_of_exchange(target, *document))
            co_return document;
        auto const words = error_text(response->body);
        last = retry(fmt::format("{} answered {} to {}{}{}", client_->host(), status, path_part(target),
                                 words.empty() ? "" : ": ", words));
        if (status == 429 || status == 503) {
            last.where = "busy";
            auto const pause = response->retry_after.count() >= 0 ? response->retry_after : busy_.next();
            bucket_.pause(pause);
            // Who waits for long is told so at once.
            if (pause >= told_after) {
                last.text += fmt::format("; it is asked again in {} s", pause / 1s);
                co_return last;
            }
        } else if (status == 401 || status == 403) {
            last.where = "auth";
            co_return last;
        } else if (status < 500) {
            last.status = ARB_PERMANENT;
            if (status == 404) last.where = "not_found";
            co_return last;
        }
    }
    co_return last;
}

net::asio::awaitable<Result<>> Rest::pages(std::string target, std::function<bool(Document const&)> take,
                                           bool signed_in) {
    std::set<std::string, std::less<>> seen;
    std::string cursor;
    for (std::size_t page = 0; page != pages_max; ++page) {
        auto next = with_query(target, "cursor", cursor);
        auto const document = co_await get(std::move(next), signed_in);
        if (document.has_error()) co_return document.error();
        if (!take(*document)) co_return Result<>{};
        if (document->odd_cursor())
            co_return retry(
                fmt::format("{}: {}: a page's cursor is no text", client_->host(), path_part(target)));
        cursor = std::string{document->cursor()};
        if (cursor.empty()) co_return Result<>{};
        if (!seen.insert(cursor).second)
            co_return retry(
                fmt::format("{}: {}: a page's cursor came twice", client_->host(), path_part(target)));
    }
    co_return retry(fmt::format("{}: {}: more than {} pages", client_->host(), path_part(target), pages_max));
}

std::string with_query(std::string base, std::string_view key, std::string_view value) {
    if (value.empty()) return base;
    base += base.find('?') == std::string::npos ? '?' : '&';
    return base.append(key).append("=").append(net::encode_query(value));
}

std::string joined(std::vector<std::string> const& tickers, std::size_t first, std::size_t count) {
    std::string out;
    auto const end = std::min(tickers.size(), first + count);
    for (auto at = first; at < end; ++at) out += (at == first ? "" : ",") + net::encode_query(tickers[at]);
    return out;
}

std::string books_target(std::vector<std::string> const& tickers, std::size_t first) {
    std::string out = "/markets/orderbooks";
    auto const end = std::min(tickers.size(), first + books_max);
    for (auto at = first; at < end; ++at) out = with_query(std::move(out), "tickers", tickers[at]);
    return out;
}

}  // namespace arb::kalshi
