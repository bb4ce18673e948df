// Any bytes as pipeline.yaml: a tree or a problem with a place, and nothing that costs more than the file is
// long.
#include <cstdlib>
#include <string_view>

#include "host/config/document.hpp"
#include "host/config/variables.hpp"

namespace {

void walk(arb::host::Node const& node, int depth) {
    if (depth > 64) std::abort();  // the limit is 32 levels
    for (auto const& item : node.items) walk(item, depth + 1);
    for (auto const& entry : node.entries) walk(entry.value, depth + 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    arb::host::Problems problems;
    auto root = arb::host::read_yaml("pipeline.yaml", {reinterpret_cast<char const*>(data), size}, problems);
    if (!root) {
        if (problems.empty()) std::abort();  // refused without a word
        return 0;
    }
    arb::host::Variables const variables{std::map<std::string, std::string>{{"KEY", "value"}, {"EMPTY", ""}}};
    variables.expand(*root, "", problems);
    walk(*root, 0);
    for (auto const& problem : problems.sorted()) print(problem);
    return 0;
}
