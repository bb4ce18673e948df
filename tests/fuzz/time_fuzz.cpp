// Any text as a time: what is accepted is printed and read back as the same microsecond, unless its offset
// led out of the years that are read.
#include <cstdlib>
#include <string_view>

#include "arbitrage/time.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const time = arb::parse_time({reinterpret_cast<char const*>(data), size});
    if (!time) return 0;
    auto const text = arb::format_time(*time);
    auto const again = arb::parse_time(text);
    if (text.starts_with("2262")) return 0;
    if (!again || *again != *time / 1000 * 1000) std::abort();
    return 0;
}
