#include "host/table.hpp"

#include <sstream>

#include "support/catch.hpp"

using namespace arb::host;

namespace {

std::string printed(bool as_json, std::vector<boost::json::object> const& rows) {
    std::ostringstream out;
    RowPrinter printer{out, as_json};
    for (auto const& row : rows) printer.row(row);
    printer.finish();
    return out.str();
}

}  // namespace

TEST_CASE("rows become aligned columns, figures to the right") {
    CHECK(printed(false, {{{"name", "a"}, {"price", "0.5"}},
                          {{"name", "längs"}, {"price", "12.25"}, {"note", nullptr}}}) ==
          "NAME   PRICE\n"
          "a        0.5\n"
          "längs  12.25\n");
    CHECK(printed(false, {{{"age", 26.5}}}) == " AGE\n26.5\n");
    CHECK(printed(false, {}) == "no rows\n");
    CHECK(printed(false, {{{"title", "two\nlines\x1b[0m"}}}) == "TITLE\ntwo\\nlines\\x1b[0m\n");
}

TEST_CASE("rows as JSON are one list") {
    CHECK(printed(true, {}) == "[]\n");
    CHECK(printed(true, {{{"a", 1}}, {{"a", "x"}}}) == "[\n{\"a\":1},\n{\"a\":\"x\"}\n]\n");
}
