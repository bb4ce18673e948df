#include "venue/shard.hpp"

#include <xxhash.h>

#include <charconv>

namespace arb {

bool Shard::takes(std::string_view market_id) const {
    return whole() || 1 + XXH3_64bits(market_id.data(), market_id.size()) % count == number;
}

Result<Shard> parse_shard(std::string_view text) {
    if (text.empty()) return Shard{};
    auto const wrong = [&] {
        return invalid("", "expected a part and how many there are, such as \"2/8\" (at most " +
                               std::to_string(Shard::count_max) + "), got \"" + std::string{text} + "\"");
    };
    // from_chars takes digits alone for an unsigned number: no sign, no blank.
    auto const read = [](std::string_view digits, unsigned& value) {
        auto const* const end = digits.data() + digits.size();
        auto const [stopped, error] = std::from_chars(digits.data(), end, value);
        return error == std::errc{} && stopped == end;
    };
    Shard out;
    auto const slash = text.find('/');
    if (slash == std::string_view::npos || !read(text.substr(0, slash), out.number) ||
        !read(text.substr(slash + 1), out.count))
        return wrong();
    if (out.number == 0 || out.number > out.count || out.count > Shard::count_max) return wrong();
    return out;
}

}  // namespace arb
