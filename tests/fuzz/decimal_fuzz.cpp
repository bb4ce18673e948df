// Any text as a decimal: what is accepted comes back as the same number, and never as another.
#include <cstdlib>
#include <string_view>

#include "arbitrage/decimal.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text{reinterpret_cast<char const*>(data), size};
    auto const number = arb::parse_decimal(text);
    auto const slow = arb::detail::parse_long_decimal(text);
    // The quick way and the thorough one agree.
    if (number.error != slow.error || number.millionths != slow.millionths) std::abort();
    if (!number) {
        if (number.millionths != ARB_ABSENT) std::abort();
        return 0;
    }
    auto const again = arb::parse_decimal(arb::format_decimal(number.millionths));
    if (!again || again.millionths != number.millionths) std::abort();
    return 0;
}
