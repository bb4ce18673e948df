// An object that a module made for an instance, with errors as results: whatever its functions throw or
// return in error stays here.
//
// Thread safety: as abi/venue.h and abi/sink.h say; stop from any thread. Ownership: destroys the object.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "arbitrage/abi/ext/commands.h"
#include "arbitrage/abi/ext/probe.h"
#include "host/instance.hpp"

namespace arb::host {

class Plugin {
  public:
    static Result<std::unique_ptr<Plugin>> create(Instance& instance);
    ~Plugin();
    Plugin(Plugin const&) = delete;
    Plugin& operator=(Plugin const&) = delete;

    // Venues.
    Result<> run();
    // Sinks.
    Result<arb_position> start(std::span<std::uint8_t const, 16> journal);
    Result<std::uint32_t> write(arb_batch const& batch);
    // Both.
    void stop() noexcept;
    bool has_probe() const;
    Result<> probe();
    // `row` takes a JSON object as text; false: no more are wanted.
    Result<> command(std::string const& name, std::string const& parameters,
                     std::function<bool(std::string_view)> const& row);

  private:
    Plugin(Instance& instance, void* self) : instance_{instance}, self_{self} {}

    Instance& instance_;
    void* const self_;
};

}  // namespace arb::host
