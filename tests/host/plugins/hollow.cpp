// A plugin whose manifest is good and whose entry gives nothing.
#include "arbitrage/abi/plugin.h"

namespace {
constexpr char text[] =
    R"({"id": "hollow", "version": "1", "description": "Empty.", "options": {"type": "object"}})";
struct Section {
    arb_manifest head;
    char bytes[sizeof text];
};
constexpr Section make() {
    Section out{
        {{'A', 'R', 'B', 'M', 'A', 'N', 'I', '1'}, ARB_ABI_VERSION, ARB_ROLE_VENUE, sizeof text - 1, 0}, {}};
    for (unsigned i = 0; i != sizeof text; ++i) out.bytes[i] = text[i];
    return out;
}
__attribute__((section(ARB_MANIFEST_SECTION), used)) constexpr Section section = make();
}  // namespace

extern "C" __attribute__((visibility("default"))) arb_plugin const* arb_plugin_entry() { return nullptr; }
