// Writing and reading packets. `Packets` is a reusable buffer that a venue fills and pushes; `as`, `text` and
// `array` read a packet that passed `check` (check.hpp), as every packet of a batch has.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "arbitrage/abi/book.h"
#include "arbitrage/abi/catalogue.h"
#include "arbitrage/abi/comparison.h"
#include "arbitrage/abi/custom.h"
#include "arbitrage/abi/lifecycle.h"
#include "arbitrage/abi/message.h"
#include "arbitrage/abi/packet.h"
#include "arbitrage/abi/prices.h"

namespace arb {

// The number of each kind, and a packet of it in which every amount is absent.
template<class T>
struct Kind;

#define ARB_KIND_TRAITS(type, number, ...)                                     \
    template<>                                                                 \
    struct Kind<type> {                                                        \
        static constexpr std::uint16_t id = number;                            \
        static constexpr void blank([[maybe_unused]] type& p) { __VA_ARGS__; } \
    }

ARB_KIND_TRAITS(arb_event, ARB_KIND_EVENT, p.mutually_exclusive = ARB_NOT_KNOWN);
ARB_KIND_TRAITS(arb_market, ARB_KIND_MARKET, p.tick_size = p.settlement_value = p.volume = ARB_ABSENT);
ARB_KIND_TRAITS(arb_quote, ARB_KIND_QUOTE,
                p.bid = p.bid_size = p.ask = p.ask_size = p.last_price = p.last_size = p.volume =
                    p.open_interest = ARB_ABSENT);
ARB_KIND_TRAITS(arb_trade, ARB_KIND_TRADE, p.price = p.size = ARB_ABSENT);
ARB_KIND_TRAITS(arb_book, ARB_KIND_BOOK, (void)p);
ARB_KIND_TRAITS(arb_book_change, ARB_KIND_BOOK_CHANGE, p.price = p.size = ARB_ABSENT);
ARB_KIND_TRAITS(arb_status_change, ARB_KIND_STATUS, p.settlement_value = ARB_ABSENT);
ARB_KIND_TRAITS(arb_gap, ARB_KIND_GAP, p.from_time = p.to_time = ARB_ABSENT);
ARB_KIND_TRAITS(arb_pair, ARB_KIND_PAIR, p.score = ARB_ABSENT);
ARB_KIND_TRAITS(
    arb_opportunity, ARB_KIND_OPPORTUNITY,
    p.opened_at = p.closed_at = p.size_max = p.edge_peak = p.profit_peak = p.annualised_peak = ARB_ABSENT);
ARB_KIND_TRAITS(arb_custom, ARB_KIND_CUSTOM, (void)p);
ARB_KIND_TRAITS(arb_series, ARB_KIND_SERIES, (void)p);
ARB_KIND_TRAITS(arb_fee_schedule, ARB_KIND_FEE_SCHEDULE,
                p.rate = p.exponent = p.multiplier = p.rebate_rate = ARB_ABSENT,
                p.taker_only = ARB_NOT_KNOWN);
ARB_KIND_TRAITS(arb_message, ARB_KIND_MESSAGE, (void)p);
#undef ARB_KIND_TRAITS

inline constexpr char const* kind_names[ARB_KIND_COUNT] = {
    "",    "event", "market",      "quote",  "trade",  "book",         "book_change", "status",
    "gap", "pair",  "opportunity", "custom", "series", "fee_schedule", "message"};

class Packets;

// One packet while it is being written. Set fixed fields through `->`, then add texts and arrays; the packet
// is complete when the draft is destroyed. Only one draft of a `Packets` may exist at a time.
template<class T>
class Draft {
  public:
    Draft(Draft const&) = delete;
    Draft& operator=(Draft const&) = delete;
    inline ~Draft();

    inline T* operator->();

    // Copies a text into the tail. An empty text stays absent.
    inline void text(arb_ref T::*field, std::string_view value);
    inline void texts(arb_array T::*field, std::span<std::string_view const> values);
    inline void levels(arb_array T::*field, std::span<arb_level const> values);

  private:
    friend class Packets;
    Draft(Packets& packets, std::size_t start) : packets_{packets}, start_{start} {}
    Packets& packets_;
    std::size_t const start_;
};

// Packets one after the other, ready for push. Keeps its memory between uses.
//
// Thread safety: none; one per thread.
class Packets {
  public:
    explicit Packets(std::size_t reserve_bytes = 64 * 1024) { bytes_.reserve(reserve_bytes); }

    // Begins a packet. `received_time` is when the bytes arrived; `venue_time` 0 means the venue gave none.
    template<class T>
    Draft<T> add(std::string_view venue, arb_time received_time, arb_time venue_time = 0,
                 std::uint16_t flags = 0) {
        assert(venue.size() < ARB_VENUE_SIZE);
        auto const start = bytes_.size();
        bytes_.resize(start + sizeof(T));
        auto& packet = *reinterpret_cast<T*>(bytes_.data() + start);
        Kind<T>::blank(packet);
        auto& header = packet.header;
        header.kind = Kind<T>::id;
        header.flags = flags;
        header.fixed_size = sizeof(T);
        std::memcpy(header.venue, venue.data(), std::min<std::size_t>(venue.size(), ARB_VENUE_SIZE - 1));
        header.venue_time = venue_time;
        header.received_time = received_time;
        ++count_;
        return Draft<T>{*this, start};
    }

    void clear() { bytes_.clear(), count_ = 0; }
    bool empty() const { return bytes_.empty(); }
    std::size_t count() const { return count_; }
    std::span<std::byte const> bytes() const { return bytes_; }

  private:
    template<class T>
    friend class Draft;
    std::vector<std::byte> bytes_;
    std::size_t count_ = 0;
};

template<class T>
T* Draft<T>::operator->() {
    return reinterpret_cast<T*>(packets_.bytes_.data() + start_);
}

template<class T>
void Draft<T>::text(arb_ref T::*field, std::string_view value) {
    if (value.empty()) return;
    auto& bytes = packets_.bytes_;
    auto const offset = bytes.size() - start_;
    auto const* const data = reinterpret_cast<std::byte const*>(value.data());
    bytes.insert(bytes.end(), data, data + value.size());
    (*this).operator->()->*field = {static_cast<std::uint32_t>(offset),
                                    static_cast<std::uint32_t>(value.size())};
}

template<class T>
void Draft<T>::texts(arb_array T::*field, std::span<std::string_view const> values) {
    if (values.empty()) return;
    auto& bytes = packets_.bytes_;
    bytes.resize((bytes.size() + 7) / 8 * 8);
    auto const table = bytes.size();
    bytes.resize(table + values.size() * sizeof(arb_ref));
    for (std::size_t i = 0; i != values.size(); ++i) {
        arb_ref const ref{static_cast<std::uint32_t>(bytes.size() - start_),
                          static_cast<std::uint32_t>(values[i].size())};
        std::memcpy(bytes.data() + table + i * sizeof ref, &ref, sizeof ref);
        auto const* const data = reinterpret_cast<std::byte const*>(values[i].data());
        bytes.insert(bytes.end(), data, data + values[i].size());
    }
    (*this).operator->()->*field = {static_cast<std::uint32_t>(table - start_),
                                    static_cast<std::uint32_t>(values.size())};
}

template<class T>
void Draft<T>::levels(arb_array T::*field, std::span<arb_level const> values) {
    if (values.empty()) return;
    auto& bytes = packets_.bytes_;
    bytes.resize((bytes.size() + 7) / 8 * 8);
    auto const offset = bytes.size();
    auto const* const data = reinterpret_cast<std::byte const*>(values.data());
    bytes.insert(bytes.end(), data, data + values.size_bytes());
    (*this).operator->()->*field = {static_cast<std::uint32_t>(offset - start_),
                                    static_cast<std::uint32_t>(values.size())};
}

template<class T>
Draft<T>::~Draft() {
    auto& bytes = packets_.bytes_;
    bytes.resize((bytes.size() + 7) / 8 * 8);
    (*this)->header.size = static_cast<std::uint32_t>(bytes.size() - start_);
}

// The packet as its kind; null if it is another kind.
template<class T>
T const* as(arb_packet const& packet) {
    return packet.kind == Kind<T>::id ? reinterpret_cast<T const*>(&packet) : nullptr;
}

inline std::string_view venue(arb_packet const& packet) { return packet.venue; }

inline std::string_view text(arb_packet const& packet, arb_ref ref) {
    return {reinterpret_cast<char const*>(&packet) + ref.offset, ref.length};
}

template<class Element>
std::span<Element const> array(arb_packet const& packet, arb_array ref) {
    if (ref.length == 0) return {};
    return {reinterpret_cast<Element const*>(reinterpret_cast<std::byte const*>(&packet) + ref.offset),
            ref.length};
}

// Visits packets that lie one after the other, as `Packets::bytes` gives them.
template<class Visit>
void for_each_packet(std::span<std::byte const> bytes, Visit visit) {
    for (std::size_t at = 0; at < bytes.size();) {
        auto const& packet = *reinterpret_cast<arb_packet const*>(bytes.data() + at);
        visit(packet);
        at += packet.size;
    }
}

}  // namespace arb
