#include "arbitrage/packet.hpp"

#include <array>
#include <random>
#include <string>

#include "arbitrage/check.hpp"
#include "support/catch.hpp"

using arb::Packets;

namespace {

arb_packet const& first(Packets const& packets) {
    return *reinterpret_cast<arb_packet const*>(packets.bytes().data());
}

template<class T>
T const& only(Packets const& packets) {
    REQUIRE(packets.count() == 1);
    auto const* const packet = arb::as<T>(first(packets));
    REQUIRE(packet != nullptr);
    return *packet;
}

}  // namespace

TEST_CASE("a packet holds its header, its fields and its texts") {
    Packets packets;
    {
        auto quote = packets.add<arb_quote>("kalshi", 2'000, 1'000, ARB_FLAG_POLLED);
        quote.text(&arb_quote::market_id, "KXTEST-26-A");
        quote->bid = 420'000;
    }
    auto const& quote = only<arb_quote>(packets);
    CHECK(quote.header.kind == ARB_KIND_QUOTE);
    CHECK(quote.header.flags == ARB_FLAG_POLLED);
    CHECK(quote.header.fixed_size == sizeof(arb_quote));
    CHECK(quote.header.size == packets.bytes().size());
    CHECK(quote.header.size % 8 == 0);
    CHECK(quote.header.venue_time == 1'000);
    CHECK(quote.header.received_time == 2'000);
    CHECK(quote.header.position == 0);
    CHECK(arb::venue(quote.header) == "kalshi");
    CHECK(arb::text(quote.header, quote.market_id) == "KXTEST-26-A");
    CHECK(quote.bid == 420'000);
}

TEST_CASE("what is not set is absent, and never 0 where 0 would mean something") {
    Packets packets;
    packets.add<arb_quote>("v", 1);
    packets.add<arb_trade>("v", 1);
    packets.add<arb_market>("v", 1);
    packets.add<arb_event>("v", 1);
    packets.add<arb_status_change>("v", 1);
    packets.add<arb_gap>("v", 1);
    packets.add<arb_pair>("v", 1);
    packets.add<arb_opportunity>("v", 1);
    packets.add<arb_book>("v", 1);
    packets.add<arb_book_change>("v", 1);
    packets.add<arb_custom>("v", 1);
    packets.add<arb_series>("v", 1);
    packets.add<arb_fee_schedule>("v", 1);
    packets.add<arb_message>("v", 1);
    CHECK(packets.count() == ARB_KIND_COUNT - 1);
    CHECK(arb::check_all(packets.bytes()).value() == ARB_KIND_COUNT - 1);
    std::size_t kinds = 0;
    arb::for_each_packet(packets.bytes(), [&](arb_packet const& packet) {
        kinds |= std::size_t{1} << packet.kind;
        if (auto const* quote = arb::as<arb_quote>(packet)) {
            for (auto const amount :
                 {quote->bid, quote->bid_size, quote->ask, quote->ask_size, quote->last_price,
                  quote->last_size, quote->volume, quote->open_interest})
                CHECK(amount == ARB_ABSENT);
            CHECK(arb::text(packet, quote->market_id).empty());
        }
        if (auto const* trade = arb::as<arb_trade>(packet)) CHECK(trade->price == ARB_ABSENT);
        if (auto const* market = arb::as<arb_market>(packet)) {
            CHECK(market->tick_size == ARB_ABSENT);
            CHECK(market->settlement_value == ARB_ABSENT);
            CHECK(market->volume == ARB_ABSENT);
        }
        if (auto const* event = arb::as<arb_event>(packet)) CHECK(event->mutually_exclusive == ARB_NOT_KNOWN);
        if (auto const* gap = arb::as<arb_gap>(packet)) CHECK(gap->to_time == ARB_ABSENT);
        if (auto const* fee = arb::as<arb_fee_schedule>(packet)) {
            for (auto const amount : {fee->rate, fee->exponent, fee->multiplier, fee->rebate_rate})
                CHECK(amount == ARB_ABSENT);
            CHECK(fee->taker_only == ARB_NOT_KNOWN);
        }
        if (auto const* pair = arb::as<arb_pair>(packet)) CHECK(pair->score == ARB_ABSENT);
        if (auto const* found = arb::as<arb_opportunity>(packet)) CHECK(found->closed_at == ARB_ABSENT);
    });
    CHECK(kinds == (std::size_t{1} << ARB_KIND_COUNT) - 2);
}

TEST_CASE("lists of texts and of levels come back in order, empty ones too") {
    Packets packets;
    std::array<std::string_view, 3> const outcomes{"Yes, \"really\"", "", "N\xc3\xb6"};
    std::array<arb_level, 2> const bids{{{480'000, 5'000'000}, {470'000, 1}}};
    {
        auto market = packets.add<arb_market>("v", 1);
        market.text(&arb_market::title, "odd");
        market.texts(&arb_market::outcomes, outcomes);
        market.texts(&arb_market::token_ids, {});
    }
    {
        auto book = packets.add<arb_book>("v", 1);
        book.text(&arb_book::market_id, "m");
        book.levels(&arb_book::bids, bids);
        book.levels(&arb_book::asks, {});
        book->epoch = 3;
    }
    REQUIRE(arb::check_all(packets.bytes()).value() == 2);
    arb::for_each_packet(packets.bytes(), [&](arb_packet const& packet) {
        if (auto const* market = arb::as<arb_market>(packet)) {
            auto const names = arb::array<arb_ref>(packet, market->outcomes);
            REQUIRE(names.size() == 3);
            for (std::size_t i = 0; i != 3; ++i) CHECK(arb::text(packet, names[i]) == outcomes[i]);
            CHECK(arb::array<arb_ref>(packet, market->token_ids).empty());
            CHECK(arb::text(packet, market->title) == "odd");
        }
        if (auto const* book = arb::as<arb_book>(packet)) {
            auto const levels = arb::array<arb_level>(packet, book->bids);
            REQUIRE(levels.size() == 2);
            CHECK(levels[0].price == 480'000);
            CHECK(levels[1].size == 1);
            CHECK(arb::array<arb_level>(packet, book->asks).empty());
            CHECK(book->epoch == 3);
        }
    });
}

TEST_CASE("any bytes are a text") {
    std::string hostile = "'); DROP TABLE x; -- \xff\xfe \x1b[2J";
    hostile.push_back('\0');
    hostile += "after";
    Packets packets;
    packets.add<arb_event>("v", 1).text(&arb_event::title, hostile);
    auto const& event = only<arb_event>(packets);
    CHECK(arb::text(event.header, event.title) == hostile);
}

TEST_CASE("a buffer is used again from the start") {
    Packets packets{64};
    for (int round = 0; round != 3; ++round) {
        for (int i = 0; i != 100; ++i) packets.add<arb_custom>("v", i).text(&arb_custom::topic, "topic");
        CHECK(packets.count() == 100);
        CHECK(arb::check_all(packets.bytes()).value() == 100);
        packets.clear();
        CHECK(packets.empty());
        CHECK(packets.count() == 0);
    }
    // Bytes of the round before must not shine through.
    packets.add<arb_custom>("v", 1);
    CHECK(arb::text(first(packets), only<arb_custom>(packets).topic).empty());
}

TEST_CASE("a packet is read only as its own kind") {
    Packets packets;
    packets.add<arb_trade>("v", 1);
    CHECK(arb::as<arb_quote>(first(packets)) == nullptr);
    CHECK(arb::as<arb_trade>(first(packets)) != nullptr);
}

TEST_CASE("every kind has a name and all names differ") {
    for (int i = 1; i != ARB_KIND_COUNT; ++i)
        for (int j = 0; j != i; ++j) CHECK(std::string{arb::kind_names[i]} != arb::kind_names[j]);
    CHECK(std::string{arb::kind_names[ARB_KIND_BOOK_CHANGE]} == "book_change");
    CHECK(std::string{arb::kind_names[ARB_KIND_OPPORTUNITY]} == "opportunity");
    CHECK(std::string{arb::kind_names[ARB_KIND_STATUS]} == "status");
}

TEST_CASE("packets of random texts, lists and order always pass the check and read back") {
    std::mt19937_64 random{42};
    auto const text = [&] {
        std::string out(random() % 70, ' ');
        for (auto& c : out) c = static_cast<char>(random());
        return out;
    };
    std::size_t wrong = 0;
    for (int round = 0; round != 2'000; ++round) {
        Packets packets{16};
        std::vector<std::string> const texts{text(), text(), text(), text()};
        std::vector<std::string_view> const list(texts.begin(),
                                                 texts.begin() + static_cast<int>(random() % 5));
        std::vector<arb_level> levels(random() % 9);
        for (auto& level : levels)
            level = {static_cast<std::int64_t>(random()), static_cast<std::int64_t>(random())};
        {
            auto market = packets.add<arb_market>("v", 1);
            if (random() % 2 != 0) market.text(&arb_market::raw, texts[0]);
            market.texts(&arb_market::token_ids, list);
            market.text(&arb_market::title, texts[1]);
        }
        {
            auto book = packets.add<arb_book>("v", 1);
            book.levels(&arb_book::asks, levels);
            book.text(&arb_book::venue_hash, texts[2]);
            book.levels(&arb_book::bids, levels);
        }
        if (arb::check_all(packets.bytes()).value() != 2) ++wrong;
        arb::for_each_packet(packets.bytes(), [&](arb_packet const& packet) {
            if (auto const* market = arb::as<arb_market>(packet)) {
                wrong += arb::text(packet, market->title) != texts[1];
                auto const read = arb::array<arb_ref>(packet, market->token_ids);
                wrong += read.size() != list.size();
                for (std::size_t i = 0; i != read.size(); ++i) wrong += arb::text(packet, read[i]) != list[i];
            } else if (auto const* book = arb::as<arb_book>(packet)) {
                wrong += arb::text(packet, book->venue_hash) != texts[2];
                for (auto const side : {book->asks, book->bids}) {
                    auto const read = arb::array<arb_level>(packet, side);
                    wrong += read.size() != levels.size();
                    for (std::size_t i = 0; i != read.size(); ++i) wrong += read[i].price != levels[i].price;
                }
            }
        });
    }
    CHECK(wrong == 0);
}
