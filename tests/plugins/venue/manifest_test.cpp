#include "venue/manifest.hpp"

#include <boost/json.hpp>

#include "support/catch.hpp"

using namespace arb;

TEST_CASE("texts of a manifest become one, with nothing between them", "[venue]") {
    constexpr auto whole = manifest_of("{", option_ca_file, ", ", option_snapshot_every, "}");
    CHECK(std::string_view{whole.text}.size() + 1 == sizeof whole.text);
    auto const parsed = boost::json::parse(whole.text).as_object();
    CHECK(parsed.size() == 2);
    CHECK(parsed.at("snapshot_every").at("format").as_string() == "duration");
}

TEST_CASE("each shared option is JSON with a description and a default", "[venue]") {
    for (std::string const option :
         {option_ca_file, option_catalogue_every, option_snapshot_every, select_closes_within}) {
        INFO(option);
        auto const parsed = boost::json::parse("{" + option + "}").as_object();
        REQUIRE(parsed.size() == 1);
        auto const& schema = parsed.begin()->value().as_object();
        CHECK(schema.contains("default"));
        CHECK(schema.contains("description"));
    }
    CHECK(boost::json::parse(command_selection).at("name").as_string() == "selection");
}
