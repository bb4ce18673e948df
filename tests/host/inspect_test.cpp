// What `validate` looks at beyond the file: the places the pipeline would use.
#include <filesystem>

#include "service.hpp"
#include "support/catch.hpp"

using namespace arb::test;

namespace {

Finished validate(TemporaryDirectory const& directory, std::string const& sections,
                  std::vector<std::string> more = {}) {
    directory.write("pipeline.yaml",
                    plugin_path_line + sections + "venues: {counting: {}}\nsinks: {filing: {file: x}}\n");
    more.insert(more.begin(), {ARBITRAGE_PROGRAM, "validate"});
    return run({more, {}, directory.path().string()});
}

}  // namespace

TEST_CASE("validate looks whether the queue and the socket have their places, and makes nothing") {
    TemporaryDirectory const directory;
    directory.write("file", "");
    auto done = validate(directory, "queue: {directory: file}\nservice: {socket: a/b/s.sock}\n");
    CHECK(done.code == 74);
    CHECK(done.errors == "pipeline.yaml:2:20: queue.directory: " + directory / "file" + " is no folder\n");
    done = validate(directory, "queue: {directory: file/below}\n");
    CHECK(done.code == 74);
    done = validate(directory, "service: {socket: file/s.sock}\n");
    CHECK(done.code == 74);
    CHECK(done.errors == "pipeline.yaml:2:19: service.socket: " + directory / "file" + " is no folder\n");
    std::filesystem::create_directory(directory / "folder");
    done = validate(directory, "queue: {directory: file/q}\nservice: {socket: folder}\n");
    CHECK(done.code == 74);
    CHECK(contains(done.errors, "pipeline.yaml:2:20: queue.directory: "));
    CHECK(contains(done.errors, "pipeline.yaml:3:19: service.socket: " + directory / "folder" +
                                    " is there and no socket\n"));
    // Where nothing is reached, nothing is looked at; and what can be made is not made.
    CHECK(validate(directory, "queue: {directory: file}\n", {"--no-environment"}).code == 0);
    done = validate(directory, "queue: {directory: a/q}\nservice: {socket: b/s.sock}\n");
    INFO(done.errors);
    CHECK(done.code == 0);
    CHECK_FALSE(std::filesystem::exists(directory / "a"));
    CHECK_FALSE(std::filesystem::exists(directory / "b"));
}
