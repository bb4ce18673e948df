// One-off commands and the probe: each runs its own loop on the caller's thread until it has its answer.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "arbitrage/commands.hpp"
#include "auth.hpp"
#include "options.hpp"

namespace arb::kalshi {

struct Access {
    Settings const& settings;
    std::shared_ptr<net::Tls> tls;
    std::shared_ptr<Signer const> signer;  // may be null
};

Result<> run_command(Access const& access, std::string_view name, Options const& parameters, Rows const& row);

// Whether the venue can be reached and, with a key, whether it accepts it; names in `select` that it does not
// know are told to `warn`.
Result<> probe_venue(Access const& access, std::function<void(std::string const&)> const& warn);

}  // namespace arb::kalshi
