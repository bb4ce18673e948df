// Optional abilities of a venue or sink: one-off commands, and a probe of what it needs.
#pragma once

#include <boost/json.hpp>
#include <functional>
#include <stdexcept>
#include <string>

#include "arbitrage/abi/ext/commands.h"
#include "arbitrage/abi/ext/probe.h"
#include "arbitrage/options.hpp"

namespace arb {

// Thrown by a plugin's constructor: which option (a JSON pointer such as "/key_file") and what is wrong with
// it.
class ConfigurationError : public std::runtime_error {
  public:
    ConfigurationError(std::string option, std::string const& text)
        : std::runtime_error{text}, where{std::move(option)} {}
    std::string const where;
};

// Takes a row; false: no more are wanted.
using Rows = std::function<bool(boost::json::object const&)>;

class Commands {
  public:
    virtual ~Commands() = default;
    // Runs a command of the manifest on an instance that is not running. [control] [may-block]
    virtual Result<> command(std::string_view name, Options const& parameters, Rows const& row) = 0;
};

class Probe {
  public:
    virtual ~Probe() = default;
    // Reaches the service once, within 15 s. [control] [may-block]
    virtual Result<> probe() = 0;
};

}  // namespace arb
