#include "polymarket/decode.hpp"

#include "polymarket/fixture.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::polymarket;
using namespace arb::polymarket::test;

TEST_CASE("a book is read whole, whatever the order of its keys") {
    auto const kept =
        decode(book_frame(yes, level("0.4", "10") + "," + level("0.45", "5"), level("0.55", "7"),
                          "1790000000000", R"(,"tick_size":"0.01","last_trade_price":"0.500")") +
               "\n");
    REQUIRE(kept.events.size() == 1);
    auto const& event = kept.events[0];
    CHECK(event.type == EventType::book);
    CHECK(event.asset_id == yes);
    CHECK(event.market == market_id);
    CHECK(event.bids.size() == 2);
    CHECK(event.bids[1].price == "0.45");
    CHECK(event.asks[0].size == "7");
    CHECK(event.tick_size == "0.01");
    CHECK(event.last_trade_price == "0.500");
    CHECK(event.timestamp == "1790000000000");
}

TEST_CASE("an opening book without a type is still a book, a change still a change") {
    CHECK(decode(R"([{"asset_id":"1","bids":[],"asks":[]}])").events.at(0).type == EventType::book);
    CHECK(decode(R"({"price_changes":[]})").events.at(0).type == EventType::price_change);
    CHECK(decode(R"({"asset_id":"1"})").events.at(0).type == EventType::unknown);
}

TEST_CASE("an array may mix types, and a strange event does not drop its neighbours") {
    auto const kept =
        decode(R"([{"event_type":"best_bid_ask","asset_id":"1","best_bid":"0.1","best_ask":"0.2"},)"
               R"({"event_type":{"x":[1,{"price":"0.9"}]},"asset_id":["2"],"bids":{"a":1}},)"
               R"({"event_type":"price_change","price_changes":[{"asset_id":"3","price":"0.5",)"
               R"("size":"1","side":"BUY"}]}, 7, null, "text", [], [{"asset_id":"9"}],)"
               R"({"event_type":"settlement_preview","anything":true}])");
    REQUIRE(kept.events.size() == 4);
    CHECK(kept.events[0].type == EventType::best_bid_ask);
    CHECK(kept.events[0].best_ask == "0.2");
    CHECK(kept.events[1].event_type.empty());
    CHECK(kept.events[1].asset_id.empty());
    CHECK(kept.events[2].changes.at(0).asset_id == "3");
    CHECK(kept.events[3].type == EventType::unknown);
}

TEST_CASE("the venue's words are no JSON and no errors") {
    KeptEvents kept;
    StreamDecoder decoder;
    CHECK(decoder.decode("PONG", kept) == Frame::pong);
    CHECK(decoder.decode("NO NEW ASSETS", kept) == Frame::no_new_assets);
    CHECK(decoder.decode("INVALID OPERATION\n", kept) == Frame::invalid_operation);
    CHECK(decoder.decode("[]\n", kept) == Frame::events);
    for (auto const* const word : {"", "pong", "\"PONG\"", "SUBSCRIBED", " \r\n", "<html>", "17"})
        CHECK(decoder.decode(word, kept) == Frame::unknown_word);
    CHECK(decoder.decode(" \r\n [] ", kept) == Frame::events);
    // What is left of an event is not a word.
    for (auto const* const rest : {R"("size":"3"}])", R"(,"event_type":"book"})"})
        CHECK(decoder.decode(rest, kept) == Frame::unreadable);
    CHECK(decoder.decode(std::string(65, 'x'), kept) == Frame::unreadable);
    CHECK(decoder.decode("{} {}", kept) == Frame::unreadable);
    CHECK(decoder.decode(R"({"event_type":"book")", kept) == Frame::unreadable);
    CHECK(decoder.decode(std::string(200, '['), kept) == Frame::unreadable);
    auto const before = kept.events.size();
    CHECK(decoder.decode(R"([{"asset_id":"1"},{"asset_id")", kept) == Frame::unreadable);
    CHECK(kept.events.size() == before + 1);
    CHECK(decoder.decode(R"({"asset_id":"2"})", kept) == Frame::events);  // goes on after damage
}

TEST_CASE("older formats: one flat change, and changes of one token") {
    auto const flat = decode(R"({"asset_id":"5","event_type":"price_change","price":"0.514","side":"SELL",)"
                             R"("size":"21574.08","timestamp":"1723967931411"})");
    CHECK(flat.events.at(0).price == "0.514");
    CHECK_FALSE(flat.events.at(0).has_changes);
    auto const grouped = decode(R"({"asset_id":"5","changes":[{"price":"0.4","side":"BUY","size":"1"}],)"
                                R"("event_type":"price_change"})");
    CHECK(grouped.events.at(0).changes.at(0).price == "0.4");
    CHECK(grouped.events.at(0).changes.at(0).asset_id.empty());
}

TEST_CASE("nested objects do not lend their fields to the event") {
    auto const kept = decode(
        R"({"event_type":"new_market","id":"7","event_message":{"id":"99","title":"t","market":"wrong"},)"
        R"("fee_schedule":{"rate":"0.07","price":"0.3"},"assets_ids":["1","2"],"clob_token_ids":"[\"1\", \"2\"]",)"
        R"("outcomes":["Up","D\u00f6wn"],"tags":["Crypto","5M"],"slug":"Line\nbreak \"quoted\"?",)"
        R"("condition_id":"0xAB","market":"0xab","line":1.5,"game_start_time":""})");
    auto const& event = kept.events.at(0);
    CHECK(event.id == "7");
    CHECK(event.event_id == "99");
    CHECK(event.market == "0xab");
    CHECK(event.price.empty());
    CHECK(event.clob_token_ids == R"(["1", "2"])");
    CHECK(event.slug == "Line\nbreak \"quoted\"?");
    CHECK(event.outcomes.at(1) == "D\xc3\xb6wn");
    CHECK(event.assets_ids.size() == 2);
}

TEST_CASE("numbers where texts are usual are taken by their digits") {
    auto const kept =
        decode(R"({"event_type":"last_trade_price","asset_id":12345678901234567890123,"price":0.585,)"
               R"("size":2.460000,"timestamp":1786728467101,"side":null,"fee_rate_bps":false})");
    auto const& event = kept.events.at(0);
    CHECK(event.asset_id == "12345678901234567890123");
    CHECK(event.price == "0.585");
    CHECK(event.size == "2.460000");
    CHECK(event.timestamp == "1786728467101");
    CHECK(event.side.empty());
}

TEST_CASE("a field named twice counts the last time") {
    auto const kept =
        decode(R"({"price":"0.1","price":"0.2","bids":[{"price":"0.1","size":"1"}],"bids":[]})");
    CHECK(kept.events.at(0).price == "0.2");
    CHECK(kept.events.at(0).bids.empty());
}

TEST_CASE("levels are exact or refused") {
    arb_level level{};
    CHECK(read_level({".48", "219.217767"}, level) == LevelError::none);
    CHECK(level.price == 480'000);
    CHECK(level.size == 219'217'767);
    CHECK(read_level({"0.0025", "0"}, level) == LevelError::none);
    CHECK(level.price == 2'500);
    for (auto const* const price : {"", "0", "1", "1.2", "-0.1", "0.1234567", "NaN", "1e400", " 0.1", "0,5"})
        CHECK(read_level({price, "1"}, level) == LevelError::price);
    for (auto const* const size : {"", "-1", "1.2345678", "inf", "99999999999999999999"})
        CHECK(read_level({"0.5", size}, level) == LevelError::size);
}

TEST_CASE("times are Unix milliseconds of this century") {
    CHECK(read_milliseconds("1790658661234") == 1'790'658'661'234 * millisecond_ns);
    for (auto const* const text :
         {"", "0", "100000000", "17906586612345", "99999999999999999999", "-1", "1e12", "4102444800000"})
        CHECK_FALSE(read_milliseconds(text));
    CHECK(read_book_time("1790658661234") == 1'790'658'661'234 * millisecond_ns);
    CHECK(read_book_time("0") == 0);
    CHECK_FALSE(read_book_time(""));
}

TEST_CASE("what other feeds of the venue say is no event of this one, and is not taken for one") {
    for (
        auto const* const frame :
        {R"({"event_type":"order","id":"0x1","market":"0x2","asset_id":"1","type":"PLACEMENT","price":"0.4","original_size":"10","size_matched":"0","side":"BUY","timestamp":"1790000000"})",
         R"({"event_type":"trade","id":"f","market":"0x2","asset_id":"1","status":"MATCHED","price":"0.4","size":"10","side":"BUY","timestamp":"1790000000"})",
         R"({"v":1,"channel":"price.polymarket","seq":7,"ts":1790000000000,"snapshot":true,"dropped":0,"payload":{"asset_id":"1","best_bid":"0.4","best_ask":"0.5","hash":"h","timestamp":1790000000000}})",
         R"({"topic":"crypto_prices","type":"update","timestamp":1790000000000,"payload":{"symbol":"btcusdt","value":65000.5}})",
         R"({"gameId":10,"leagueAbbreviation":"nfl","score":"3-16","period":"Q4","live":true,"ended":false})"}) {
        auto const kept = decode(frame);
        REQUIRE(kept.events.size() == 1);
        CHECK(kept.events[0].type == EventType::unknown);
    }
}
