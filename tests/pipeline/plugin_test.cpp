// A plugin somebody else built: copied into plugin_path it is listed, inspected, validated and run like our
// own.
#include <filesystem>

#include "pipeline/collector.hpp"
#include "pipeline/database.hpp"
#include "support/catch.hpp"

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

// What the template's test built against the installed SDK, outside the tree.
std::vector<fs::path> template_plugins() {
    std::vector<fs::path> out;
    fs::path const folder = ARBITRAGE_BINARY_DIR "/template/build";
    if (fs::exists(folder))
        for (auto const& entry : fs::recursive_directory_iterator{folder})
            if (entry.path().extension() == ".so") out.push_back(entry.path());
    return out;
}

}  // namespace

TEST_CASE("a venue and a sink built outside the tree run from plugin_path") {
    auto const built = template_plugins();
    REQUIRE(built.size() >= 2);
    arb::test::TemporaryDirectory const directory;
    fs::create_directories(directory / "plugins");
    std::string venues, sinks;
    for (auto const& file : built) {
        fs::copy_file(file, fs::path{directory / "plugins"} / file.filename());
        auto const id = file.stem().string();
        (id.find("sink") != std::string::npos ? sinks : venues) += "  " + id + ": {}\n";
    }
    INFO(venues + sinks);
    auto const database_file = directory / "rows.db";
    arb::test::Collector collector{directory, "plugin_path: [\"" + directory / "plugins" + "\"]\nvenues:\n" +
                                                  venues + "sinks:\n" + sinks + "  sqlite: {file: \"" +
                                                  database_file + "\"}\n"};
    auto const listed = collector.run({"plugins", "list"});
    INFO(listed.out + listed.errors);
    CHECK(listed.code == 0);
    for (auto const& file : built) CHECK(listed.out.find(file.stem().string()) != std::string::npos);
    auto const inspected = collector.run({"plugins", "inspect", built[0].string()});
    CHECK(inspected.code == 0);
    auto const validated = collector.run({"validate"});
    INFO(validated.out + validated.errors);
    CHECK(validated.code == 0);
    collector.start();
    CHECK(arb::test::eventually(20s, [&] { return collector.ready(); }));
    CHECK(arb::test::eventually(20s, [&] {
        return std::stoll(arb::test::open_sqlite(database_file)->one("SELECT count(*) FROM tick_history")) >
               0;
    }));
    CHECK(collector.stop() == 0);
}
