// What fuzzers begin with and what they once found, read in every build: whole, and cut off after each byte.
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "support/catch.hpp"

// The fuzzers' entries, renamed by CMakeLists.txt.
extern "C" {
int read_decimal(std::uint8_t const*, std::size_t);
int read_journal(std::uint8_t const*, std::size_t);
int read_kalshi_rest(std::uint8_t const*, std::size_t);
int read_kalshi_stream(std::uint8_t const*, std::size_t);
int read_pipeline(std::uint8_t const*, std::size_t);
int read_polymarket_rest(std::uint8_t const*, std::size_t);
int read_polymarket_stream(std::uint8_t const*, std::size_t);
int read_time(std::uint8_t const*, std::size_t);
}

namespace {

struct Fuzzer {
    char const* name;
    int (*read)(std::uint8_t const*, std::size_t);
};

constexpr std::array fuzzers{
    Fuzzer{"decimal", read_decimal},
    Fuzzer{"journal", read_journal},
    Fuzzer{"kalshi_rest", read_kalshi_rest},
    Fuzzer{"kalshi_stream", read_kalshi_stream},
    Fuzzer{"pipeline", read_pipeline},
    Fuzzer{"polymarket_rest", read_polymarket_rest},
    Fuzzer{"polymarket_stream", read_polymarket_stream},
    Fuzzer{"time", read_time},
};

std::string read_file(std::filesystem::path const& path) {
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace

TEST_CASE("Every parser survives its corpus, whole and cut off") {
    auto const& fuzzer = GENERATE(from_range(fuzzers));
    INFO(fuzzer.name);
    std::size_t files = 0;
    for (auto const& entry :
         std::filesystem::directory_iterator{std::filesystem::path{ARBITRAGE_CORPUS} / fuzzer.name}) {
        INFO(entry.path().filename().string());
        auto const text = read_file(entry.path());
        for (std::size_t size = 0; size <= text.size(); ++size) {
            // Memory of just that size, so that a byte read beyond it is one that a sanitizer sees.
            std::string const cut{text, 0, size};
            REQUIRE(fuzzer.read(reinterpret_cast<std::uint8_t const*>(cut.data()), cut.size()) == 0);
        }
        ++files;
    }
    CHECK(files > 0);
}

TEST_CASE("Every corpus has its parser") {
    for (auto const& entry : std::filesystem::directory_iterator{ARBITRAGE_CORPUS}) {
        auto const name = entry.path().filename().string();
        INFO(name);
        CHECK(std::any_of(fuzzers.begin(), fuzzers.end(),
                          [&](Fuzzer const& fuzzer) { return fuzzer.name == name; }));
    }
}
