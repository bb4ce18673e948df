#include "host/manifest.hpp"

#include <sys/stat.h>

#include "host/module.hpp"
#include "support.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::host;

namespace {

std::string sentence(std::string const& file) {
    auto const manifest = read_manifest(file);
    return manifest.has_error() ? manifest.error().text : "";
}

bool contains(std::string const& text, std::string const& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a manifest is read without running the plugin") {
    auto const manifest = read_manifest(test::plugins + "/counting.so");
    REQUIRE(manifest.has_value());
    CHECK(manifest->id == "counting");
    CHECK(manifest->version == "1.2.3");
    CHECK(manifest->role == Role::venue);
    CHECK(manifest->commands.size() == 4);
    CHECK(manifest->commands[1].name == "pairs list");
    CHECK(manifest->options.at("properties").as_object().contains("select"));
}

TEST_CASE("what is no plugin of ours is refused with one sentence") {
    test::TemporaryDirectory const directory;
    CHECK(contains(sentence(directory / "none.so"), "there is no such file"));
    CHECK(contains(sentence(directory.path().string()), "is not a regular file"));
    CHECK(contains(sentence(directory.write("empty.so", "")), "is not a shared library"));
    CHECK(
        contains(sentence(directory.write("text.so", "#!/bin/sh\necho hello\n")), "is not a shared library"));
    CHECK(contains(sentence(test::plugins + "/foreign.so"), "it has no section arb_manifest"));
    CHECK(contains(sentence(test::plugins + "/future.so"),
                   "was built for version 99 of the plugin interface; this program speaks version 1"));
    CHECK(contains(sentence("/proc/self/exe"), "not a plugin of this program"));
    auto const bytes = test::read_file(test::plugins + "/counting.so");
    CHECK(contains(sentence(directory.write("other.so", bytes)), "calls itself counting"));
    auto const open = directory.write("counting.so", bytes);
    ::chmod(open.c_str(), 0666);
    CHECK(contains(sentence(open), "everyone may write to it"));
}

TEST_CASE("a plugin cut anywhere is refused, never read beyond its end") {
    test::TemporaryDirectory const directory;
    auto const bytes = test::read_file(test::plugins + "/filing.so");
    for (std::size_t i = 1; i != 64; ++i) {
        auto const file = directory.write("filing.so", bytes.substr(0, bytes.size() * i / 64));
        CHECK(read_manifest(file).has_error());
    }
}

TEST_CASE("a plugin with any byte of its headers flipped is refused or read, never a crash") {
    test::TemporaryDirectory const directory;
    auto const bytes = test::read_file(test::plugins + "/hollow.so");
    std::uint64_t sections = 0;
    std::memcpy(&sections, bytes.data() + 0x28, sizeof sections);
    REQUIRE(sections < bytes.size());
    // One byte of the file at a time, and back: writing all of it 2,000 times takes seconds.
    auto const path = directory.write("hollow.so", bytes);
    std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
    auto const put = [&](std::size_t at, char byte) {
        file.seekp(static_cast<std::streamoff>(at));
        file.put(byte).flush();
        REQUIRE(file);
    };
    auto const flip = [&](std::size_t at, int mask) {
        put(at, static_cast<char>(bytes[at] ^ mask));
        auto const manifest = read_manifest(path);
        if (manifest.has_value() && manifest->id != "hollow") FAIL("byte " << at << ": " << manifest->id);
        put(at, bytes[at]);
    };
    for (std::size_t at = 0; at != 64; ++at) flip(at, 0xFF);
    for (std::size_t at = sections; at < bytes.size(); ++at) flip(at, at % 2 == 0 ? 0xFF : 0x01);
    auto const begin = bytes.find("ARBMANI1");
    REQUIRE(begin != std::string::npos);
    for (std::size_t at = begin; at != begin + 32; ++at) flip(at, 0x80);
    CHECK(read_manifest(path).has_value());
}

TEST_CASE("a plugin whose entry gives nothing is refused when it is loaded") {
    auto const manifest = read_manifest(test::plugins + "/hollow.so");
    REQUIRE(manifest.has_value());
    auto const module = load(manifest.value());
    REQUIRE(module.has_error());
    CHECK(contains(module.error().text, "returns no table"));
}

TEST_CASE("a missing plugin names the nearest one and where was looked") {
    auto const found = find_plugin("countign", {test::plugins});
    REQUIRE(found.has_error());
    CHECK(contains(found.error().text, "did you mean counting?"));
    CHECK(contains(find_plugin("zzz", {test::plugins}).error().text, "no zzz.so in " + test::plugins));
}
