// The ways to hurt an arena. Each act begins and ends with a host that stores; an act that finds a promise
// broken throws std::runtime_error with a sentence.
#pragma once

#include <span>
#include <string_view>

#include "chaos/arena.hpp"

namespace arb::chaos {

struct Act {
    std::string_view name;
    std::string_view does;
    void (*run)(Arena&);
    bool postgres_only = false;
    bool random = true;  // may be part of a random plan; the others take long or need a world of their own
    World world{};
};

std::span<Act const> acts();
Act const* find_act(std::string_view name);

}  // namespace arb::chaos
