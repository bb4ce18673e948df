// The base of a venue plugin. abi/venue.h says who calls what on which thread.
#pragma once

#include "arbitrage/commands.hpp"
#include "arbitrage/host.hpp"
#include "arbitrage/options.hpp"

namespace arb {

// Construct with (Host, Options const&) and throw ConfigurationError for an option that is wrong; connect
// nothing there. A venue with one-off commands or a probe also derives from Commands or Probe (commands.hpp).
class Venue {
  public:
    virtual ~Venue() = default;
    // Collects until host.stopping(); an earlier return is a failure and is repeated with backoff.
    virtual Result<> run() = 0;
    // Makes run return soon. Any thread, at any time.
    virtual void stop() noexcept {}
};

}  // namespace arb
