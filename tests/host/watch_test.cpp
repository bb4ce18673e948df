// Commands that ask a running host, where there is none or where its pipeline cannot be read.
#include "service.hpp"
#include "support/catch.hpp"

using namespace arb::test;

namespace {

Finished ask(Service const& service, std::vector<std::string> words) {
    words.insert(words.begin(), ARBITRAGE_PROGRAM);
    return run({words, {}, service.directory.path().string()});
}

}  // namespace

TEST_CASE("without a running host the whole path that was tried is named") {
    Service const service{"counting: {}"};
    auto done = ask(service, {"status"});
    CHECK(done.code == 69);
    CHECK(contains(done.errors, "nothing answers on " + service.directory / "s.sock" +
                                    " (No such file or directory): is `arbitrage run` running with this "
                                    "pipeline, and in this directory?\n"));
    service.directory.write("absolute.yaml", plugin_path_line +
                                                 "service: {socket: /nonexistent/s.sock}\n"
                                                 "venues: {counting: {}}\nsinks: {filing: {file: x}}\n");
    done = ask(service, {"drift", "-p", "absolute.yaml"});
    CHECK(done.code == 69);
    CHECK(contains(done.errors,
                   "nothing answers on /nonexistent/s.sock (No such file or directory): is "
                   "`arbitrage run` running with this pipeline?\n"));
}

TEST_CASE("a pipeline that cannot be read is the problem, not the host that runs") {
    Service service{"counting: {quotes: 5}"};
    service.start();
    REQUIRE(eventually(30s, [&] { return ask(service, {"status"}).code == 0; }));
    for (std::string const command : {"status", "drift", "tap"}) {
        INFO(command);
        auto done = ask(service, {command, "-p", "nofile.yaml"});
        CHECK(done.code == 78);
        CHECK(contains(done.errors, "nofile.yaml: "));
        service.directory.write("broken.yaml", "service: {socket: s.sock}\nservice: {}\n");
        done = ask(service, {command, "-p", "broken.yaml"});
        CHECK(done.code == 78);
        CHECK(contains(done.errors, "broken.yaml:2:1: service: the key is here twice"));
        service.directory.write("broken.yaml", "service: {socket: s.sock}\n\tvenues: {}\n");
        done = ask(service, {command, "-p", "broken.yaml"});
        CHECK(done.code == 78);
        CHECK(contains(done.errors, "broken.yaml:2:1: the line begins with a tab"));
        service.directory.write("broken.yaml", "service: {socket: \"${NOT_SET_ANYWHERE}\"}\n");
        done = ask(service, {command, "-p", "broken.yaml"});
        CHECK(done.code == 78);
        CHECK(contains(done.errors, "broken.yaml:1:19: service.socket: "));
    }
    // Values that went wrong since the start do not hide the host.
    service.directory.write("later.yaml", plugin_path_line +
                                              "service: {socket: s.sock, metrics: nowhere}\n"
                                              "venues: {counting: {quotes: many}}\n");
    CHECK(ask(service, {"status", "-p", "later.yaml"}).code == 0);
    CHECK(service.stop() == 0);
}
