// Makes a class a plugin: ARB_EXPORT_VENUE(Class, manifest) or ARB_EXPORT_SINK(Class, manifest), once per
// module. `manifest` is a string literal or a constexpr char array holding the JSON that abi/plugin.h
// describes.
#pragma once

#include <array>
#include <memory>
#include <type_traits>

#include "arbitrage/abi/plugin.h"
#include "arbitrage/sink.hpp"
#include "arbitrage/venue.hpp"

namespace arb::detail {

template<std::size_t N>
struct ManifestSection {
    arb_manifest header;
    char text[N];
};

template<std::size_t N>
constexpr ManifestSection<N> manifest_section(std::uint32_t role, char const (&text)[N]) {
    ManifestSection<N> out{{{'A', 'R', 'B', 'M', 'A', 'N', 'I', '1'}, ARB_ABI_VERSION, role, N - 1, 0}, {}};
    for (std::size_t i = 0; i != N; ++i) out.text[i] = text[i];
    return out;
}

// No exception may leave a plugin: whatever a function throws becomes an error.
template<class Function>
arb_status guarded(arb_error* error, Function function) noexcept {
    try {
        return function();
    } catch (ConfigurationError const& wrong) {
        return to_c(invalid(wrong.where, wrong.what()), error);
    } catch (std::exception const& thrown) {
        return to_c(permanent(thrown.what()), error);
    } catch (...) {
        return to_c(permanent("something other than a std::exception was thrown"), error);
    }
}

template<class T>
arb_status finish(Result<T> const& result, arb_error* error) {
    return result.has_error() ? to_c(result.error(), error) : static_cast<arb_status>(ARB_OK);
}

template<class Plugin>
struct Entry {
    static arb_status create(arb_host const* host, char const* options, void** self,
                             arb_error* error) noexcept {
        return guarded(error, [&]() -> arb_status {
            if (host->abi_version != ARB_ABI_VERSION || host->size < sizeof(arb_host))
                return to_c(permanent("this plugin was built for another version of the host"), error);
            *self = new Plugin{Host{host}, Options{std::string_view{options}}};
            return ARB_OK;
        });
    }
    static void destroy(void* self) noexcept { delete static_cast<Plugin*>(self); }
    static void stop(void* self) noexcept { static_cast<Plugin*>(self)->stop(); }

    static arb_status command(void* self, char const* name, char const* parameters, arb_row_function row,
                              void* context, arb_error* error) noexcept {
        return guarded(error, [&] {
            auto const rows = [&](boost::json::object const& object) {
                auto const text = boost::json::serialize(object);
                return row(context, to_c(std::string_view{text})) == 0;
            };
            return finish(
                static_cast<Plugin*>(self)->command(name, Options{std::string_view{parameters}}, rows),
                error);
        });
    }
    static arb_status probe(void* self, arb_error* error) noexcept {
        return guarded(error, [&] { return finish(static_cast<Plugin*>(self)->probe(), error); });
    }
    static void const* extension(char const* id) noexcept {
        std::string_view const wanted{id};
        if constexpr (std::is_base_of_v<Commands, Plugin>) {
            static constexpr arb_commands table{sizeof(arb_commands), 0, &Entry::command};
            if (wanted == ARB_COMMANDS) return &table;
        }
        if constexpr (std::is_base_of_v<Probe, Plugin>) {
            static constexpr arb_probe table{sizeof(arb_probe), 0, &Entry::probe};
            if (wanted == ARB_PROBE) return &table;
        }
        return nullptr;
    }

    // Venues only.
    static arb_status run(void* self, arb_error* error) noexcept {
        return guarded(error, [&] { return finish(static_cast<Plugin*>(self)->run(), error); });
    }
    // Sinks only.
    static arb_status start(void* self, std::uint8_t const journal[16], arb_position* stored,
                            arb_error* error) noexcept {
        return guarded(error, [&] {
            auto const result =
                static_cast<Plugin*>(self)->start(std::span<std::uint8_t const, 16>{journal, 16});
            if (result.has_value()) *stored = result.value();
            return finish(result, error);
        });
    }
    static arb_status write(void* self, arb_batch const* batch, arb_written* written,
                            arb_error* error) noexcept {
        return guarded(error, [&] {
            auto const result = static_cast<Plugin*>(self)->write(*batch);
            if (result.has_value()) written->dead_lettered = result.value();
            return finish(result, error);
        });
    }
};

template<class Plugin>
arb_plugin const* venue_entry() {
    using E = Entry<Plugin>;
    static constexpr arb_venue venue{sizeof(arb_venue), 0,           &E::create,   &E::run,
                                     &E::stop,          &E::destroy, &E::extension};
    static constexpr arb_plugin plugin{
        sizeof(arb_plugin), ARB_ABI_VERSION, ARB_ROLE_VENUE, 0, &venue, nullptr};
    return &plugin;
}

template<class Plugin>
arb_plugin const* sink_entry() {
    using E = Entry<Plugin>;
    static constexpr arb_sink sink{sizeof(arb_sink), 0,        &E::create,  &E::start,
                                   &E::write,        &E::stop, &E::destroy, &E::extension};
    static constexpr arb_plugin plugin{sizeof(arb_plugin), ARB_ABI_VERSION, ARB_ROLE_SINK, 0, nullptr, &sink};
    return &plugin;
}

}  // namespace arb::detail

#define ARB_EXPORT(role, entry, manifest)                                                           \
    __attribute__((section(ARB_MANIFEST_SECTION), used)) static constexpr auto arb_manifest_bytes = \
        arb::detail::manifest_section(role, manifest);                                              \
    extern "C" __attribute__((visibility("default"))) arb_plugin const* arb_plugin_entry();         \
    arb_plugin const* arb_plugin_entry() { return arb::detail::entry; }

#define ARB_EXPORT_VENUE(Class, manifest) ARB_EXPORT(ARB_ROLE_VENUE, venue_entry<Class>(), manifest)
#define ARB_EXPORT_SINK(Class, manifest) ARB_EXPORT(ARB_ROLE_SINK, sink_entry<Class>(), manifest)
