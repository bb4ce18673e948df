// A sink's .so, loaded and driven through its tables as the host does it.
#pragma once

#include <dlfcn.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "arbitrage/abi/plugin.h"
#include "tests/bench/quiet_host.hpp"

namespace arb::bench {

// Thread safety: none. Throws std::runtime_error with the sink's own words.
class LoadedSink {
  public:
    LoadedSink(std::string const& file, std::string const& options) : host_{"bench"} {
        void* const module = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
        if (module == nullptr) throw std::runtime_error{dlerror()};
        auto const entry = reinterpret_cast<arb_plugin_entry_function>(dlsym(module, ARB_PLUGIN_ENTRY));
        if (entry == nullptr) throw std::runtime_error{file + " is not a plugin"};
        sink_ = entry()->sink;
        expect(sink_->create(host_.table(), options.c_str(), &self_, &error_));
        arb_position stored{};
        std::uint8_t const journal[16]{1};
        expect(sink_->start(self_, journal, &stored, &error_));
    }
    ~LoadedSink() { sink_->destroy(self_); }
    LoadedSink(LoadedSink const&) = delete;
    LoadedSink& operator=(LoadedSink const&) = delete;

    void write(std::vector<arb_packet const*> const& packets) {
        arb_batch const batch{sizeof(arb_batch),
                              static_cast<std::uint32_t>(packets.size()),
                              packets.data(),
                              {1},
                              {1, packets.front()->position},
                              {1, packets.back()->position}};
        arb_written written{sizeof(arb_written), 0};
        expect(sink_->write(self_, &batch, &written, &error_));
        if (written.dead_lettered != 0) throw std::runtime_error{"packets became dead letters"};
    }

  private:
    void expect(arb_status status) const {
        if (status != ARB_OK) throw std::runtime_error{error_.text};
    }
    QuietHost const host_;
    arb_sink const* sink_ = nullptr;
    void* self_ = nullptr;
    arb_error error_ = empty_error();
};

}  // namespace arb::bench
