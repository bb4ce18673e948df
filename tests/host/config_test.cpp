#include "host/config/config.hpp"

#include <boost/json.hpp>

#include "support.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::host;

namespace {

struct Loaded {
    Config config;
    std::string problems;
};

Loaded load_text(test::TemporaryDirectory const& directory, std::string const& text) {
    Problems problems;
    Loaded out;
    auto const file = directory.write("pipeline.yaml", text);
    out.config = load_config({file, {}}, problems);
    out.problems = test::told(problems, directory.path().string());
    return out;
}

std::string const working = test::plugin_path_line +
                            "venues:\n"
                            "  counting: {quotes: 5, select: {series: [A, B]}}\n"
                            "  counting/two:\n"
                            "    required: false\n"
                            "    log_level: debug\n"
                            "sinks:\n"
                            "  filing: {file: out.txt, batch_rows_max: 7, batch_wait_max: 5ms}\n"
                            "  filing/off: {enabled: false, file: \"${NOT_SET_ANYWHERE}\"}\n";

}  // namespace

TEST_CASE("a pipeline becomes typed values") {
    test::TemporaryDirectory const directory;
    auto const [config, problems] = load_text(
        directory,
        "queue: {directory: q, size_max: 1GiB, sync_every: 0ms, when_full: drop_oldest}\n"
        "service: {socket: s.sock, metrics: 127.0.0.1:9464, log: {level: warning, format: json}}\n" +
            working);
    REQUIRE(problems == "");
    CHECK(config.queue.directory == "q");
    CHECK(config.queue.size_max == std::uint64_t{1} << 30);
    CHECK(config.queue.sync_every.count() == 0);
    CHECK(config.queue.when_full == queue::WhenFull::drop_oldest);
    CHECK(config.service.socket == "s.sock");
    CHECK(config.service.metrics == "127.0.0.1:9464");
    CHECK(config.service.log_format == LogFormat::json);
    REQUIRE(config.venues.size() == 2);
    CHECK(config.venues[0].options == R"({"quotes":5,"select":{"series":["A","B"]}})");
    CHECK(config.venues[0].log_level == ARB_LOG_WARNING);
    CHECK(config.venues[1].name == "counting/two");
    CHECK(config.venues[1].type == "counting");
    CHECK_FALSE(config.venues[1].required);
    CHECK(config.venues[1].log_level == ARB_LOG_DEBUG);
    CHECK(config.venues[1].options == "{}");
    REQUIRE(config.sinks.size() == 2);
    CHECK(config.sinks[0].batch_rows_max == 7);
    CHECK(config.sinks[0].batch_wait_max.count() == 5);
    CHECK(config.sinks[0].options == R"({"file":"out.txt"})");
}

TEST_CASE("defaults stand where the file says nothing, and a disabled instance needs no variables") {
    test::TemporaryDirectory const directory;
    auto const [config, problems] = load_text(directory, working);
    REQUIRE(problems == "");
    CHECK(config.queue.directory == "var/queue");
    CHECK(config.service.socket == "var/arbitrage.sock");
    CHECK(config.service.metrics.empty());
}

TEST_CASE("files of pipeline.d are merged, and an instance defined twice is named with both places") {
    test::TemporaryDirectory const directory;
    directory.write("pipeline.d/10_more.yaml",
                    "venues:\n  counting/more: {quotes: 1}\nservice: {log: {level: error}}\n");
    directory.write("pipeline.d/ignored.txt", "nonsense: [");
    auto const text =
        test::plugin_path_line + "service: {socket: s}\nvenues: {counting: {}}\nsinks: {filing: {file: x}}\n";
    auto loaded = load_text(directory, text);
    REQUIRE(loaded.problems == "");
    CHECK(loaded.config.venues.size() == 2);
    CHECK(loaded.config.service.log_level == ARB_LOG_ERROR);
    CHECK(loaded.config.service.socket == "s");

    directory.write("pipeline.d/20_again.yaml", "venues:\n  counting: {}\nservice: {socket: t}\n");
    loaded = load_text(directory, text);
    CHECK(
        loaded.problems ==
        "pipeline.d/20_again.yaml:2:3: venues.counting: this instance is defined twice; also at "
        "pipeline.yaml:3:10\n"
        "pipeline.d/20_again.yaml:3:11: service.socket: this key is set twice; also at pipeline.yaml:2:11\n");
}

TEST_CASE("variables come from the environment file beside the pipeline") {
    test::TemporaryDirectory const directory;
    directory.write(".env", "# a comment\nexport QUOTES_OF_TEST=12\nFILE_OF_TEST='a b.txt'\n");
    auto const [config, problems] = load_text(
        directory, test::plugin_path_line +
                       "venues: {counting: {quotes: \"${QUOTES_OF_TEST}\", token: \"${TOKEN_OF_TEST:-}\"}}\n"
                       "sinks: {filing: {file: \"${FILE_OF_TEST}\"}}\n");
    REQUIRE(problems == "");
    CHECK(config.venues[0].options == R"({"quotes":12})");
    CHECK(config.sinks[0].options == R"({"file":"a b.txt"})");
}

TEST_CASE("an instance that is not required and cannot be used is left out, not a problem") {
    test::TemporaryDirectory const directory;
    auto const [config, problems] =
        load_text(directory, test::plugin_path_line +
                                 "venues: {counting: {}, nowhere: {required: false}, future: {required: "
                                 "\"${NEEDED_OF_TEST:-false}\"}}\n"
                                 "sinks: {filing: {file: x}}\n");
    REQUIRE(problems == "");
    CHECK(config.venues[1].refusal.find("there is no plugin nowhere") == 0);
    CHECK(config.venues[2].refusal.find("version 99 of the plugin interface") != std::string::npos);
}

TEST_CASE("the exported schema knows every plugin and the keys of the host") {
    auto const manifest = read_manifest(test::plugins + "/filing.so");
    REQUIRE(manifest.has_value());
    auto const schema = pipeline_schema({manifest.value()});
    auto const& sinks = schema.at("properties").at("sinks").as_object();
    auto const& filing = sinks.at("patternProperties").at("^filing(/.+)?$").as_object();
    CHECK(filing.at("properties").as_object().contains("batch_rows_max"));
    CHECK(filing.at("properties").as_object().contains("writes_failing"));
    CHECK(filing.at("properties").as_object().contains("required"));
}
