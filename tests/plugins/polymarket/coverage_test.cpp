#include "polymarket/coverage.hpp"

#include "polymarket/fixture.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::polymarket;
using namespace arb::polymarket::test;

namespace {

struct Watched {
    explicit Watched(Record record = {})
        : coverage{gaps, record, timing, [this](Missing m) { missing.push_back(m); }} {}

    // Rows as sinks keep them: the last word on each, "<stream> <market> <from>-<to> <reason>".
    std::vector<std::string> rows() {
        outbox.flush();
        std::map<std::string, std::string> last;
        for (auto const* const gap : host.all<arb_gap>()) {
            auto const name = std::to_string(gap->stream) + " " +
                              std::string{text(gap->header, gap->market_id)} + " " +
                              std::to_string(gap->from_time / second_ns);
            last[name] = name + "-" +
                         (gap->to_time == ARB_ABSENT ? "" : std::to_string(gap->to_time / second_ns)) + " " +
                         std::string{text(gap->header, gap->reason)};
        }
        std::vector<std::string> out;
        for (auto const& [name, row] : last) out.push_back(row);
        return out;
    }
    static arb_time at(int second) { return second * second_ns; }

    arb::test::RecordingHost host{"polymarket"};
    boost::asio::io_context io;
    Outbox outbox{io.get_executor(), host.host(), {}};
    Gaps gaps{outbox, host.host(), "polymarket"};
    Timing timing;
    std::vector<Missing> missing;
    Coverage coverage;
};

using Rows = std::vector<std::string>;

}  // namespace

TEST_CASE("a market that goes to another connection takes its gap along, which ends there") {
    for (bool const alone : {true, false}) {
        Watched w;
        Coverage other{w.gaps, {}, w.timing, [&](Missing m) { w.missing.push_back(m); }};
        w.coverage.lost({"a", "b"}, w.at(10), "slow", "", alone);
        w.coverage.move("b", other);
        w.coverage.covered("a", w.at(12));
        w.coverage.all_covered({"a"}, w.at(12));
        CHECK(w.coverage.open_count() == 0);
        CHECK(other.open_count() == 1);
        other.covered("b", w.at(20));
        auto const rows = w.rows();
        CHECK(rows.size() == 4);
        for (auto const& row : rows) CHECK(row.find("- ") == std::string::npos);  // none is open
        CHECK(std::find(rows.begin(), rows.end(), "3 b 10-20 slow") != rows.end());
        REQUIRE(w.missing.size() == 2);
        CHECK(w.missing[1].markets == Rows{"b"});
    }
}

TEST_CASE("while there is one connection its interruption is one row, and its trades are to be read") {
    Watched w;
    w.coverage.lost({"a", "b"}, w.at(10), "disconnected", "cut", true);
    CHECK(w.rows() == Rows{"2  10- disconnected", "3  10- disconnected"});
    CHECK(w.missing.empty());
    w.coverage.lost({"a", "b"}, w.at(12), "disconnected", "refused", false);  // tried again in vain
    w.coverage.covered("a", w.at(15));
    w.coverage.all_covered({"a", "b"}, w.at(20));
    CHECK(w.rows() == Rows{"2  10-20 disconnected", "3  10-20 disconnected"});
    for (auto const* const row : w.host.all<arb_gap>()) CHECK(row->recovered == ARB_NO);  // not yet
    REQUIRE(w.missing.size() == 1);
    CHECK(w.missing[0].markets == Rows{"a", "b"});
    CHECK(w.missing[0].row_market.empty());
    CHECK(w.missing[0].from == w.at(10));
    CHECK(w.missing[0].to == w.at(20));
    CHECK(w.missing[0].reason == "disconnected");
    CHECK(w.missing[0].detail == "cut");
    w.coverage.all_covered({"a", "b"}, w.at(30));
    CHECK(w.missing.size() == 1);
}

TEST_CASE("beside other connections each market has its row, closed when its books are back") {
    Watched w{{true, true, true}};
    w.coverage.lost({"a", "b"}, w.at(10), "stalled", "", false);
    w.coverage.covered("a", w.at(12));
    CHECK(w.rows() == Rows{"2 a 10-12 stalled", "2 b 10- stalled", "3 a 10-12 stalled", "3 b 10- stalled",
                           "4 a 10-12 stalled", "4 b 10- stalled"});
    CHECK(w.missing.size() == 1);
    CHECK(w.missing[0].row_market == "a");
    w.coverage.left("b", w.at(15));  // nobody follows it any more
    CHECK(w.missing.size() == 2);
    CHECK(w.coverage.open_count() == 0);
}

TEST_CASE("what is not recorded has no gaps") {
    Watched w{{false, true, false}};
    w.coverage.doubt("a", w.at(5), "crossed");
    w.coverage.lost({"a"}, w.at(10), "disconnected", "", true);
    CHECK(w.rows() == Rows{"3  10- disconnected"});
}

TEST_CASE("many doubts of one book are one row, which goes on if the next book is in doubt soon") {
    Watched w;
    for (int n = 0; n != 5; ++n) {
        w.coverage.doubt("a", w.at(10 + 4 * n), "bad_price_change");
        CHECK(w.rows() == Rows{"2 a 10- bad_price_change"});
        w.coverage.covered("a", w.at(11 + 4 * n));
        // The book of now is there and is not in a gap.
        CHECK(w.rows() == Rows{"2 a 10-" + std::to_string(11 + 4 * n) + " bad_price_change"});
        w.coverage.settle(w.at(12 + 4 * n));
    }
    w.coverage.settle(w.at(36));
    CHECK(w.coverage.open_count() == 1);
    w.coverage.settle(w.at(38));
    CHECK(w.coverage.open_count() == 0);
    CHECK(w.missing.empty());  // its trades came all the time
    w.coverage.doubt("a", w.at(39), "crossed");
    CHECK(w.rows() == Rows{"2 a 10-27 bad_price_change", "2 a 39- crossed"});
}

TEST_CASE("a doubt soon after another goes on with its row, whatever the trades had") {
    Watched w;
    w.coverage.doubt("a", w.at(9), "bad_price_change");
    w.coverage.doubt("a", w.at(10), "bad_trade", true);
    w.coverage.covered("a", w.at(12));
    CHECK(w.rows() == Rows{"2 a 9-12 bad_price_change", "3 a 10- bad_trade"});
    w.coverage.lost({"a"}, w.at(14), "disconnected", "", false);
    CHECK(w.rows() == Rows{"2 a 9- bad_price_change", "3 a 10- bad_trade"});
    w.coverage.covered("a", w.at(20));
    CHECK(w.rows() == Rows{"2 a 9-20 bad_price_change", "3 a 10-20 bad_trade"});
    CHECK(w.missing.size() == 1);
    CHECK(w.coverage.open_count() == 0);
}

TEST_CASE("trades that could not be read are one row, too, and are to be read over REST") {
    Watched w;
    w.coverage.doubt("a", w.at(9), "bad_price_change");
    w.coverage.doubt("a", w.at(10), "bad_trade", true);
    w.coverage.doubt("a", w.at(11), "bad_trade", true);
    w.coverage.covered("a", w.at(12));
    CHECK(w.missing.empty());
    w.coverage.settle(w.at(22));
    CHECK(w.rows() == Rows{"2 a 9-12 bad_price_change", "3 a 10-12 bad_trade"});
    REQUIRE(w.missing.size() == 1);
    CHECK(w.missing[0].from == w.at(10));
    CHECK(w.missing[0].reason == "bad_trade");
}

TEST_CASE("an interruption during a doubt opens the row of trades, too") {
    Watched w;
    w.coverage.doubt("a", w.at(10), "crossed");
    w.coverage.lost({"a"}, w.at(15), "disconnected", "", false);
    w.coverage.covered("a", w.at(20));
    CHECK(w.rows() == Rows{"2 a 10-20 crossed", "3 a 15-20 disconnected"});
    REQUIRE(w.missing.size() == 1);
    CHECK(w.missing[0].from == w.at(15));
}

TEST_CASE("once most books are back, the gap is that of the markets that are not") {
    Watched w;
    w.coverage.lost({"a", "b", "c"}, w.at(10), "disconnected", "", true);
    w.coverage.name({"b"}, {"a", "b", "c"}, w.at(20));
    CHECK(w.rows() ==
          Rows{"2  10-20 disconnected", "2 b 10- no_book", "3  10-20 disconnected", "3 b 10- no_book"});
    w.coverage.covered("b", w.at(40));
    CHECK(w.missing.size() == 2);
}

TEST_CASE("a successor goes on with what is open") {
    Watched w;
    Coverage next{w.gaps, {}, w.timing, [&](Missing m) { w.missing.push_back(m); }};
    w.coverage.open("a", w.at(10), "stalled");
    next.take_over(w.coverage);
    CHECK(w.coverage.open_count() == 0);
    next.covered("a", w.at(20));
    CHECK(w.rows() == Rows{"2 a 10-20 stalled", "3 a 10-20 stalled"});
}
