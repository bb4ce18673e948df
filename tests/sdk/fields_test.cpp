#include "arbitrage/fields.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "arbitrage/check.hpp"
#include "support/catch.hpp"

using As = arb::Field::As;

namespace {

std::vector<std::size_t> places(std::size_t kind, std::initializer_list<As> which) {
    std::vector<std::size_t> out;
    for (auto const& field : arb::fields[kind])
        if (std::find(which.begin(), which.end(), field.as) != which.end()) out.push_back(field.at);
    std::sort(out.begin(), out.end());
    return out;
}

template<std::size_t N>
std::vector<std::size_t> listed(std::uint32_t const (&offsets)[N]) {
    std::vector<std::size_t> out;
    for (auto const offset : offsets)
        if (offset != 0) out.push_back(offset);
    std::sort(out.begin(), out.end());
    return out;
}

std::size_t size_of(arb::Field const& field) {
    return field.as == As::number || field.as == As::yes_no || field.as == As::word ? 4 : 8;
}

// Prints a packet as "name=value", one after the other.
struct Line {
    arb_packet const& packet;
    std::string text_;

    void add(arb::Field const& field, std::string const& value) {
        text_ += (text_.empty() ? "" : " ") + std::string{field.name} + "=" + value;
    }
    void text(arb::Field const& field, std::string_view value) { add(field, std::string{value}); }
    void texts(arb::Field const& field, std::span<arb_ref const> values) {
        add(field, std::to_string(values.size()) + " texts");
    }
    void levels(arb::Field const& field, std::span<arb_level const> values) {
        add(field, std::to_string(values.size()) + " levels");
    }
    void amount(arb::Field const& field, std::int64_t value) { add(field, std::to_string(value)); }
    void time(arb::Field const& field, arb_time value) { add(field, std::to_string(value)); }
    void number(arb::Field const& field, std::int32_t value) { add(field, std::to_string(value)); }
    void counter(arb::Field const& field, std::uint64_t value) { add(field, std::to_string(value)); }
    void yes_no(arb::Field const& field, bool value) { add(field, value ? "yes" : "no"); }
    void word(arb::Field const& field, std::int32_t value, char const* word) {
        add(field, word != nullptr ? word : "(" + std::to_string(value) + ")");
    }
};

std::string line(arb::Packets const& packets) {
    auto const& packet = *reinterpret_cast<arb_packet const*>(packets.bytes().data());
    Line out{packet, {}};
    arb::print_fields(packet, out);
    return out.text_;
}

}  // namespace

TEST_CASE("the fields of a kind are those the check of packets knows, and fill the packet") {
    for (std::size_t kind = 1; kind != ARB_KIND_COUNT; ++kind) {
        INFO(arb::kind_names[kind]);
        auto const& layout = arb::detail::layouts[kind];
        CHECK(places(kind, {As::text, As::payload}) == listed(layout.texts));
        CHECK(places(kind, {As::texts}) == listed(layout.text_arrays));
        CHECK(places(kind, {As::levels}) == listed(layout.level_arrays));
        std::size_t sum = sizeof(arb_packet);
        std::set<std::string> names;
        for (auto const& field : arb::fields[kind]) {
            sum += size_of(field);
            CHECK(field.at + size_of(field) <= layout.fixed_size);
            CHECK(names.insert(field.name).second);
        }
        // What is left over are the fields called reserved.
        CHECK(layout.fixed_size - sum <= 4);
    }
}

TEST_CASE("what is absent is left out, and words stand for enumerators") {
    arb::Packets packets;
    {
        auto trade = packets.add<arb_trade>("venue", 1);
        trade->taker_side = ARB_SIDE_SELL;
        trade->price = 420'000;
        trade.text(&arb_trade::market_id, "M");
    }
    CHECK(line(packets) == "market_id=M outcome=0 taker_side=sell price=420000 block=no");
    packets.clear();
    {
        auto fee = packets.add<arb_fee_schedule>("venue", 1);
        fee->scope = ARB_SCOPE_EVENT;
        fee->multiplier = 500'000;
        fee->effective_from = 7;
        fee.text(&arb_fee_schedule::scope_id, "E");
        fee.text(&arb_fee_schedule::raw, "{}");
    }
    CHECK(line(packets) == "scope=event scope_id=E multiplier=500000 effective_from=7 raw={}");
    packets.clear();
    {
        auto change = packets.add<arb_status_change>("venue", 1);
        change->lifecycle = ARB_LIFECYCLE_NONE;
    }
    CHECK(line(packets) == "status=(0)");
}
