// A plugin of an interface that this program does not speak.
#include "arbitrage/abi/plugin.h"

struct Section {
    arb_manifest head;
    char text[3];
};
__attribute__((section(ARB_MANIFEST_SECTION), used)) static constexpr Section section = {
    {{'A', 'R', 'B', 'M', 'A', 'N', 'I', '1'}, 99, ARB_ROLE_VENUE, 2, 0}, "{}"};

extern "C" __attribute__((visibility("default"))) arb_plugin const* arb_plugin_entry() { return nullptr; }
