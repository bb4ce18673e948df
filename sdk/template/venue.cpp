// The smallest complete venue: one market whose price is the second of the minute.
#include <thread>

#include "arbitrage/export.hpp"

namespace {

constexpr char manifest[] = R"({
  "id": "my_venue", "version": "0.1.0", "description": "A clock that looks like a market",
  "options": {"type": "object", "additionalProperties": false, "properties": {
    "every": {"type": "string", "format": "duration", "default": "1s", "description": "Between two quotes"}}}})";

class MyVenue final : public arb::Venue {
  public:
    MyVenue(arb::Host host, arb::Options const& options)
        : host_{host}, every_{options.duration("every", std::chrono::seconds{1})} {}

    // Collects until the host says stop; an earlier return is a failure and is repeated with backoff.
    arb::Result<> run() override {
        host_.report(ARB_STATE_LIVE, "ticking");
        for (arb::Packets packets; !host_.stopping(); std::this_thread::sleep_for(every_)) {
            {
                auto quote = packets.add<arb_quote>("my_venue", host_.now());
                quote.text(&arb_quote::market_id, "SECOND");
                quote->bid = host_.now() / 1'000'000'000 % 60 * (ARB_UNIT / 60);
            }
            if (auto const pushed = host_.push(packets); pushed.has_error()) return pushed.error();
        }
        return {};
    }

  private:
    arb::Host host_;
    std::chrono::milliseconds every_;
};

}  // namespace

ARB_EXPORT_VENUE(MyVenue, manifest)
