// A venue whose every push holds what no database takes, between two quotes that must be stored all the same:
// one that says it came in 1990, and one with a bid of 0.666666, which an arena's PostgreSQL is told to
// refuse.
#include <condition_variable>
#include <mutex>

#include "arbitrage/export.hpp"
#include "arbitrage/time.hpp"

namespace {

constexpr char manifest[] = R"({
  "id": "poison", "version": "1.0.0", "description": "Good quotes with bad ones between them",
  "options": {"type": "object", "additionalProperties": false, "properties": {}}})";

// Rarely enough for the breaker of the sinks, which takes 1 in 100 for a fault of something else.
constexpr std::chrono::seconds every{3};
constexpr arb_time in_1990 = 631'152'000 * arb::second_ns;
constexpr std::int64_t refused_bid = 666'666;

class Poison final : public arb::Venue {
  public:
    Poison(arb::Host host, arb::Options const&) : host_{host} {}

    arb::Result<> run() override {
        host_.report(ARB_STATE_LIVE, "poisoning");
        do {
            auto const now = host_.now();
            auto const number = now / arb::millisecond_ns % 1'000'000'000'000;  // says which push it was
            quote("BEFORE", now, number);
            quote("OLD", in_1990, number);
            quote("REFUSED", now, refused_bid);
            quote(std::string_view{"AFTER\0\xFF", 7}, now, number);
            if (auto const pushed = host_.push(packets_); pushed.has_error()) return pushed.error();
        } while (!stopped_within(every));
        return {};
    }
    void stop() noexcept override {
        std::lock_guard const lock{mutex_};
        stopped_ = true;
        wake_.notify_all();
    }

  private:
    void quote(std::string_view market, arb_time received, std::int64_t bid) {
        auto draft = packets_.add<arb_quote>("poison", received);
        draft->bid = bid;
        draft.text(&arb_quote::market_id, market);
    }
    bool stopped_within(std::chrono::seconds time) {
        std::unique_lock lock{mutex_};
        return wake_.wait_for(lock, time, [&] { return stopped_; });
    }

    arb::Host const host_;
    arb::Packets packets_;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool stopped_ = false;
};

}  // namespace

ARB_EXPORT_VENUE(Poison, manifest)
