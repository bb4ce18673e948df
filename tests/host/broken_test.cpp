// Broken pipelines, as a person meets them: the program says what is wrong where, and ends with 78.
#include <sys/resource.h>

#include <chrono>

#include "support.hpp"
#include "support/catch.hpp"
#include "support/process.hpp"

namespace {

struct Broken {
    char const* name;
    std::string text;
    std::string expected;  // the whole of standard error
};

std::string const head = arb::test::plugin_path_line;
std::string const sinks = "sinks: {filing: {file: x}}\n";
std::string const venues = "venues: {counting: {}}\n";

// Of the file as a whole and of what concerns the host.
std::vector<Broken> of_the_host() {
    return {
        {"no YAML", head + "venues: [\n",
         "pipeline.yaml:3:1: this is not YAML: end of sequence flow not found\n"},
        {"tabs", head + "venues:\n\tcounting: {}\n",
         "pipeline.yaml:3:1: the line begins with a tab: YAML is indented with spaces\n"},
        {"a list", "- a\n",
         "pipeline.yaml:1:1: expected a mapping with the keys queue, service, plugin_path, venues and "
         "sinks\n"},
        {"unknown section", head + "venus: {counting: {}}\n" + sinks,
         "pipeline.yaml:2:1: venus: this key is not known; did you mean venues?\n"},
        {"unknown key of the queue", head + "queue: {size_mx: 1GiB}\n" + venues + sinks,
         "pipeline.yaml:2:9: queue.size_mx: this key is not known; did you mean size_max?\n"},
        {"size", head + "queue: {size_max: 8GB}\n" + venues + sinks,
         "pipeline.yaml:2:19: queue.size_max: expected a size such as 64MiB, got \"8GB\"\n"},
        {"size too small", head + "queue: {size_max: 1MiB}\n" + venues + sinks,
         "pipeline.yaml:2:19: queue.size_max: must be at least 128 MiB: two segments of the queue\n"},
        {"when_full", head + "queue: {when_full: drop}\n" + venues + sinks,
         "pipeline.yaml:2:20: queue.when_full: expected one of block or drop_oldest, got \"drop\"\n"},
        {"duration", head + "queue: {sync_every: 50}\n" + venues + sinks,
         "pipeline.yaml:2:21: queue.sync_every: expected a duration such as 5m, got \"50\"\n"},
        {"metrics", head + "service: {metrics: everywhere}\n" + venues + sinks,
         "pipeline.yaml:2:20: service.metrics: expected an address such as 127.0.0.1:9464, or off, got "
         "\"everywhere\"\n"},
        {"metrics of a name", head + "service: {metrics: \"nohost:9464\"}\n" + venues + sinks,
         "pipeline.yaml:2:20: service.metrics: expected an address such as 127.0.0.1:9464, or off, got "
         "\"nohost:9464\"\n"},
        {"metrics without such a port", head + "service: {metrics: 127.0.0.1:99999}\n" + venues + sinks,
         "pipeline.yaml:2:20: service.metrics: expected an address such as 127.0.0.1:9464, or off, got "
         "\"127.0.0.1:99999\"\n"},
        {"socket", head + "service: {socket: /" + std::string(120, 'x') + "}\n" + venues + sinks,
         "pipeline.yaml:2:19: service.socket: expected a path of at most 107 bytes, as of every Unix socket, "
         "got 121\n"},
        {"log level", head + "service: {log: {level: loud}}\n" + venues + sinks,
         "pipeline.yaml:2:24: service.log.level: expected one of debug, info, warning or error, got "
         "\"loud\"\n"},
        {"plugin_path", "plugin_path: plugins\n" + std::string{"venues: {}\n"},
         "pipeline.yaml:1:14: plugin_path: expected a list such as [a, b], got \"plugins\"\n"},
    };
}

// Of one instance.
std::vector<Broken> of_instances() {
    return {
        {"unknown plugin", head + "venues: {countin: {}}\n" + sinks,
         "pipeline.yaml:2:10: venues.countin: there is no plugin countin; did you mean counting? (looked in"},
        {"sink among venues", head + "venues: {filing: {file: x}}\n" + sinks,
         "pipeline.yaml:2:10: venues.filing: filing is a sink: move it to sinks\n"},
        {"option", head + "venues: {counting: {quotes: many}}\n" + sinks,
         "pipeline.yaml:2:29: venues.counting.quotes: expected a whole number from 0 to 1000000, got "
         "\"many\"\n"},
        {"option out of range", head + "venues: {counting: {quotes: -1}}\n" + sinks,
         "pipeline.yaml:2:29: venues.counting.quotes: expected a whole number from 0 to 1000000, got "
         "\"-1\"\n"},
        {"unknown option", head + "venues: {counting: {evry: 5m}}\n" + sinks,
         "pipeline.yaml:2:21: venues.counting.evry: this key is not known; did you mean every?\n"},
        {"nested option", head + "venues:\n  counting:\n    select:\n      kinds: [quotes, tardes]\n" + sinks,
         "pipeline.yaml:5:23: venues.counting.select.kinds[1]: expected one of quotes or trades, got "
         "\"tardes\"\n"},
        {"missing option", head + venues + "sinks: {filing: {}}\n",
         "pipeline.yaml:3:17: sinks.filing.file: is missing: expected a text\n"},
        {"an instance that is a word", head + "venues: {counting: yes}\n" + sinks,
         "pipeline.yaml:2:20: venues.counting: expected a mapping of keys to values, such as {enabled: "
         "true}\n"},
        {"name of an instance", head + "venues: {\"counting two\": {}}\n" + sinks,
         "pipeline.yaml:2:10: venues.counting two: the name of an instance is a plugin, or plugin/name with "
         "letters, digits, _ . and -\n"},
    };
}

// What makes a file say something else than what it seems to say, and what it may not say.
std::vector<Broken> of_values() {
    return {
        {"same key twice", head + "venues:\n  counting: {}\n  counting: {quotes: 1}\n" + sinks,
         "pipeline.yaml:4:3: venues.counting: the key is here twice; the first is at line 3\n"},
        {"anchor", head + "venues: {counting: &a {}}\n" + sinks,
         "pipeline.yaml:2:20: venues.counting: anchors (&name) are not allowed: write the value where it is "
         "needed\n"},
        {"variable", head + "venues: {counting: {quotes: \"${NOT_SET_ANYWHERE}\"}}\n" + sinks,
         "pipeline.yaml:2:29: venues.counting.quotes: the variable NOT_SET_ANYWHERE is not set: set it, or "
         "write "
         "${NOT_SET_ANYWHERE:-default}\n"},
        {"variable with a message",
         head + "venues: {counting: {quotes: \"${NOT_SET_ANYWHERE:?say how many}\"}}\n" + sinks,
         "pipeline.yaml:2:29: venues.counting.quotes: the variable NOT_SET_ANYWHERE is not set: say how "
         "many\n"},
        {"secret", head + "venues: {counting: {token: abc}}\n" + sinks,
         "pipeline.yaml:2:28: venues.counting.token: a secret must not stand in this file: write ${NAME} "
         "here and set NAME in the "
         "environment or in the .env file beside the pipeline\n"},
        {"hostile words of a plugin", head + "venues: {counting: {refuse: \"a\\nb\\e[31m\"}}\n" + sinks,
         "pipeline.yaml:2:29: venues.counting.refuse: cannot read the file a\\nb\\x1b[31m\n"},
        {"refused by the plugin", head + "venues: {counting: {refuse: key.pem}}\n" + sinks,
         "pipeline.yaml:2:29: venues.counting.refuse: cannot read the file key.pem\n"},
        {"no sink", head + venues,
         "pipeline.yaml:1:1: sinks: no sink is enabled: what is collected would go nowhere\n"},
        {"no venue", head + "venues: {counting: {enabled: false}}\n" + sinks,
         "pipeline.yaml:1:1: venues: no venue is enabled: there is nothing to collect\n"},
        {"process", head + "venues: {counting: {isolation: process}}\n" + sinks,
         "pipeline.yaml:2:32: venues.counting.isolation: a process of its own is not available in this "
         "version: write thread\n"},
        {"foreign library", head + "venues: {foreign: {}}\n" + sinks,
         "is a shared library, but not a plugin of this program"},
        {"another interface", head + "venues: {future: {}}\n" + sinks,
         "was built for version 99 of the plugin interface"},
        {"several", head + "queue: {when_full: drop}\nvenues: {counting: {quotes: x, evry: 1}}\n" + sinks,
         "3 problems; nothing was started\n"},
    };
}

// What ended children have taken of a processor: the clock on the wall also counts what else is running.
std::chrono::microseconds processor_time() {
    rusage usage{};
    ::getrusage(RUSAGE_CHILDREN, &usage);
    return std::chrono::seconds{usage.ru_utime.tv_sec + usage.ru_stime.tv_sec} +
           std::chrono::microseconds{usage.ru_utime.tv_usec + usage.ru_stime.tv_usec};
}

}  // namespace

TEST_CASE("a broken pipeline gives one clear message with its place and exit code 78") {
    arb::test::TemporaryDirectory const directory;
    auto table = of_the_host();
    for (auto const& more : {of_instances(), of_values()})
        table.insert(table.end(), more.begin(), more.end());
    CHECK(table.size() >= 30);
    for (auto const& broken : table) {
        INFO(broken.name);
        directory.write("pipeline.yaml", broken.text);
        auto const began = processor_time();
        auto const done = arb::test::run(
            {{ARBITRAGE_PROGRAM, "validate", "-p", "pipeline.yaml"}, {}, directory.path().string()});
        CHECK(processor_time() - began < std::chrono::seconds{1});
        CHECK(done.code == 78);
        if (broken.expected.ends_with('\n') && broken.expected.starts_with("pipeline.yaml"))
            CHECK(done.errors == broken.expected);
        else
            CHECK(done.errors.find(broken.expected) != std::string::npos);
        CHECK(done.errors.find("pipeline.yaml:") == 0);
        CHECK(done.out == "");
    }
}

TEST_CASE("run refuses what validate refuses, with the same words") {
    arb::test::TemporaryDirectory const directory;
    directory.write("pipeline.yaml", head + "venues: {counting: {refuse: key.pem}}\n" + sinks);
    auto const done =
        arb::test::run({{ARBITRAGE_PROGRAM, "run", "pipeline.yaml"}, {}, directory.path().string()});
    CHECK(done.code == 78);
    CHECK(done.errors.find("pipeline.yaml:2:29: venues.counting.refuse: cannot read the file key.pem") !=
          std::string::npos);
    directory.write("pipeline.yaml", head + "venues: {counting: {evry: 1}}\n" + sinks);
    CHECK(arb::test::run({{ARBITRAGE_PROGRAM, "run", "pipeline.yaml"}, {}, directory.path().string()}).code ==
          78);
}

TEST_CASE("a pipeline that is not there is named") {
    arb::test::TemporaryDirectory const directory;
    auto done = arb::test::run({{ARBITRAGE_PROGRAM, "validate", "none.yaml"}, {}, directory.path().string()});
    CHECK(done.code == 78);
    CHECK(done.errors == "none.yaml: there is no such file\n");
    done = arb::test::run(
        {{ARBITRAGE_PROGRAM, "run"}, {{"ARBITRAGE_PIPELINE", "other.yaml"}}, directory.path().string()});
    CHECK(done.code == 78);
    CHECK(done.errors == "other.yaml: there is no such file\n");
}
