// A listing service without a network, a catalogue that sweeps it, and the rows it lists.
#pragma once

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "polymarket/catalogue.hpp"
#include "support/recording_host.hpp"

namespace arb::polymarket::test {

// A listing service that answers from a table, by the beginning of the target; the longest one counts.
class Listing final : public net::HttpClient {
  public:
    explicit Listing(std::map<std::string, std::string> const& answers, std::vector<std::string>& asked)
        : answers_{answers}, asked_{asked} {}
    net::asio::awaitable<Result<net::Response>> send(net::Request request) override {
        asked_.push_back(request.target);
        net::Response response;
        response.status = 404;
        std::size_t best = 0;
        for (auto const& [target, body] : answers_)
            if (request.target.rfind(target, 0) == 0 && target.size() >= best) {
                best = target.size();
                response.status = 200;
                response.body = body;
            }
        co_return response;
    }
    std::string const& host() const override { return host_; }
    std::string const& prefix() const override { return prefix_; }

  private:
    std::map<std::string, std::string> const& answers_;
    std::vector<std::string>& asked_;
    std::string const host_ = "listing.test", prefix_;
};

struct Swept {
    explicit Swept(Select select = {})
        : catalogue{host.host(),
                    outbox,
                    gaps,
                    drift,
                    gamma,
                    select,
                    std::chrono::minutes{5},
                    std::chrono::hours{24},
                    events()} {}

    bool sweep() { return wait(catalogue.sweep()); }
    bool wait(net::asio::awaitable<bool> task) {
        bool complete = false;
        net::asio::co_spawn(io, std::move(task), [&](std::exception_ptr const& thrown, bool result) {
            if (thrown) std::rethrow_exception(thrown);
            complete = result;
        });
        io.restart();
        io.run();
        outbox.flush();
        return complete;
    }
    // Runs what was spawned until it holds; false after a time in which it should have.
    template<class Holds>
    bool until(Holds const& holds) {
        io.restart();
        auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
        while (!holds() && std::chrono::steady_clock::now() < deadline)
            io.run_for(std::chrono::milliseconds{20});
        outbox.flush();
        return holds();
    }
    template<class Task>
    void spawn(Task task) {
        net::asio::co_spawn(io, std::move(task), [](std::exception_ptr const& thrown) {
            if (thrown) std::rethrow_exception(thrown);
        });
    }
    bool was_asked(std::string const& target) const {
        return std::find(asked.begin(), asked.end(), target) != asked.end();
    }
    Catalogue::Events events() {
        Catalogue::Events out;
        out.opened = [this](MarketRow const& row) { opened.push_back(row.id); };
        out.ended = [this](std::string const& id) { ended.push_back(id); };
        out.closed = [this](MarketRow const& row) { closed.push_back(row.id); };
        out.relisted = [this](MarketRow const& row) { relisted.push_back(row); };
        out.on_stream = [this](std::string const&) { return on_stream; };
        out.failed = [this](std::string const& sentence) { failure = sentence; };
        return out;
    }

    std::map<std::string, std::string> answers;
    std::vector<std::string> asked, opened, ended, closed;
    std::vector<MarketRow> relisted;
    bool on_stream = false;
    std::string failure;
    arb::test::RecordingHost host{"polymarket"};
    boost::asio::io_context io;
    Outbox outbox{io.get_executor(), host.host(), {}};
    Gaps gaps{outbox, host.host(), "polymarket"};
    Drift drift{host.host(), outbox};
    Rest gamma{std::make_unique<Listing>(answers, asked), 1, 1e6};  // as often as a test likes
    Catalogue catalogue;
};

// A market that takes orders; `more` are members before its own, of which the last of a name counts.
inline std::string market(std::string const& id, std::string const& more = "") {
    return "{" + more + R"("conditionId":")" + id + R"(","question":"Q)" + id +
           R"(","outcomes":"[\"Yes\", \"No\"]","clobTokenIds":"[\"1)" + id.substr(2) + R"(\", \"2)" +
           id.substr(2) +
           R"(\"]","active":true,"acceptingOrders":true,"enableOrderBook":true,"volume24hr":5000,"bestBid":0.4})";
}
inline std::string event(std::string const& id, std::string const& markets,
                         std::string const& tag = "politics") {
    return R"({"id":")" + id + R"(","slug":"event-)" + id + R"(","title":"E","tags":[{"slug":")" + tag +
           R"("}],"markets":[)" + markets + "]}";
}
inline std::string page(std::string const& events, std::string const& cursor = "") {
    return R"({"events":[)" + events + "]" + (cursor.empty() ? "" : R"(,"next_cursor":")" + cursor + "\"") +
           "}";
}
inline std::string not_accepting(std::string market) {
    return market.replace(market.rfind("\"acceptingOrders\":true"), 22, "\"acceptingOrders\":false");
}
inline std::string const listing = "/events/keyset?closed=false&limit=200&order=id&ascending=true";

}  // namespace arb::polymarket::test
