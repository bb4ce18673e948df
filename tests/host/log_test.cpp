#include "host/log.hpp"

#include <spdlog/sinks/ostream_sink.h>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <sstream>

#include "host/standard_error.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::host;

namespace {

struct Written {
    std::ostringstream out;
    Log log;
    explicit Written(LogFormat format = LogFormat::text, bool colour = false)
        : log{{ARB_LOG_INFO, format, colour}, std::make_shared<spdlog::sinks::ostream_sink_mt>(out)} {}
    std::size_t lines() const {
        auto const text = out.str();
        return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    }
};

}  // namespace

TEST_CASE("what a venue says cannot become a line, a command or reversed text") {
    CHECK(escape("a\nb\rc\td") == "a\\nb\\rc\\td");
    CHECK(escape("\x1b[31mred\x07") == "\\x1b[31mred\\x07");
    CHECK(escape(std::string("\0x", 2)) == "\\x00x");
    CHECK(escape("\xC2\x9B"
                 "31m") == "\\x9b31m");
    CHECK(escape("a\xE2\x80\xAE"
                 "b") == "a\\u202eb");
    CHECK(escape("\xE2\x80\xA8") == "\\u2028");
    CHECK(escape("bad \xff\xc3 utf") == "bad \\xff\\xc3 utf");
    CHECK(escape("\xC0\xAF") == "\\xc0\\xaf");
    CHECK(escape("\xED\xA0\x80") == "\\xed\\xa0\\x80");
    CHECK(escape("Zürich € 😀") == "Zürich € 😀");
    CHECK(escape(std::string(5000, 'x'), 100).size() == 103);
}

TEST_CASE("a line has a time, a level and the instance, in one line") {
    Written written;
    written.log.write(ARB_LOG_WARNING, "alpha/two", "first\nsecond");
    auto const text = written.out.str();
    CHECK(text.substr(27) == " warning alpha/two: first\\nsecond\n");
    CHECK(text[26] == 'Z');
    written.log.debug("not written");
    CHECK(written.lines() == 1);
}

TEST_CASE("lines as JSON are JSON whatever is in them") {
    Written written{LogFormat::json};
    written.log.write(ARB_LOG_ERROR, "alpha", "a \"quote\"\n\xff");
    auto const line = boost::json::parse(written.out.str()).as_object();
    CHECK(line.at("level") == "error");
    CHECK(line.at("instance") == "alpha");
    CHECK(line.at("message") == "a \"quote\"\\n\\xff");
}

TEST_CASE("a call site that floods is cut to ten lines a second, and the rest is counted") {
    Written written;
    for (int i = 0; i != 1000; ++i)
        written.log.write(ARB_LOG_WARNING, "alpha", "frame " + std::to_string(i) + " is odd");
    written.log.write(ARB_LOG_WARNING, "alpha", "another site");
    written.log.write(ARB_LOG_WARNING, "beta", "frame 1 is odd");
    CHECK(written.lines() >= 12);
    CHECK(written.lines() <= 22);  // the second may turn in the middle
    auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (written.out.str().find("more lines were not written, such as: frame") == std::string::npos &&
           std::chrono::steady_clock::now() < deadline)
        written.log.flush_suppressed();
    CHECK(written.out.str().find("9") != std::string::npos);
    CHECK(written.out.str().find("more lines were not written, such as: frame") != std::string::npos);
}

TEST_CASE("a reader that has stopped costs lines, which are counted, and no time") {
    int ends[2];
    REQUIRE((GENERATE(false, true) ? ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) : ::pipe(ends)) == 0);
    Log log{{}, std::make_shared<StandardError>(ends[1])};
    constexpr int lines = 1000;  // each of a call site of its own: none is a flood
    for (int i = 0; i != lines; ++i) {
        std::string const who{static_cast<char>('a' + i / 100), static_cast<char>('a' + i / 10 % 10),
                              static_cast<char>('a' + i % 10)};
        log.write(ARB_LOG_INFO, who, std::string(1000, 'x'));
    }
    log.flush_suppressed();  // nobody would read it: it is said later
    std::string read;
    auto const drain = [&] {
        char piece[65536];
        for (pollfd ask{ends[0], POLLIN, 0}; ::poll(&ask, 1, 0) == 1;) {
            auto const got = ::read(ends[0], piece, sizeof piece);
            if (got <= 0) return;
            read.append(piece, static_cast<std::size_t>(got));
        }
    };
    drain();
    log.flush_suppressed();
    log.info("again");
    drain();
    ::close(ends[0]);
    ::close(ends[1]);
    CHECK(read.ends_with(" info    host: again\n"));
    auto const note = read.find(" lines of the log are lost: nobody read them)\n");
    REQUIRE(note != std::string::npos);
    auto const lost = std::stoi(read.substr(read.rfind('(', note) + 1));
    CHECK(lost > 0);
    CHECK(lost + std::count(read.begin(), read.end(), '\n') - 2 == lines);
}
