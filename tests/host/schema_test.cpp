#include "host/config/schema.hpp"

#include "support.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::host;

namespace {

auto const schema =
    boost::json::parse(
        R"json({"type": "object", "additionalProperties": false, "required": ["name"], "properties": {
  "name": {"type": "string"},
  "every": {"type": "string", "format": "duration"},
  "room": {"type": "string", "format": "size"},
  "edge": {"type": "string", "format": "decimal"},
  "count": {"type": "integer", "minimum": 1, "maximum": 10},
  "share": {"type": "number", "minimum": 0, "maximum": 1},
  "loud": {"type": "boolean"},
  "kinds": {"type": "array", "items": {"type": "string", "enum": ["quotes", "trades"]}},
  "keep": {"type": "object", "additionalProperties": {"type": "string", "format": "duration"}},
  "either": {"type": ["string", "integer"]},
  "word": {"type": "string", "pattern": "^[a-z]+$", "expected": "a word"},
  "key": {"type": "string", "secret": true}
}})json")
        .as_object();

std::string json_of(std::string const& text) {
    Problems problems;
    auto const node = read_yaml("p", text, problems);
    REQUIRE(node);
    auto const out = check_node(*node, schema, "v", problems);
    CHECK(test::told(problems, "nothing") == "");
    return boost::json::serialize(out);
}

std::string problem_of(std::string const& text) {
    Problems problems;
    auto const node = read_yaml("p", text, problems);
    REQUIRE(node);
    check_node(*node, schema, "v", problems);
    return test::told(problems, "nothing");
}

}  // namespace

TEST_CASE("scalars become what the schema wants") {
    CHECK(json_of("{name: 12, count: 3, share: 0.5, loud: true}") ==
          R"({"name":"12","count":3,"share":5E-1,"loud":true})");
    CHECK(json_of("{name: true, either: 5}") == R"({"name":"true","either":5})");
    CHECK(json_of("{name: x, either: \"5\"}") == R"({"name":"x","either":"5"})");
    CHECK(json_of("{name: x, keep: {ticks: 90d}}") == R"({"name":"x","keep":{"ticks":"90d"}})");
    CHECK(json_of("{name: x, kinds: [], every: }") == R"({"name":"x","kinds":[]})");
}

TEST_CASE("what does not fit is said in words, with its place") {
    CHECK(problem_of("name: x\nevery: fast\n") ==
          "p:2:8: v.every: expected a duration such as 5m, got \"fast\"\n");
    CHECK(problem_of("{name: x, room: 5MB}") ==
          "p:1:17: v.room: expected a size such as 64MiB, got \"5MB\"\n");
    CHECK(problem_of("{name: x, edge: 0.1.2}") ==
          "p:1:17: v.edge: expected a decimal number such as 0.05, got \"0.1.2\"\n");
    CHECK(problem_of("{name: x, count: 11}") ==
          "p:1:18: v.count: expected a whole number from 1 to 10, got \"11\"\n");
    CHECK(problem_of("{name: x, count: 1.5}") ==
          "p:1:18: v.count: expected a whole number from 1 to 10, got \"1.5\"\n");
    CHECK(problem_of("{name: x, share: 1.5}") ==
          "p:1:18: v.share: expected a number from 0 to 1, got \"1.5\"\n");
    CHECK(problem_of("{name: x, loud: yes}") == "p:1:17: v.loud: expected true or false, got \"yes\"\n");
    CHECK(problem_of("{name: x, loud: \"true\"}") ==
          "p:1:17: v.loud: expected true or false, got \"true\"\n");
    CHECK(problem_of("{name: x, kinds: [quotes, tades]}") ==
          "p:1:27: v.kinds[1]: expected one of quotes or trades, got \"tades\"\n");
    CHECK(problem_of("{name: x, kinds: quotes}") ==
          "p:1:18: v.kinds: expected a list of quotes or trades, got \"quotes\"\n");
    CHECK(problem_of("{name: [x]}") == "p:1:8: v.name: expected a text, got a list\n");
    CHECK(problem_of("{name: x, word: A1}") == "p:1:17: v.word: expected a word, got \"A1\"\n");
    CHECK(problem_of("{name: x, keep: {a: b}}") ==
          "p:1:21: v.keep.a: expected a duration such as 5m, got \"b\"\n");
    CHECK(problem_of("{every: 5m}").find("v.name: is missing: expected a text") != std::string::npos);
}

TEST_CASE("an unknown key names the nearest known one") {
    CHECK(problem_of("{name: x, evry: 5m}") ==
          "p:1:11: v.evry: this key is not known; did you mean every?\n");
    CHECK(problem_of("{name: x, laud: true}").find("did you mean loud?") != std::string::npos);
    CHECK(problem_of("{name: x, zzzzzz: true}").find("known are name, every") != std::string::npos);
    CHECK(nearest("catalouge_every", {"catalogue_every", "poll_every"}) == "catalogue_every");
    CHECK(nearest("x", {"catalogue_every"}) == "");
}

TEST_CASE("a secret must come from a variable, and is never repeated") {
    auto const text = problem_of("{name: x, key: hunter2}");
    CHECK(text.find("p:1:16: v.key: a secret must not stand in this file") == 0);
    CHECK(text.find("hunter2") == std::string::npos);
    CHECK(problem_of("{name: x, key: [hunter2]}").find("hunter2") == std::string::npos);
}

TEST_CASE("a text without end is not matched, for matching it would take the stack") {
    CHECK(problem_of("{name: x, word: " + std::string(5000, 'a') + "}") ==
          "p:1:17: v.word: expected a word, got \"" + std::string(60, 'a') + "...\"\n");
}

TEST_CASE("a schema that is none is said to be, whoever wrote it") {
    auto const wrong = [](char const* text) { return wrong_schema(boost::json::parse(text).as_object()); };
    CHECK(wrong(R"({"type": "object", "properties": {"a": {"type": "integer", "minimum": 1}}})") == "");
    CHECK(wrong(R"({"properties": {"a": {"minimum": "much"}}})").find("minimum") != std::string::npos);
    CHECK(wrong(R"({"properties": {"a": {"maxLength": -1}}})") != "");
    CHECK(wrong(R"({"properties": 5})") != "");
    CHECK(wrong(R"({"properties": {"a": {"$ref": "http://127.0.0.1/none"}}})") != "");
    auto const pattern = boost::json::parse(R"({"properties": {"a": {"type": "string", "pattern": "("}}})");
    Problems problems;
    auto const node = read_yaml("p", "{a: x}", problems);
    REQUIRE(node);
    check_node(*node, pattern.as_object(), "v", problems);
    CHECK(test::told(problems, "nothing").find("a pattern of the schema is wrong") != std::string::npos);
}

TEST_CASE("all problems come at once") {
    auto const text = problem_of("every: fast\nroom: 5MB\nloud: maybe\nkinds: [a]\nunknown: 1\n");
    CHECK(std::count(text.begin(), text.end(), '\n') == 6);
}
