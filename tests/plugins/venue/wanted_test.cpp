#include "venue/wanted.hpp"

#include "support/catch.hpp"

using arb::Wanted;
using Ids = std::vector<std::string>;

TEST_CASE("what is wanted is asked for once, in chunks", "[venue]") {
    Wanted wanted;
    for (auto const* id : {"C", "A", "B", "A"}) wanted.want(id);
    CHECK(wanted.wanted_count() == 3);
    CHECK(wanted.additions(2) == Ids{"A", "B"});
    CHECK(wanted.asked("A"));
    CHECK_FALSE(wanted.asked("C"));
    CHECK(wanted.additions(2) == Ids{"C"});
    CHECK(wanted.additions(2).empty());
    CHECK(wanted.removals(2).empty());
}

TEST_CASE("what is no longer wanted is given up only if it was asked for", "[venue]") {
    Wanted wanted;
    wanted.want("A");
    wanted.want("B");
    CHECK(wanted.additions(1) == Ids{"A"});
    wanted.unwant("A");
    wanted.unwant("B");
    wanted.unwant("C");
    CHECK(wanted.wanted_count() == 0);
    CHECK(wanted.additions(9).empty());
    CHECK(wanted.removals(9) == Ids{"A"});
    CHECK_FALSE(wanted.asked("A"));
}

TEST_CASE("wanting again before it was given up changes nothing", "[venue]") {
    Wanted wanted;
    wanted.want("A");
    wanted.additions(1);
    wanted.unwant("A");
    wanted.want("A");
    CHECK(wanted.to_add() == 0);
    CHECK(wanted.to_remove() == 0);
    CHECK(wanted.wants("A"));
}

TEST_CASE("a new set is the difference to the old", "[venue]") {
    Wanted wanted;
    wanted.replace({"A", "B", "C"});
    wanted.additions(2);
    wanted.replace({"B", "D"});
    CHECK(wanted.wanted_count() == 2);
    CHECK(wanted.removals(9) == Ids{"A"});
    CHECK(wanted.additions(9) == Ids{"D"});
    wanted.replace({});
    CHECK(wanted.removals(9) == Ids{"B", "D"});
    CHECK(wanted.wanted_count() == 0);
}

TEST_CASE("after a disconnect everything wanted is asked for again and nothing given up", "[venue]") {
    Wanted wanted;
    wanted.replace({"A", "B", "C"});
    wanted.additions(3);
    wanted.unwant("B");
    wanted.disconnected();
    CHECK(wanted.removals(9).empty());
    CHECK(wanted.additions(9) == Ids{"A", "C"});
    CHECK_FALSE(wanted.asked("B"));
}

TEST_CASE("what the venue refused is asked for again while it is wanted", "[venue]") {
    Wanted wanted;
    wanted.replace({"A", "B"});
    wanted.additions(2);
    wanted.refused("A");
    wanted.refused("X");
    CHECK(wanted.additions(9) == Ids{"A"});
    wanted.unwant("B");
    wanted.refused("B");
    CHECK(wanted.removals(9).empty());
    CHECK_FALSE(wanted.asked("B"));
}
