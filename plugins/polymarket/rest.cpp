#include "polymarket/rest.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "polymarket/decode_calls.hpp"

namespace arb::polymarket {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds backoff_base = 250ms;
constexpr std::chrono::milliseconds backoff_cap = 10s;
// A server that asks for a pause and does not say how long.
constexpr std::chrono::milliseconds pause_default = 5s;
// Longer pauses are not obeyed: the answer may be a mistake, and the catalogue would grow old.
constexpr std::chrono::milliseconds pause_max = 15min;
// A longer pause is obeyed by the next request; this one's caller is told, for nobody should wait
// unknowingly.
constexpr std::chrono::milliseconds patience = 10s;
// As much of an error's body as a person needs.
constexpr std::size_t words_max = 160;

// A content delivery network speaks HTML where it lets nobody through, whatever the status.
bool is_page(std::string_view body) {
    auto const first = body.find_first_not_of(" \r\n\t");
    return first != std::string_view::npos && body[first] == '<';
}

std::string_view title_of(std::string_view page) {
    constexpr std::string_view opening = "<title>";
    auto const begin = page.find(opening);
    if (begin == std::string_view::npos) return {};
    auto const title = page.substr(begin + opening.size());
    return title.substr(0, title.find('<'));
}

// Why the venue refused, on one line: {"error":"..."}, a web page's title, or whatever else it wrote.
std::string words(std::string_view body) {
    auto said = plain_member(body, "error");
    if (said.empty()) said = is_page(body) ? title_of(body) : body;
    std::string out;
    for (auto const c : said.substr(0, words_max)) out += c >= ' ' && c < 127 ? c : ' ';
    return out;
}

std::string sentence(std::string const& host, net::Request const& request, net::Response const& response) {
    auto const path = request.target.substr(0, request.target.find('?'));
    auto out = fmt::format("{} answered {} to {} {}{}", host, response.status, request.method, path,
                           is_page(response.body) ? " with a web page" : "");
    auto const why = words(response.body);
    return why.empty() ? out : out + ": " + why;
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
            // A name, a certificate or a size does not change within a second: the caller comes again.
            if (last.where == "dns" || last.where == "tls" || last.where == "too_large") co_return last;
            continue;
        }
        auto const status = response->status;
        if (status == 200 && !is_page(response->body)) co_return std::move(response->body);
        auto text = sentence(client_->host(), request, *response);
        if (busy(status)) {
            auto const asked = response->retry_after;
            auto const wait = std::min(asked.count() > 0 ? asked : pause_default, pause_max);
            bucket_.pause(wait);
            if (wait > patience)
                co_return retry(fmt::format("{}; it asks for a pause of {} s", text, wait.count() / 1000));
        } else if (status == 401) {
            co_return Error{ARB_PERMANENT, std::move(text), "auth"};
        } else if (status < 500 && !is_page(response->body)) {
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
