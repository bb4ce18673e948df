// `arbitrage queue` as a person types it.
#include <boost/json.hpp>
#include <fstream>

#include "queue/queue.hpp"
#include "sdk/queue/packets.hpp"
#include "support.hpp"
#include "support/catch.hpp"
#include "support/process.hpp"

namespace {

using namespace arb::queue;

bool contains(std::string const& text, std::string const& part) {
    return text.find(part) != std::string::npos;
}

// A journal of packets 1 to 100 of which the sink "files/a" has the first 40.
struct Fixture {
    arb::test::TemporaryDirectory directory;
    std::filesystem::path const queue = directory.path() / "queue";

    Fixture() {
        auto const made = open();
        auto const reader = made->reader("files/a");
        REQUIRE(push_numbers(*made, 1, 100).has_value());
        auto const batch = reader->read({40, 1 << 20}, std::chrono::milliseconds{1000});
        reader->acknowledge(batch->last);
        REQUIRE(made->close().has_value());
    }
    std::unique_ptr<Queue> open() const {
        Settings settings;
        settings.directory = queue;
        settings.segment_size = 64 << 10;
        settings.free_min = 0;
        Recovery report;
        auto opened = Queue::open(settings, report);
        REQUIRE(opened.has_value());
        return std::move(*opened);
    }
    arb::test::Finished run(std::vector<std::string> words) const {
        words.insert(words.begin(), {ARBITRAGE_PROGRAM, "queue"});
        words.insert(words.end(), {"--directory", queue.string()});
        return arb::test::run({words, {}, directory.path().string()});
    }
    // Changes a byte of the 30th packet.
    void damage() const {
        std::fstream file{queue / "seg-0000000001.journal", std::ios::in | std::ios::out | std::ios::binary};
        std::string bytes{std::istreambuf_iterator<char>{file}, {}};
        auto const at = bytes.find("number30");
        REQUIRE(at != std::string::npos);
        file.seekp(static_cast<std::streamoff>(at));
        file.put('x');
    }
};

}  // namespace

TEST_CASE("a journal is checked, and damage makes the check say no") {
    Fixture const fixture;
    auto done = fixture.run({"check"});
    INFO(done.out << done.errors);
    CHECK(done.code == 0);
    CHECK(contains(done.out, "closed in order"));
    CHECK(contains(done.out, "files/a"));
    CHECK(done.out.ends_with("good\n"));
    fixture.damage();
    done = fixture.run({"check"});
    CHECK(done.code == 1);
    CHECK(contains(done.out, "packet 30 is missing"));
    done = fixture.run({"check", "--format", "json"});
    CHECK(done.code == 1);
    auto const report = boost::json::parse(done.out).as_object();
    CHECK(!report.at("good").as_bool());
    auto const& segment = report.at("segments").as_array().at(0).as_object();
    CHECK(segment.at("packets").to_number<int>() == 99);
    CHECK(segment.at("damage").as_array().at(0).as_object().at("first_missing").to_number<int>() == 30);
    auto const& sink = report.at("sinks").as_array().at(0).as_object();
    CHECK(sink.at("position").to_number<int>() == 40);
    CHECK(sink.at("behind").to_number<int>() == 60);
}

TEST_CASE("packets are shown as lines, for people and for programs") {
    Fixture const fixture;
    auto done = fixture.run({"dump", "--from", "10", "--to", "12"});
    CHECK(done.code == 0);
    CHECK(std::count(done.out.begin(), done.out.end(), '\n') == 3);
    CHECK(done.out.starts_with("10 1970-01-01 "));
    CHECK(contains(done.out, "custom"));
    done = fixture.run({"dump", "--from", "10", "--limit", "2", "--format", "json"});
    CHECK(std::count(done.out.begin(), done.out.end(), '\n') == 2);
    CHECK(boost::json::parse(done.out.substr(0, done.out.find('\n'))).as_object().at("body").as_string() ==
          "10");
}

TEST_CASE("a range becomes a journal of its own") {
    Fixture const fixture;
    auto const into = (fixture.directory.path() / "part").string();
    auto done = fixture.run({"export", "--from", "20", "--to", "90", "--into", into});
    INFO(done.errors);
    CHECK(done.code == 0);
    CHECK(contains(done.out, "71 packets"));
    Settings settings;
    settings.directory = into;
    Recovery report;
    auto const queue = Queue::open(settings, report);
    REQUIRE(queue.has_value());
    CHECK(report.clean);
    CHECK(drain(*(*queue)->reader("any")) == "20-90");
    auto const original = fixture.open();
    auto const a = (*queue)->journal(), b = original->journal();
    CHECK(!std::equal(a.begin(), a.end(), b.begin()));
    CHECK(fixture.run({"export", "--into", into}).code == 74);  // not empty
    CHECK(fixture.run({"export"}).code == 64);
}

TEST_CASE("a sink is set back or forgotten only while nobody uses the queue") {
    Fixture const fixture;
    {
        auto const used = fixture.open();
        for (auto const& words : {std::vector<std::string>{"replay", "--sink", "files/a", "--from", "5"},
                                  std::vector<std::string>{"forget-sink", "files/a"}}) {
            auto const done = fixture.run(words);
            CHECK(done.code == 75);
            CHECK(contains(done.errors, "stop it first"));
        }
        CHECK(fixture.run({"check"}).code == 0);
        CHECK(fixture.run({"dump", "--limit", "1"}).code == 0);
        CHECK(used->close().has_value());
    }
    auto done = fixture.run({"replay", "--sink", "files/a", "--from", "5"});
    CHECK(done.code == 0);
    CHECK(contains(done.out, "goes on with packet 5\n"));
    CHECK(contains(done.out, "keeps its own place"));
    CHECK(fixture.run({"replay", "--sink", "files/a", "--from", "50"}).code == 1);
    CHECK(fixture.run({"replay", "--sink", "other", "--from", "1"}).code == 64);
    CHECK(drain(*fixture.open()->reader("files/a")) == "5-100");
    CHECK(fixture.run({"forget-sink", "files/a"}).code == 0);
    CHECK(fixture.open()->sinks().empty());
}

TEST_CASE("without a queue there is a sentence") {
    Fixture const fixture;
    auto const done =
        arb::test::run({{ARBITRAGE_PROGRAM, "queue", "check", "--directory", "/nonexistent/queue"}, {}, {}});
    CHECK(done.code == 74);
    CHECK(contains(done.errors, "cannot read the queue's directory /nonexistent/queue"));
    CHECK(fixture.run({}).code == 64);
}
