// The host and the SDK name no venue and no database: whatever they know, a stranger's plugin gets as well.
#include <algorithm>
#include <cctype>
#include <filesystem>

#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

TEST_CASE("no venue or database name occurs in host and sdk") {
    std::filesystem::path const root = ARBITRAGE_SOURCE_DIR;
    for (char const* const room : {"host", "sdk"})
        for (auto const& entry : std::filesystem::recursive_directory_iterator{root / room}) {
            if (!entry.is_regular_file()) continue;
            auto text = arb::test::read_file(entry.path());
            std::transform(text.begin(), text.end(), text.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
            for (char const* const name : {"kalshi", "polymarket", "postgres", "sqlite", "libpq"}) {
                INFO(entry.path().string() << " names " << name);
                CHECK(text.find(name) == std::string::npos);
            }
        }
}
