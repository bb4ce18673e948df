// A loaded plugin, and where plugins are found. Modules are loaded once and never unloaded: threads,
// thread-local destructors and libraries of a plugin may outlive every instance of it.
//
// Thread safety: find_* from any thread; load one call at a time.
#pragma once

#include "arbitrage/abi/plugin.h"
#include "host/manifest.hpp"

namespace arb::host {

// The folders to look in, in order: `plugin_path` of the pipeline, lib/arbitrage/plugins beside the program,
// and where an administrator puts third-party plugins.
std::vector<std::filesystem::path> plugin_folders(std::vector<std::filesystem::path> const& plugin_path);

// The manifest of plugin `id`; ARB_PERMANENT with a sentence that says where it looked, and the nearest name.
Result<Manifest> find_plugin(std::string const& id, std::vector<std::filesystem::path> const& folders);

struct Found {
    std::filesystem::path file;
    Result<Manifest> manifest;
};

// Every .so of the folders, in order of name; of two with one name the first counts.
std::vector<Found> all_plugins(std::vector<std::filesystem::path> const& folders);

// A plugin whose code is in this process.
struct Module {
    Manifest manifest;
    arb_plugin const* plugin = nullptr;

    arb_venue const* venue() const { return plugin->venue; }
    arb_sink const* sink() const { return plugin->sink; }
    // An optional interface of the plugin, or null.
    template<class Interface>
    Interface const* extension(char const* id) const {
        auto const get = manifest.role == Role::venue ? plugin->venue->extension : plugin->sink->extension;
        return get != nullptr ? static_cast<Interface const*>(get(id)) : nullptr;
    }
};

// Loads the .so and checks the tables it returns. The same file gives the same module.
Result<Module const*> load(Manifest const& manifest);

}  // namespace arb::host
