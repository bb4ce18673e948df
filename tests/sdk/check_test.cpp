#include "arbitrage/check.hpp"

#include <memory>
#include <random>
#include <string>

#include "support/catch.hpp"

using arb::Packets;

namespace {

// One packet in memory of exactly its size, so that a sanitizer sees a read beyond it; fields can be spoilt.
template<class T>
class Specimen {
  public:
    explicit Specimen(Packets const& packets)
        : size_{packets.bytes().size()}, bytes_{new std::uint64_t[packets.bytes().size() / 8]} {
        std::memcpy(bytes_.get(), packets.bytes().data(), size_);
    }
    T* operator->() { return reinterpret_cast<T*>(bytes_.get()); }
    std::byte* data() { return reinterpret_cast<std::byte*>(bytes_.get()); }
    std::size_t size() const { return size_; }
    std::string wrong() {
        auto const* const what = arb::check(data(), size_);
        return what == nullptr ? "" : what;
    }

  private:
    std::size_t size_;
    std::unique_ptr<std::uint64_t[]> bytes_;
};

Specimen<arb_market> market() {
    Packets packets;
    {
        auto draft = packets.add<arb_market>("some_venue9", 1);
        draft.text(&arb_market::market_id, "M");
        std::array<std::string_view, 2> const names{"Yes", "No"};
        draft.texts(&arb_market::outcomes, names);
        draft.text(&arb_market::raw, "{}");
    }
    return Specimen<arb_market>{packets};
}

Specimen<arb_book> book() {
    Packets packets;
    {
        auto draft = packets.add<arb_book>("v", 1);
        draft.text(&arb_book::market_id, "M");
        std::array<arb_level, 3> const levels{{{1, 1}, {2, 2}, {3, 3}}};
        draft.levels(&arb_book::bids, levels);
    }
    return Specimen<arb_book>{packets};
}

template<class T>
void name_venue(Specimen<T>& packet, std::string_view name) {
    std::memset(packet->header.venue, 0, ARB_VENUE_SIZE);
    std::memcpy(packet->header.venue, name.data(), name.size());
}

}  // namespace

TEST_CASE("what the SDK writes is well formed") {
    CHECK(market().wrong().empty());
    CHECK(book().wrong().empty());
}

TEST_CASE("a packet with a wrong header is refused") {
    auto packet = market();
    auto& header = packet->header;
    SECTION("no size") { header.size = 0; }
    SECTION("smaller than the header") { header.size = 8; }
    SECTION("beyond the room") { header.size += 8; }
    SECTION("not a multiple of 8") { header.size -= 4; }
    SECTION("enormous") { header.size = UINT32_MAX - 7; }
    SECTION("no kind") { header.kind = 0; }
    SECTION("unknown kind") { header.kind = ARB_KIND_COUNT; }
    SECTION("kind out of any table") { header.kind = UINT16_MAX; }
    SECTION("fewer fields than the kind has") { header.fixed_size = sizeof(arb_market) - 8; }
    SECTION("more fields than the packet has bytes") { header.fixed_size = header.size + 8; }
    SECTION("no venue") { name_venue(packet, ""); }
    SECTION("upper case") { name_venue(packet, "Venue"); }
    SECTION("a path") { name_venue(packet, "../x"); }
    SECTION("no NUL at the end") { name_venue(packet, "abcdefghijklmnopqrstuvwx"); }
    SECTION("something behind the NUL") { header.venue[ARB_VENUE_SIZE - 1] = 'x'; }
    CHECK_FALSE(packet.wrong().empty());
}

TEST_CASE("a reference that leaves the packet is refused") {
    auto packet = market();
    auto const size = packet->header.size;
    SECTION("into the header") { packet->title = {0, 4}; }
    SECTION("into the fixed fields") { packet->title = {sizeof(arb_market) - 1, 1}; }
    SECTION("one byte beyond") { packet->raw = {size - 1, 2}; }
    SECTION("at the end") { packet->raw = {size, 1}; }
    SECTION("offset and length that wrap") { packet->raw = {UINT32_MAX, UINT32_MAX}; }
    SECTION("length that wraps") { packet->raw = {sizeof(arb_market), UINT32_MAX}; }
    SECTION("a list beyond the end") { packet->outcomes.length += 1000; }
    SECTION("a list whose bytes wrap in 32 bits") { packet->outcomes.length = 1u << 29; }
    SECTION("a list that is not aligned") { packet->outcomes.offset += 4; }
    SECTION("a list in the fixed fields") { packet->token_ids = {8, 1}; }
    SECTION("a text of a list beyond the end") {
        arb_ref const beyond{size - 1, 2};
        std::memcpy(packet.data() + packet->outcomes.offset, &beyond, sizeof beyond);
    }
    CHECK_FALSE(packet.wrong().empty());
}

TEST_CASE("a list that names one text again and again is refused") {
    // 1,000 entries that each claim a whole packet would cost a reader a thousand times the packet's size.
    Packets packets;
    {
        std::vector<std::string_view> const names(1000, "x");
        auto draft = packets.add<arb_market>("v", 1);
        draft.texts(&arb_market::outcomes, names);
    }
    Specimen<arb_market> packet{packets};
    REQUIRE(packet.wrong().empty());
    arb_ref const all{sizeof(arb_market),
                      packet->header.size - static_cast<std::uint32_t>(sizeof(arb_market))};
    for (std::size_t i = 0; i != 1000; ++i)
        std::memcpy(packet.data() + packet->outcomes.offset + i * sizeof all, &all, sizeof all);
    CHECK(packet.wrong().find("longer than the packet") != std::string::npos);
}

TEST_CASE("levels must lie inside") {
    auto packet = book();
    SECTION("one level too many") { packet->bids.length += 1; }
    SECTION("not aligned") { packet->bids.offset += 4; }
    SECTION("length times 16 wraps in 32 bits") { packet->asks = {sizeof(arb_book), 1u << 28}; }
    CHECK_FALSE(packet.wrong().empty());
}

TEST_CASE("a packet of a newer writer with more fixed fields is accepted") {
    Packets packets;
    packets.add<arb_quote>("v", 1).text(&arb_quote::market_id, std::string(64, 'x'));
    Specimen<arb_quote> packet{packets};
    packet->header.fixed_size += 16;
    packet->market_id = {packet->header.fixed_size, 8};
    CHECK(packet.wrong().empty());
    packet->market_id.offset -= 1;
    CHECK_FALSE(packet.wrong().empty());
}

TEST_CASE("a batch is refused as a whole, with the number of the packet at fault") {
    Packets packets;
    for (int i = 0; i != 5; ++i) packets.add<arb_custom>("v", 1).text(&arb_custom::topic, "t");
    CHECK(arb::check_all(packets.bytes()).value() == 5);
    Specimen<arb_custom> batch{packets};
    auto const third = 2 * (batch.size() / 5);
    reinterpret_cast<arb_packet*>(batch.data() + third)->kind = 77;
    auto const checked = arb::check_all({batch.data(), batch.size()});
    REQUIRE(checked.has_error());
    CHECK(checked.error().status == ARB_PERMANENT);
    CHECK(checked.error().text == "packet 3 of the batch: kind is not known");
    CHECK(arb::check_all({}).has_error());
    CHECK(arb::check_all({packets.bytes().data(), packets.bytes().size() - 8}).has_error());
    CHECK(arb::check_all({packets.bytes().data() + 1, 64}).has_error());
}

TEST_CASE("no change of one byte leads a reader outside") {
    // Whatever passes the check is read to the last byte; a sanitizer would see a step outside.
    for (auto make : {0, 1}) {
        auto good_market = market();
        auto good_book = book();
        std::byte* const data = make == 0 ? good_market.data() : good_book.data();
        auto const size = make == 0 ? good_market.size() : good_book.size();
        std::uint64_t sum = 0;
        for (std::size_t at = 0; at != size; ++at) {
            auto const before = data[at];
            for (int value = 0; value != 256; ++value) {
                data[at] = static_cast<std::byte>(value);
                if (arb::check(data, size) != nullptr) continue;
                auto const& packet = *reinterpret_cast<arb_packet const*>(data);
                for (char const c : arb::venue(packet)) sum += static_cast<unsigned char>(c);
                if (auto const* read = arb::as<arb_market>(packet))
                    for (auto const name : arb::array<arb_ref>(packet, read->outcomes))
                        for (char const c : arb::text(packet, name)) sum += static_cast<unsigned char>(c);
                if (auto const* read = arb::as<arb_book>(packet))
                    for (auto const& level : arb::array<arb_level>(packet, read->bids))
                        sum += static_cast<std::uint64_t>(level.price);
            }
            data[at] = before;
        }
        CHECK(sum != 0);
        CHECK(arb::check(data, size) == nullptr);
    }
}

TEST_CASE("random bytes are never read outside") {
    std::mt19937_64 random{99};
    std::size_t passed = 0;
    for (int round = 0; round != 20'000; ++round) {
        std::size_t const words = 1 + random() % 40;
        std::unique_ptr<std::uint64_t[]> const bytes{new std::uint64_t[words]};
        for (std::size_t i = 0; i != words; ++i) bytes[i] = random();
        passed += arb::check_all({reinterpret_cast<std::byte const*>(bytes.get()), words * 8}).has_value();
    }
    CHECK(passed == 0);
}
