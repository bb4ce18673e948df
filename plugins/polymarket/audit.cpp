#include "polymarket/audit.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <utility>

#include "polymarket/messages.hpp"
#include "polymarket/put_off.hpp"

namespace arb::polymarket {

namespace {

using Clock = std::chrono::steady_clock;

// The venue takes 500 tokens a request; half keeps its answers small.
constexpr std::size_t tokens_per_request = 250;
// Books out of turn; more have their turn anyway.
constexpr std::size_t soon_max = 1'000;

}  // namespace

// Collects the books of REST that ours cannot be.
class Audit::Reader final : public EventSink {
  public:
    Reader(Host const& host, Prices& prices, arb_time asked_at)
        : host_{host}, prices_{prices}, asked_at_{asked_at} {}

    void event(StreamEvent const& event) override {
        prices_.drift().check(event, "POST /books");
        auto* const token = prices_.token(event.asset_id);
        auto const time = read_book_time(event.timestamp);
        if (token == nullptr || !token->keeps_book || !time) return;
        auto const ours = token->book.time();
        if (token->live && *time < ours) return host_.count("audits", 1, "older");
        if (!levels_.read(event)) return host_.count("audits", 1, "unreadable");
        // The levels are the proof and not the hash: the one we hold is the venue's own, and it runs ahead of
        // what the venue has said at times. One that was asked for anew, and REST has it, has to come.
        if (!token->live || *time != ours || !token->book.is(levels_))
            return doubts.push_back({token->id, *time, levels_, token->live && *time == ours, asked_at_});
        token->right_at = std::max(token->right_at, asked_at_);
        host_.count("audits", 1, "same");
    }
    std::vector<Doubt> doubts;

  private:
    Host const& host_;
    Prices& prices_;
    arb_time const asked_at_;
    BookReader levels_;
};

Audit::Audit(Host host, Prices& prices, Rest& clob, Timing const& timing, Events events)
    : host_{host}, prices_{prices}, clob_{clob}, timing_{timing}, events_{std::move(events)} {}

std::vector<Audit::Doubt> Audit::compare(std::string_view books, arb_time asked_at) {
    Reader reader{host_, prices_, asked_at};
    StreamDecoder decoder;
    if (decoder.decode(books, reader) != Frame::events) {
        host_.count("audits", 1, "unreadable");
        prices_.drift().keep("POST /books", "the answer is not JSON", books);
    }
    return std::move(reader.doubts);
}

// Whether REST contradicted a busy book before, and it was not right since. Two answers about the same moment
// are one.
bool Audit::again(Token& token, Doubt const& doubt) const {
    if (!doubt.same_time) return false;
    bool const first = token.contradicted_at == 0 || token.right_at >= token.contradicted_at;
    auto const apart = std::chrono::nanoseconds{timing_.rest_ahead}.count();
    if (!first && doubt.asked_at - token.contradicted_at >= apart) return true;
    if (first) token.contradicted_at = doubt.asked_at;
    return false;
}

void Audit::judge(std::vector<Doubt> const& doubts, arb_time now) {
    auto const quiet = std::chrono::nanoseconds{timing_.quiet_after}.count();
    for (auto const& doubt : doubts) {
        auto* const token = prices_.token(doubt.token);
        if (token == nullptr) continue;
        auto const ours = token->book.time();
        bool const caught_up = ours == doubt.time && token->book.is(doubt.levels);
        if (token->live && (caught_up || (ours > doubt.time && !again(*token, doubt)))) {
            if (caught_up) token->right_at = std::max(token->right_at, doubt.asked_at);
            host_.count("audits", 1, "caught_up");
            continue;
        }
        host_.count("audits", 1, "different");
        auto& market = *token->market;
        if (now - market.heard >= quiet)
            events_.stalled(market);
        else if (token->live)
            events_.differs(*token, "book_differs");
    }
}

void Audit::look_soon(std::string const& token_id) {
    if (soon_.size() < soon_max) soon_.push_back(token_id);
}

void Audit::go_on() {
    auto const now = Clock::now();
    if (!line_.empty() || now < next_round_) return;
    if (at_ == 0) round_began_ = now;
    auto const looks = std::max<std::int64_t>(1, timing_.audit_round / timing_.audit_every);
    bool const ended = prices_.visit_part(at_, static_cast<std::size_t>(looks), [&](Market const& market) {
        for (auto const& token : market.tokens)
            if (token.keeps_book && market.heard != 0) line_.push_back(token.id);
    });
    if (ended) next_round_ = round_began_ + timing_.audit_round;
}

std::vector<std::string> Audit::next_tokens() {
    std::vector<std::string> tokens;
    for (auto* const line : {&soon_, &line_})
        for (; !line->empty() && tokens.size() != tokens_per_request; line->pop_front())
            if (prices_.token(line->front()) != nullptr) tokens.push_back(std::move(line->front()));
    return tokens;
}

net::asio::awaitable<void> Audit::run() {
    while (!host_.stopping()) {
        co_await net::sleep(timing_.audit_every);
        co_await wait_for_room(host_, "audits");
        go_on();
        // A second's share of the whole venue takes three requests.
        for (auto tokens = next_tokens(); !tokens.empty(); tokens = next_tokens())
            co_await ask(std::move(tokens));
    }
}

net::asio::awaitable<void> Audit::ask(std::vector<std::string> tokens) {
    net::Request request;
    request.method = "POST";
    request.target = "/books";
    request.headers = {{"Content-Type", "application/json"}};
    request.body = books_body(tokens);
    auto const asked_at = host_.now();
    auto const books = co_await clob_.send(std::move(request));
    if (books.has_error()) {
        // The next will do; but whoever relies on it is to know.
        host_.count("audits", 1, "failed");
        if (!std::exchange(failing_, true))
            host_.warning("books cannot be compared with REST: " + books.error().text + "; tried again");
        co_return;
    }
    failing_ = false;
    auto doubts = compare(*books, asked_at);
    if (doubts.empty()) co_return;
    auto const executor = co_await net::asio::this_coro::executor;
    net::asio::co_spawn(executor, judge_later(std::move(doubts)), rethrow);
}

net::asio::awaitable<void> Audit::judge_later(std::vector<Doubt> doubts) {
    co_await net::sleep(timing_.rest_ahead);
    judge(doubts, host_.now());
}

}  // namespace arb::polymarket
