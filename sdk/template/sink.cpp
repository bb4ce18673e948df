// The smallest complete sink: prints the bid and ask of every quote.
#include <cstdio>

#include "arbitrage/decimal.hpp"
#include "arbitrage/export.hpp"

namespace {

constexpr char manifest[] = R"({
  "id": "my_sink", "version": "0.1.0", "description": "Prints quotes",
  "options": {"type": "object", "additionalProperties": false, "properties": {
    "prefix": {"type": "string", "default": "", "description": "What a line begins with"}}}})";

class MySink final : public arb::Sink {
  public:
    MySink(arb::Host host, arb::Options const& options) : host_{host}, prefix_{options.text("prefix")} {}

    // Stores a batch. On arb::retry("why") the same batch comes again; the number is that of dead letters.
    arb::Result<std::uint32_t> write(arb::Batch const& batch) override {
        for (auto const* packet : arb::packets(batch))
            if (auto const* quote = arb::as<arb_quote>(*packet))
                std::printf("%s%s %s %s\n", prefix_.c_str(),
                            std::string{arb::text(*packet, quote->market_id)}.c_str(),
                            side(quote->bid).c_str(), side(quote->ask).c_str());
        host_.report(ARB_STATE_LIVE, "printing");
        return 0;
    }

  private:
    static std::string side(std::int64_t price) {
        return price == ARB_ABSENT ? "-" : arb::format_decimal(price);
    }
    arb::Host host_;
    std::string prefix_;
};

}  // namespace

ARB_EXPORT_SINK(MySink, manifest)
