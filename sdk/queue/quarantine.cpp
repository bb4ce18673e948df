#include "queue/quarantine.hpp"

#include <algorithm>

#include "queue/recovery.hpp"

namespace arb::queue {

namespace {

// Pieces in which bytes are looked at and copied.
constexpr std::size_t piece_size = 1 << 20;

}  // namespace

Quarantine::Quarantine(Files& files, std::filesystem::path const& queue)
    : files_{files},
      directory_{(queue / quarantine_name).string()},
      ballast_{(queue / ballast_name).string()} {}

Quarantine::Kept Quarantine::keep(Scanner const& scanner, std::uint64_t from, std::uint64_t to) const {
    std::vector<std::byte> bytes(std::min<std::uint64_t>(piece_size, to - std::min(from, to)));
    bool zeros = true;
    for (auto at = from; at < to && zeros; at += bytes.size()) {
        auto const done = read_fully(files_, scanner.descriptor(), bytes, at);
        if (done < 0) return Kept::failed;
        auto const size = std::min<std::uint64_t>(static_cast<std::uint64_t>(done), to - at);
        zeros = std::all_of(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size),
                            [](std::byte b) { return b == std::byte{0}; });
    }
    if (zeros) return Kept::nothing;
    auto const name = directory_ + "/seg-" + std::to_string(scanner.segment().header.id) + "-" +
                      std::to_string(from) + "-" + std::to_string(to);
    static_cast<void>(files_.make_directory(directory_));
    if (int const there = files_.open(name, Files::Mode::read); there >= 0) {
        File const file{files_, there};
        return Kept::there;
    }
    bool done = copy(scanner, from, to, name);
    if (!done && files_.remove(ballast_) == 0) done = copy(scanner, from, to, name);
    return done ? Kept::copied : Kept::failed;
}

bool Quarantine::copy(Scanner const& scanner, std::uint64_t from, std::uint64_t to,
                      std::string const& name) const {
    auto const unfinished = name + ".tmp";
    int const descriptor = files_.open(unfinished, Files::Mode::create);
    if (descriptor < 0) return false;
    File const file{files_, descriptor};
    std::vector<std::byte> bytes(std::min<std::uint64_t>(piece_size, to - from));
    for (auto at = from; at < to; at += bytes.size()) {
        auto const part = std::span{bytes}.first(std::min<std::uint64_t>(bytes.size(), to - at));
        auto const done = read_fully(files_, scanner.descriptor(), part, at);
        if (done < 0) return false;
        auto const have = std::span<std::byte const>{part}.first(static_cast<std::size_t>(done));
        if (!have.empty() && write_fully(files_, descriptor, have, at - from) < 0) return false;
    }
    return files_.sync(descriptor) == 0 && files_.rename(unfinished, name) == 0 &&
           files_.sync_directory(directory_) == 0;
}

}  // namespace arb::queue
