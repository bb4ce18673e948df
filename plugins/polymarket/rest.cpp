#include "polymarket/rest.hpp"

#include <algorithm>

namespace arb::polymarket {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds backoff_base = 250ms;
constexpr std::chrono::milliseconds backoff_cap = 10s;
// A server that asks for a pause and does not say how long.
constexpr std::chrono::milliseconds pause_default = 5s;
// Longer pauses are not obeyed: the answer may be a mistake, and the catalogue would grow old.
constexpr std::chrono::milliseconds pause_max = 15min;
// As much of an error's body as a person needs.
constexpr std::size_t words_max = 160;

// The venue's own words, on one line: JSON, HTML or nothing.
std::string words(std::string_view body) {
    std::string out;
    for (auto const c : body.substr(0, words_max)) out += c >= ' ' && c < 127 ? c : ' ';
    return out;
}

std::string sentence(std::string const& host, net::Request const& request, net::Response const& response) {
    auto const path = request.target.substr(0, request.target.find('?'));
    std::string out =
        host + " answered " + std::to_string(response.status) + " to " + request.method + " " + path;
    if (!response.body.empty()) out += ": " + words(response.body);
    return out;
}

bool busy(int status) { return status == 429 || status == 425 || status == 503; }

}  // namespace

Rest::Rest(std::unique_ptr<net::HttpClient> client, unsigned tries, double per_second)
    : client_{std::move(client)}, tries_{tries}, bucket_{per_second, requests_burst_s * per_second} {}

net::asio::awaitable<Result<std::string>> Rest::send(net::Request request) {
    net::Backoff backoff{backoff_base, backoff_cap};
    Error last;
    for (unsigned tried = 0; tried != tries_; ++tried) {
        if (tried != 0) co_await net::sleep(backoff.next());
        co_await bucket_.take();
        auto response = co_await client_->send(request);
        if (response.has_error()) {
            last = response.error();
            continue;
        }
        if (response->status == 200) co_return std::move(response->body);
        auto text = sentence(client_->host(), request, *response);
        if (busy(response->status)) {
            auto const asked = response->retry_after;
            bucket_.pause(std::min(asked.count() > 0 ? asked : pause_default, pause_max));
        } else if (response->status < 500) {
            co_return permanent(std::move(text));
        }
        last = retry(std::move(text));
    }
    co_return last;
}

net::asio::awaitable<Result<std::string>> Rest::get(std::string target, std::vector<net::Header> headers) {
    net::Request request;
    request.target = std::move(target);
    request.headers = std::move(headers);
    co_return co_await send(std::move(request));
}

}  // namespace arb::polymarket
