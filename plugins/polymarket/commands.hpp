// One-off commands, and the probe of `arbitrage validate`. Each runs its own short event loop.
//
// Thread safety: any number at once; they share nothing.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "arbitrage/commands.hpp"
#include "net/session.hpp"
#include "polymarket/options.hpp"

namespace arb::polymarket {

// Runs a command of the manifest. ARB_RETRY: the venue cannot be reached; ARB_INVALID: an option is missing.
Result<> run_command(Settings const& settings, std::shared_ptr<net::Tls> const& tls, std::string_view name,
                     Options const& parameters, Rows const& row);

// Asks the CLOB for its time and Gamma for one event; names in `select` that the venue does not know are told
// to `warn`.
Result<> probe_services(Settings const& settings, std::shared_ptr<net::Tls> const& tls,
                        std::function<void(std::string const&)> const& warn);

}  // namespace arb::polymarket
