#include "host/plugin.hpp"

namespace arb::host {

namespace {

// Calls into a module. A status other than ARB_OK without a text gets one; an unknown status counts as
// permanent.
template<class Function>
Result<> call(Function function) {
    auto error = empty_error();
    arb_status status = ARB_PERMANENT;
    try {
        status = function(&error);
    } catch (std::exception const& thrown) {
        return permanent(std::string{"the plugin threw an exception: "} + thrown.what());
    } catch (...) {
        return permanent("the plugin threw something that is not a std::exception");
    }
    if (status == ARB_OK) return {};
    // What a plugin wrote may lack its end.
    error.where[sizeof error.where - 1] = '\0';
    error.text[sizeof error.text - 1] = '\0';
    if (status < ARB_RETRY || status > ARB_INVALID) status = ARB_PERMANENT;
    auto out = from_c(status, error);
    if (out.text.empty()) out.text = "the plugin gave no reason";
    return out;
}

}  // namespace

Result<std::unique_ptr<Plugin>> Plugin::create(Instance& instance) {
    void* self = nullptr;
    auto const& module = instance.module();
    auto const make = module.manifest.role == Role::venue ? module.venue()->create : module.sink()->create;
    auto const made = call([&](arb_error* error) {
        return make(instance.table(), instance.config().options.c_str(), &self, error);
    });
    if (made.has_error()) return made.error();
    if (self == nullptr) return permanent("the plugin made no object");
    return std::unique_ptr<Plugin>{new Plugin{instance, self}};
}

Plugin::~Plugin() {
    auto const& module = instance_.module();
    try {
        (module.manifest.role == Role::venue ? module.venue()->destroy : module.sink()->destroy)(self_);
    } catch (...) {
        instance_.log(ARB_LOG_ERROR, "the plugin threw an exception when it was to be destroyed");
    }
}

Result<> Plugin::run() {
    return call([&](arb_error* error) { return instance_.module().venue()->run(self_, error); });
}

Result<arb_position> Plugin::start(std::span<std::uint8_t const, 16> journal) {
    arb_position stored{};
    auto const started = call([&](arb_error* error) {
        return instance_.module().sink()->start(self_, journal.data(), &stored, error);
    });
    if (started.has_error()) return started.error();
    return stored;
}

Result<std::uint32_t> Plugin::write(arb_batch const& batch) {
    arb_written written{sizeof written, 0};
    auto const done = call(
        [&](arb_error* error) { return instance_.module().sink()->write(self_, &batch, &written, error); });
    if (done.has_error()) return done.error();
    return written.dead_lettered;
}

void Plugin::stop() noexcept {
    auto const& module = instance_.module();
    try {
        (module.manifest.role == Role::venue ? module.venue()->stop : module.sink()->stop)(self_);
    } catch (...) {
        instance_.log(ARB_LOG_ERROR, "the plugin threw an exception when it was to stop");
    }
}

bool Plugin::has_probe() const { return instance_.module().extension<arb_probe>(ARB_PROBE) != nullptr; }

Result<> Plugin::probe() {
    auto const* const table = instance_.module().extension<arb_probe>(ARB_PROBE);
    if (table == nullptr || table->probe == nullptr) return {};
    return call([&](arb_error* error) { return table->probe(self_, error); });
}

Result<> Plugin::command(std::string const& name, std::string const& parameters,
                         std::function<bool(std::string_view)> const& row) {
    auto const* const table = instance_.module().extension<arb_commands>(ARB_COMMANDS);
    if (table == nullptr || table->run == nullptr)
        return permanent("the plugin's manifest lists commands, but the plugin does not run them");
    auto const take = [](void* context, arb_text text) -> std::int32_t {
        return (*static_cast<std::function<bool(std::string_view)> const*>(context))(view(text)) ? 0 : 1;
    };
    auto* const context = const_cast<std::function<bool(std::string_view)>*>(&row);
    return call([&](arb_error* error) {
        return table->run(self_, name.c_str(), parameters.c_str(), take, context, error);
    });
}

}  // namespace arb::host
