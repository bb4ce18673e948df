#include "host/config/document.hpp"

#include <ctime>

#include "support.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::host;

namespace {

std::string refusal(std::string const& text) {
    Problems problems;
    auto const node = read_yaml("p.yaml", text, problems);
    CHECK(node.has_value() == problems.empty());
    return test::told(problems, "nothing");
}

}  // namespace

TEST_CASE("every value knows its line and column") {
    Problems problems;
    auto const node = read_yaml("p.yaml", "a: 1\nb:\n  - x\n  - \"y\"\nc: {d: e}\n", problems);
    REQUIRE(node);
    CHECK(node->find("b")->value.items[1].place.line == 4);
    CHECK(node->find("b")->value.items[1].place.column == 5);
    CHECK_FALSE(node->find("b")->value.items[1].plain);
    CHECK(node->find("a")->value.plain);
    CHECK(node->find("c")->value.find("d")->place.column == 5);
}

TEST_CASE("what could hide or multiply values is refused with its place") {
    CHECK(refusal("a: &x 1\n") ==
          "p.yaml:1:4: a: anchors (&name) are not allowed: write the value where it is needed\n");
    CHECK(refusal("a: &x {b: 1}\n").find("anchors") != std::string::npos);
    CHECK(refusal("a: &x [*x]\n").find("anchors") != std::string::npos);
    CHECK(refusal("a: *x\n").find("p.yaml:1:4:") == 0);
    CHECK(refusal("a: !!int 3\n").find("tags (!name) are not allowed") != std::string::npos);
    CHECK(refusal("a: !thing {b: 1}\n").find("tags") != std::string::npos);
    CHECK(refusal("a:\n  <<: {b: 1}\n").find("p.yaml:2:3: a: merge keys (<<) are not allowed") == 0);
    CHECK(refusal("a: 1\nb: 2\na: 3\n") == "p.yaml:3:1: a: the key is here twice; the first is at line 1\n");
    CHECK(refusal("a: 1\n---\nb: 2\n").find("more than one document") != std::string::npos);
    CHECK(refusal("? [a]\n: 1\n").find("a key must be a word") != std::string::npos);
    CHECK(refusal(std::string("a: \x01\n")).find("p.yaml:1:4: the control character 0x01") == 0);
    CHECK(refusal(std::string("a: b\nc: \xff\n")).find("p.yaml:2:4: the byte 0xFF is not UTF-8") == 0);
    CHECK(refusal(std::string("a: \0b\n", 6)).find("0x00") != std::string::npos);
    CHECK(refusal("a: [1, 2\n").find("this is not YAML") != std::string::npos);
    auto const unquoted = refusal("a: \"${A}\"\nb: {c: 1, d: ${NAME}}\n");
    CHECK(unquoted.find("; in line 2, between brackets, ${...} needs quotes: \"${NAME}\"\n") !=
          std::string::npos);
    CHECK(refusal("a: ${A}\nb: [\"${B}\", 2\n").find("quotes") == std::string::npos);
    CHECK(refusal("a: b: c\n").find("p.yaml:1:") == 0);
}

TEST_CASE("size and depth are bounded before a tree exists") {
    auto const began = std::clock();
    CHECK(refusal(std::string((1 << 20) + 1, 'a')) == "p.yaml: the file is larger than 1 MiB\n");
    CHECK(refusal(std::string(40, '[') + std::string(40, ']')).find("nested deeper than 32 levels") !=
          std::string::npos);
    CHECK(refusal(std::string(100'000, '[')) != "");
    std::string deep = "a";
    for (int i = 0; i != 40; ++i) deep = "{k: " + deep + "}";
    CHECK(refusal(deep).find("nested deeper than 32 levels") != std::string::npos);
    CHECK(refusal("a: &a [x, x]\nb: &b [*a, *a, *a]\nc: &c [*b, *b, *b]\n").find("anchors") !=
          std::string::npos);
    CHECK(refusal("a: " + std::string(20'000, 'x') + "\n") ==
          "p.yaml:1:4: a: a text of more than 16 KiB: put it into a file of its own\n");
    CHECK(refusal("a:\n  " + std::string(300, 'x') + ": 1\n") ==
          "p.yaml:2:3: a: a key of more than 256 bytes\n");
    std::string many;
    for (int i = 0; i != 90'000; ++i) many += "k" + std::to_string(i) + ": 1\n";
    CHECK(refusal(many) == "p.yaml:1001:1: a mapping of more than 1000 keys\n");
    CHECK(std::clock() - began < CLOCKS_PER_SEC);  // of the processor
}

TEST_CASE("an empty file, a byte order mark and line ends of another system are fine") {
    CHECK(refusal("") == "");
    CHECK(refusal("# only a comment\n") == "");
    CHECK(refusal("\xEF\xBB\xBF"
                  "a: 1\r\nb: 2\r\n") == "");
}

TEST_CASE("a file that is not there or is no file says so") {
    test::TemporaryDirectory const directory;
    Problems problems;
    CHECK_FALSE(read_yaml_file(directory / "none.yaml", problems));
    CHECK_FALSE(read_yaml_file(directory.path(), problems));
    auto const text = test::told(problems, directory.path().string());
    CHECK(text.find("none.yaml: there is no such file") != std::string::npos);
    CHECK(text.find("is a directory, not a file") != std::string::npos);
}
