// A venue written against the C tables that lets an exception out, as none may.
#include <stdexcept>

#include "arbitrage/abi/plugin.h"

namespace {

constexpr char text[] =
    R"({"id": "throwing", "version": "1", "description": "Throws.", "options": {"type": "object", "additionalProperties": false, "properties": {}}})";
struct Section {
    arb_manifest head;
    char bytes[sizeof text];
};
constexpr Section make_section() {
    Section out{
        {{'A', 'R', 'B', 'M', 'A', 'N', 'I', '1'}, ARB_ABI_VERSION, ARB_ROLE_VENUE, sizeof text - 1, 0}, {}};
    for (unsigned i = 0; i != sizeof text; ++i) out.bytes[i] = text[i];
    return out;
}
__attribute__((section(ARB_MANIFEST_SECTION), used)) constexpr Section section = make_section();

int object = 0;
arb_status create(arb_host const*, char const*, void** self, arb_error*) {
    *self = &object;
    return ARB_OK;
}
arb_status run(void*, arb_error*) { throw std::runtime_error{"out of a plugin"}; }
void stop(void*) { throw 7; }
void destroy(void*) {}

constexpr arb_venue venue{sizeof(arb_venue), 0, create, run, stop, destroy, nullptr};
constexpr arb_plugin plugin{sizeof(arb_plugin), ARB_ABI_VERSION, ARB_ROLE_VENUE, 0, &venue, nullptr};

}  // namespace

extern "C" __attribute__((visibility("default"))) arb_plugin const* arb_plugin_entry() { return &plugin; }
