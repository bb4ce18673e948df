// What is in dead_letters, as people and the replay need it.
//
// Thread safety: as the dialect's.
#pragma once

#include <memory>

#include "arbitrage/commands.hpp"
#include "arbitrage/packet.hpp"
#include "sinks/sql/dialect.hpp"

namespace arb::sql {

// A packet that was set aside. `packet` is null where the bytes are not a packet this version knows; then
// `problem` says why.
struct DeadLetter {
    std::int64_t key = 0;
    std::string reason;
    std::unique_ptr<std::byte[]> bytes;
    arb_packet const* packet = nullptr;
    std::string problem;
};

// The keys of those the parameters name (position, instance, kind, reason, limit), the oldest first.
std::vector<std::int64_t> find_dead_letters(Dialect& dialect, Options const& parameters);
// Null if it is gone.
std::unique_ptr<DeadLetter> read_dead_letter(Dialect& dialect, std::int64_t key);

void list_dead_letters(Dialect& dialect, Options const& parameters, arb::Rows const& row);
void show_dead_letters(Dialect& dialect, Options const& parameters, arb::Rows const& row);

}  // namespace arb::sql
