// Packets of a buffer in the words tests compare: amounts as decimal text, "-" for absent.
#pragma once

#include <string>
#include <vector>

#include "arbitrage/check.hpp"
#include "arbitrage/decimal.hpp"
#include "arbitrage/packet.hpp"

namespace arb::test {

inline std::string amount(std::int64_t value) { return value == ARB_ABSENT ? "-" : format_decimal(value); }

inline std::string to_text(arb_quote const& quote) {
    return amount(quote.bid) + " x " + amount(quote.bid_size) + " | " + amount(quote.ask) + " x " +
           amount(quote.ask_size) + " last " + amount(quote.last_price) + " x " + amount(quote.last_size) +
           " volume " + amount(quote.volume) + " interest " + amount(quote.open_interest);
}

// Every packet of a kind, after the check that the host makes of each push.
template<class T>
std::vector<T const*> all(Packets const& packets) {
    std::vector<T const*> out;
    if (packets.empty()) return out;
    if (check_all(packets.bytes()).has_error()) throw std::runtime_error{"a packet is malformed"};
    for_each_packet(packets.bytes(), [&](arb_packet const& packet) {
        if (auto const* const found = as<T>(packet)) out.push_back(found);
    });
    return out;
}

template<class T>
std::string_view text_of(T const& packet, arb_ref T::*field) {
    return text(packet.header, packet.*field);
}

}  // namespace arb::test
