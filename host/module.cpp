#include "host/module.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/dll/runtime_symbol_info.hpp>
#include <boost/dll/shared_library.hpp>
#include <map>
#include <mutex>
#include <set>

#include "host/config/schema.hpp"

namespace arb::host {

namespace {

constexpr std::size_t files_max = 1000;  // of one folder; a folder of plugins holds a handful

// Never destroyed, on purpose: modules stay to the end of the process.
std::map<std::string, Module*>& loaded() {
    static auto& modules = *new std::map<std::string, Module*>;
    return modules;
}

// The libraries themselves, likewise; also those that turned out to be no plugins, whose code may have run.
std::vector<boost::dll::shared_library*>& libraries_kept() {
    static auto& libraries = *new std::vector<boost::dll::shared_library*>;
    return libraries;
}

std::string wrong_table(arb_plugin const* plugin, Role role) {
    if (plugin == nullptr || plugin->size < sizeof(arb_plugin)) return "returns no table";
    if (plugin->abi_version != ARB_ABI_VERSION)
        return fmt::format("speaks version {} of the plugin interface, not {}", plugin->abi_version,
                           ARB_ABI_VERSION);
    if (role == Role::venue) {
        auto const* const venue = plugin->venue;
        if (plugin->role != ARB_ROLE_VENUE || venue == nullptr || venue->size < sizeof(arb_venue) ||
            venue->create == nullptr || venue->run == nullptr || venue->stop == nullptr ||
            venue->destroy == nullptr)
            return "has an incomplete table of a venue";
        return {};
    }
    auto const* const sink = plugin->sink;
    if (plugin->role != ARB_ROLE_SINK || sink == nullptr || sink->size < sizeof(arb_sink) ||
        sink->create == nullptr || sink->start == nullptr || sink->write == nullptr ||
        sink->stop == nullptr || sink->destroy == nullptr)
        return "has an incomplete table of a sink";
    return {};
}

std::vector<std::filesystem::path> libraries(std::filesystem::path const& folder) {
    std::vector<std::filesystem::path> out;
    std::error_code failed;
    for (std::filesystem::directory_iterator at{folder, failed}, end;
         !failed && at != end && out.size() < files_max; at.increment(failed))
        if (at->path().extension() == ".so") out.push_back(at->path());
    std::sort(out.begin(), out.end());
    return out;
}

}  // namespace

std::vector<std::filesystem::path> plugin_folders(std::vector<std::filesystem::path> const& plugin_path) {
    auto out = plugin_path;
    boost::system::error_code failed;
    auto const program = boost::dll::program_location(failed);
    if (!failed)
        out.emplace_back(std::filesystem::path{program.string()}.parent_path().parent_path() /
                         "lib/arbitrage/plugins");
    out.emplace_back("/usr/local/lib/arbitrage/plugins");
    return out;
}

Result<Manifest> find_plugin(std::string const& id, std::vector<std::filesystem::path> const& folders) {
    std::error_code failed;
    for (auto const& folder : folders)
        if (auto const file = folder / (id + ".so"); std::filesystem::exists(file, failed))
            return read_manifest(file);
    std::vector<std::string> names;
    for (auto const& found : all_plugins(folders)) names.push_back(found.file.stem().string());
    auto const near = nearest(id, {names.begin(), names.end()});
    std::string looked;
    for (auto const& folder : folders)
        looked += (looked.empty() ? "" : ", ") + folder.lexically_normal().string();
    return permanent(near.empty() ? fmt::format("there is no plugin {}: no {}.so in {}", id, id, looked)
                                  : fmt::format("there is no plugin {}; did you mean {}? (looked in {})", id,
                                                near, looked));
}

std::vector<Found> all_plugins(std::vector<std::filesystem::path> const& folders) {
    std::vector<Found> out;
    std::set<std::string> seen;
    for (auto const& folder : folders)
        for (auto const& file : libraries(folder))
            if (seen.insert(file.stem().string()).second) out.push_back({file, read_manifest(file)});
    std::sort(out.begin(), out.end(),
              [](Found const& a, Found const& b) { return a.file.stem() < b.file.stem(); });
    return out;
}

Result<Module const*> load(Manifest const& manifest) {
    std::error_code ignored;
    auto const file = std::filesystem::weakly_canonical(manifest.file, ignored).string();
    if (auto const known = loaded().find(file); known != loaded().end()) return known->second;
    boost::system::error_code failed;
    auto* const library = new boost::dll::shared_library{};
    try {
        library->load(file, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local, failed);
        if (failed) {
            auto const* const why = ::dlerror();
            auto const sentence =
                fmt::format("{} cannot be loaded: {}", file, why != nullptr ? why : failed.message());
            delete library;
            return permanent(sentence);
        }
        libraries_kept().push_back(library);
        if (!library->has(ARB_PLUGIN_ENTRY))
            return permanent(fmt::format("{} does not export {}", file, ARB_PLUGIN_ENTRY));
        auto const entry = library->get<arb_plugin const*()>(ARB_PLUGIN_ENTRY);
        auto const* const plugin = entry();
        if (auto const wrong = wrong_table(plugin, manifest.role); !wrong.empty())
            return permanent(fmt::format("{} {}", file, wrong));
        auto* const module = new Module{manifest, plugin};
        loaded().emplace(file, module);
        return module;
    } catch (std::exception const& wrong) {
        return permanent(fmt::format("{} cannot be loaded: {}", file, wrong.what()));
    }
}

}  // namespace arb::host
