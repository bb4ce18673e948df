#include "host/config/variables.hpp"

#include "support.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::host;

namespace {

struct Expanded {
    std::string text;
    std::string problems;
    bool given = true;
};

Expanded expand(std::string const& text) {
    Variables const variables{{{"A", "one"}, {"EMPTY", ""}, {"YAML", "{x: 1}"}}};
    Node node;
    node.type = Node::Type::scalar;
    node.text = text;
    Problems problems;
    variables.expand(node, "key", problems);
    return {node.text, test::told(problems, "nothing"), node.type == Node::Type::scalar};
}

}  // namespace

TEST_CASE("the three forms of a variable") {
    CHECK(expand("${A}").text == "one");
    CHECK(expand("x ${A}-${A} y").text == "x one-one y");
    CHECK(expand("${B:-two}").text == "two");
    CHECK(expand("${EMPTY:-two}").text == "two");
    CHECK(expand("${A:-two}").text == "one");
    CHECK(expand("${B:?set B}").problems == "key: the variable B is not set: set B\n");
    CHECK(expand("${B}").problems == "key: the variable B is not set: set it, or write ${B:-default}\n");
    CHECK(expand("no $variable, $5").text == "no $variable, $5");
    CHECK(expand("$${A}").text == "${A}");
    CHECK(expand("${A:-x:y}").text == "one");
    CHECK(expand("${B:-x:y}").text == "x:y");
}

TEST_CASE("a malformed variable is named") {
    CHECK(expand("${A").problems == "key: ${ has no closing }\n");
    CHECK(expand("${}").problems.find("expected ${NAME}") != std::string::npos);
    CHECK(expand("${1A}").problems.find("expected ${NAME}") != std::string::npos);
    CHECK(expand("${A:+x}").problems.find("expected ${NAME}") != std::string::npos);
}

TEST_CASE("a value never becomes structure, and an empty one counts as not given") {
    CHECK(expand("${YAML}").text == "{x: 1}");
    CHECK_FALSE(expand("${B:-}").given);
    CHECK_FALSE(expand("${EMPTY}").given);
}

TEST_CASE("a wrong line of an environment file is named without showing it") {
    test::TemporaryDirectory const directory;
    auto const file = directory.write("env", "GOOD=1\nsecret words\n1BAD=2\n");
    Problems problems;
    Variables const variables{file, problems};
    CHECK(variables.get("GOOD") == "1");
    CHECK(test::told(problems, directory.path().string()) ==
          "env:2:1: expected NAME=VALUE\nenv:3:1: expected NAME=VALUE\n");
}
