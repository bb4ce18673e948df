#include "polymarket/trade_ids.hpp"

#include <fmt/format.h>

#include "arbitrage/time.hpp"

namespace arb::polymarket {

namespace {

// FNV-1a: trades are rare, and the number must be the same in every build, because it is stored.
std::uint64_t mix(std::uint64_t hash, std::string_view bytes) {
    for (auto const c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
    return hash;
}

}  // namespace

std::uint64_t print_hash(Print const& print) {
    auto const when = print.transaction.empty() ? std::to_string(print.time / second_ns) : std::string{};
    auto const rest = fmt::format("|{}|{}|{}|{}|", print.asset_id, print.side, print.price, print.size);
    return mix(mix(mix(0xCBF29CE484222325u, print.transaction), rest), when);
}

std::string trade_id(Print const& print, unsigned occurrence) {
    if (print.transaction.empty()) return {};
    return fmt::format("{}:{:016x}:{}", print.transaction, print_hash(print), occurrence);
}

unsigned Occurrences::next(std::uint64_t print) {
    auto const [found, fresh] = counts_.try_emplace(print, 0);
    if (!fresh) return ++found->second;
    if (ring_.size() < prints_max) {
        ring_.push_back(print);
        return 0;
    }
    counts_.erase(ring_[at_]);
    ring_[at_] = print;
    at_ = (at_ + 1) % prints_max;
    return 0;
}

bool KnownTrades::add(std::uint64_t print, unsigned occurrence) {
    auto const id = mixed(print, occurrence);
    if (!known_.insert(id).second) return false;
    if (ring_.size() < trades_max) {
        ring_.push_back(id);
        return true;
    }
    known_.erase(ring_[at_]);
    ring_[at_] = id;
    at_ = (at_ + 1) % trades_max;
    return true;
}

}  // namespace arb::polymarket
