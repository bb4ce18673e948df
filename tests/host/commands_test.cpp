// Commands as a person types them.
#include <boost/json.hpp>

#include "support.hpp"
#include "support/catch.hpp"
#include "support/process.hpp"

namespace {

std::string const good =
    arb::test::plugin_path_line + "venues: {counting: {}}\nsinks: {filing: {file: x}, filing/b: {file: y}}\n";

struct Shell {
    arb::test::TemporaryDirectory directory;
    explicit Shell(std::string const& pipeline = good) { directory.write("pipeline.yaml", pipeline); }
    arb::test::Finished operator()(std::vector<std::string> words) const {
        words.insert(words.begin(), ARBITRAGE_PROGRAM);
        return arb::test::run({words, {}, directory.path().string()});
    }
};

bool contains(std::string const& text, std::string const& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("help, version and mistakes of usage") {
    Shell const shell;
    auto done = shell({"--help"});
    CHECK(done.code == 0);
    CHECK(contains(done.out, "validate"));
    CHECK_FALSE(contains(done.out, "\x1b"));
    CHECK(shell({"--version"}).out.starts_with("arbitrage "));
    CHECK(shell({}).code == 64);
    done = shell({"rnu"});
    CHECK(done.code == 64);
    CHECK(contains(done.errors, "there is no command rnu; did you mean run?"));
    CHECK(contains(shell({"pairs"}).errors, "there is no command pairs; did you mean pairs list?"));
    CHECK(shell({"--nonsense"}).code == 64);
    CHECK(shell({"run", "--nonsense"}).code == 64);
    CHECK(shell({"status", "--format", "xml"}).code == 64);
    done = shell({"tap", "--kind", "quotes"});
    CHECK(done.code == 64);
    CHECK(contains(done.errors, "event,market,quote,trade"));
    done = shell({"queue", "dump", "--from", "x"});
    CHECK(done.code == 64);
    CHECK(contains(done.errors, "`arbitrage queue dump --help` shows"));
    for (char const* const option : {"--from", "--to", "--limit"})
        CHECK(shell({"queue", "dump", option, "-1"}).code == 64);
    done = shell({"queue", "dmup"});
    CHECK(done.code == 64);
    CHECK(contains(done.errors, "arbitrage queue: dmup was not expected"));
}

TEST_CASE("a command of several words that is cut short says how it goes on") {
    Shell const shell;
    auto done = shell({"plugins"});
    CHECK(done.code == 64);
    CHECK(contains(done.errors, "Usage: arbitrage plugins [OPTIONS]"));
    CHECK(contains(done.errors, "inspect "));
    done = shell({"queue"});
    CHECK(done.code == 64);
    CHECK(contains(done.errors, "forget-sink "));
    done = shell({"counting"});
    CHECK(done.code == 64);
    CHECK(contains(done.errors, "pairs list  A command of two words."));
    done = shell({"counting", "--help"});
    CHECK(done.code == 0);
    CHECK(contains(done.out, "pairs list  A command of two words."));
    // The commands of plugins are where a stranger looks for them.
    CHECK(contains(shell({"--help"}).out, "echo, pairs list, away, find\n"));
    CHECK_FALSE(contains(shell({"status", "--help"}).out, "Exit codes"));
}

TEST_CASE("output that does not arrive is no success") {
    auto const done = arb::test::run({{"/bin/sh", "-c", ARBITRAGE_PROGRAM " --help > /dev/full"}, {}, "/"});
    CHECK(done.code == 74);
    CHECK(done.errors == "arbitrage: the output could not be written: No space left on device\n");
}

TEST_CASE("plugins are listed and inspected without running them") {
    Shell const shell;
    auto done = shell({"plugins", "list"});
    CHECK(done.code == 0);
    // The width of the columns depends on what else is installed.
    auto const row = done.out.substr(std::min(done.out.find("counting "), done.out.size()));
    for (char const* const part : {"venue", "1.2.3", "Pushes numbered quotes."})
        CHECK(contains(row.substr(0, row.find('\n')), part));
    CHECK(contains(done.errors, "not usable: "));
    done = shell({"plugins", "list", "--format", "json"});
    CHECK(boost::json::parse(done.out).as_array().size() >= 3);
    done = shell({"plugins", "inspect", "counting"});
    CHECK(done.code == 0);
    CHECK(contains(done.out, "select.series"));
    CHECK(contains(done.out, "as every venue, enabled, required"));
    CHECK(contains(done.out, "pairs list"));
    done = shell({"plugins", "inspect", arb::test::plugins + "/filing.so", "--format", "json"});
    CHECK(boost::json::parse(done.out).as_object().at("id") == "filing");
    CHECK(shell({"plugins", "inspect", "nothing"}).code == 1);
}

TEST_CASE("the schema for editors is JSON") {
    auto const done = Shell{}({"schema"});
    CHECK(done.code == 0);
    auto const schema = boost::json::parse(done.out).as_object();
    CHECK(schema.at("properties")
              .at("venues")
              .at("patternProperties")
              .as_object()
              .contains("^counting(/.+)?$"));
}

TEST_CASE("validate reaches what it can and says which it could not") {
    auto done = Shell{}({"validate"});
    CHECK(done.code == 0);
    CHECK(contains(done.out, "counting  venue  reached"));
    CHECK(contains(done.out, "pipeline.yaml is valid"));
    Shell const away{arb::test::plugin_path_line +
                     "venues: {counting: {probe: away}}\nsinks: {filing: {file: x}}\n"};
    done = away({"validate"});
    CHECK(done.code == 69);
    CHECK(contains(done.errors, "counting: 127.0.0.1:1 refused the connection"));
    CHECK(away({"validate", "--no-environment"}).code == 0);
    Shell const wrong{arb::test::plugin_path_line +
                      "venues: {counting: {probe: wrong}}\nsinks: {filing: {file: x}}\n"};
    done = wrong({"validate"});
    CHECK(done.code == 78);
    CHECK(done.errors == "pipeline.yaml:2:28: venues.counting.probe: the service does not know this\n");
    Shell const without{
        arb::test::plugin_path_line +
        "venues: {counting: {}, counting/b: {required: false, refuse: key}}\nsinks: {filing: {file: x}}\n"};
    done = without({"validate"});
    CHECK(done.code == 0);
    CHECK(done.errors ==
          "left out: pipeline.yaml:2:62: venues.counting/b.refuse: cannot read the file key\n");
}

TEST_CASE("a plugin's command takes typed options and gives rows") {
    Shell const shell;
    auto done = shell({"counting", "echo", "--text", "12", "--times", "2", "--names", "a,b", "--up-side",
                       "--format", "json"});
    CHECK(done.errors == "");
    REQUIRE(done.code == 0);
    auto const rows = boost::json::parse(done.out).as_array();
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].at("parameters") == R"({"names":["a","b"],"text":"12","times":2,"up_side":true})");
    done = shell({"echo", "x y", "--times", "1"});  // the first required option needs no name
    CHECK(contains(done.out, "x y"));
    done = shell({"echo", "--text", "x"});
    CHECK(done.code == 0);
    CHECK(contains(done.out, "COMMAND  NUMBER  PARAMETERS"));
    CHECK(contains(shell({"pairs", "list"}).out, "pairs list"));
    CHECK(contains(shell({"counting", "echo", "--help"}).out, "How often"));
}

TEST_CASE("mistakes in a plugin's command are usage, trouble of its service is not") {
    Shell const shell;
    auto done = shell({"counting", "echo"});
    CHECK(done.code == 64);
    CHECK(done.errors ==
          "arbitrage counting echo: --text: is missing: expected a text\n"
          "`arbitrage counting echo --help` lists its options\n");
    done = shell({"counting", "echo", "--text", "x", "--times", "9"});
    CHECK(done.code == 64);
    CHECK(contains(done.errors, "--times: expected a whole number from 1 to 3, got \"9\""));
    done = shell({"counting", "nothing"});
    CHECK(done.code == 64);
    CHECK(contains(done.errors, "it offers echo, pairs list, away, find"));
    done = shell({"counting", "away"});
    CHECK(done.code == 69);
    CHECK(done.errors == "counting away: nobody answers\n");
}

TEST_CASE("an option takes one word, wherever it stands") {
    Shell const shell;
    for (auto const& words : {std::vector<std::string>{"counting", "echo", "--times", "2", "x"},
                              {"counting", "echo", "--names", "a,b", "x", "--times", "2"},
                              {"counting", "echo", "x", "--times=2"},
                              {"--format", "json", "counting", "echo", "--times", "2", "--text", "x"}}) {
        auto const done = shell(words);
        INFO(done.errors);
        CHECK(done.code == 0);
        CHECK(contains(done.out, "x"));
        CHECK(contains(done.out, "2}"));
    }
    // Where no option is required, the first needs no name if it is a text.
    CHECK(contains(shell({"find", "--limit", "2", "Anna"}).out, "NAME\nAnna\nAnna\n"));
    auto const wrong = shell({"counting", "echo", "x", "--nonsense", "5"});
    CHECK(wrong.code == 64);
    CHECK(contains(wrong.errors, "arbitrage counting echo: --nonsense was not expected\n"));
    auto const help = shell({"find", "--help"}).out;
    CHECK(contains(help, "Usage: arbitrage counting find [OPTIONS] [name]"));
    CHECK(contains(help, "--at TIME"));
    CHECK(contains(help, "--limit N "));
}

TEST_CASE("whose mistake it was is in the exit code, and rows before an error are shown") {
    Shell const shell;
    auto done = shell({"find", "?"});
    CHECK(done.code == 64);
    CHECK(done.errors ==
          "arbitrage counting find: --name: \"?\" is no name\n"
          "`arbitrage counting find --help` lists its options\n");
    done = shell({"find", "Anna", "--at", "yesterday"});
    CHECK(done.code == 64);
    CHECK(contains(done.errors, "--at: expected a time such as 2026-11-20T12:00:00Z, got \"yesterday\""));
    CHECK(shell({"find", "Anna", "--at", "2026-11-20"}).code == 1);
    CHECK(shell({"find"}).code == 78);
    done = shell({"find", "Anna", "--limit", "2", "--format", "json"});
    CHECK(done.code == 1);
    CHECK(done.errors == "counting find: there is nobody else\n");
    CHECK(boost::json::parse(done.out).as_array().size() == 2);
    CHECK(shell({"away"}).out == "");
}

TEST_CASE("without an instance the first sink that offers the command answers") {
    auto const done = Shell{}({"rows", "--format", "json"});
    CHECK(done.out == "[\n{\"file\":\"x\"}\n]\n");
    Shell const two{arb::test::plugin_path_line +
                    "venues: {counting: {}, counting/b: {}}\nsinks: {filing: {file: x}}\n"};
    auto const unclear = two({"echo", "--text", "x"});
    CHECK(unclear.code == 64);
    CHECK(contains(unclear.errors, "offered by counting, counting/b: say which"));
}
