// A shared library that is no plugin.
extern "C" __attribute__((visibility("default"))) int arb_plugin_entry() { return 1; }
