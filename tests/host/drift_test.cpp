#include "host/drift.hpp"

#include "support/catch.hpp"

using arb::host::Drift;

namespace {

boost::json::array rows_of(Drift const& drift) {
    boost::json::array rows;
    drift.append_rows("one", rows);
    return rows;
}

}  // namespace

TEST_CASE("a difference is kept with its first sample, its times and how often it was seen") {
    Drift drift;
    CHECK(drift.summary().empty());
    CHECK(drift.count("ticker", "yes_bid", ARB_DRIFT_RETYPED, "{\"yes_bid\": []}", 1,
                      1'700'000'000'000'000'000));
    CHECK_FALSE(drift.count("ticker", "yes_bid", ARB_DRIFT_RETYPED, "later", 3, 1'700'000'060'000'000'000));
    CHECK(drift.count("ticker", "yes_bid", ARB_DRIFT_MISSING, "{}", 1, 1'700'000'060'000'000'000));
    auto const rows = rows_of(drift);
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].at("what") == "missing");
    CHECK(rows[1] == boost::json::value{{"instance", "one"},
                                        {"source", "ticker"},
                                        {"field", "yes_bid"},
                                        {"what", "retyped"},
                                        {"times", 4},
                                        {"first_seen", "2023-11-14T22:13:20.000000Z"},
                                        {"last_seen", "2023-11-14T22:14:20.000000Z"},
                                        {"sample", "{\"yes_bid\": []}"}});
    CHECK(drift.summary() == boost::json::object{{"differences", 2}, {"missing", 1}, {"retyped", 4}});
    CHECK(drift.totals().at({"ticker", ARB_DRIFT_RETYPED}) == 4);
}

TEST_CASE("what comes from a venue cannot reach a terminal, nor grow without end") {
    Drift drift;
    drift.count("book", "a\n\x1b[31m", ARB_DRIFT_UNKNOWN, std::string(5000, '\x1b'), 1, 1);
    auto rows = rows_of(drift);
    CHECK(rows[0].at("field") == "a\\n\\x1b[31m");
    CHECK(rows[0].at("sample").as_string().size() < 520);
    for (int i = 0; i != 5000; ++i)
        drift.count("book", "field" + std::to_string(i), ARB_DRIFT_UNKNOWN, "x", 1, 1);
    rows = rows_of(drift);
    CHECK(rows.size() == arb::host::drift_fields_max + 1);
    std::uint64_t times = 0;
    for (auto const& row : rows) times += row.at("times").to_number<std::uint64_t>();
    CHECK(times == 5001);
    CHECK(drift.totals().at({"book", ARB_DRIFT_UNKNOWN}) == 5001);
}

TEST_CASE("sources beyond the bound are one source, and so a bounded number of metrics") {
    Drift drift;
    for (int i = 0; i != 1000; ++i)
        drift.count("source" + std::to_string(i), "field", ARB_DRIFT_UNKNOWN, "x", 1, 1);
    auto const totals = drift.totals();
    CHECK(totals.size() <= arb::host::drift_sources_max * 4 + 1);
    CHECK(totals.at({"other", ARB_DRIFT_UNKNOWN}) == 1000 - arb::host::drift_sources_max * 4);
}

TEST_CASE("a source that is looked at has its total at 0, and no difference") {
    Drift drift;
    CHECK_FALSE(drift.count("ticker", "", ARB_DRIFT_MISSING, "", 0, 1));
    CHECK(drift.totals().at({"ticker", ARB_DRIFT_MISSING}) == 0);
    CHECK(drift.summary().empty());
    CHECK(rows_of(drift).empty());
    CHECK(drift.count("ticker", "yes_bid", ARB_DRIFT_MISSING, "{}", 1, 2));
    CHECK(drift.totals().at({"ticker", ARB_DRIFT_MISSING}) == 1);
}
