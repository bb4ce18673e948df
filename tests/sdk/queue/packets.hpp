// Packets with a number in them, so that a test can say which ones came out.
#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "arbitrage/packet.hpp"
#include "queue/queue.hpp"

namespace arb::queue {

// A packet that carries `number`; `extra` makes it longer.
inline void add_number(Packets& packets, std::uint64_t number, std::size_t extra = 0) {
    auto draft = packets.add<arb_custom>("test", static_cast<arb_time>(number));
    draft.text(&arb_custom::topic, "number");
    draft.text(&arb_custom::body, std::to_string(number) + std::string(extra, ' '));
}

inline std::uint64_t number_of(arb_packet const& packet) {
    auto const* const custom = as<arb_custom>(packet);
    return custom == nullptr ? 0 : std::stoull(std::string{text(packet, custom->body)});
}

// In batches of 64.
inline Result<> push_numbers(Queue& queue, std::uint64_t first, std::uint64_t last, std::size_t extra = 0,
                             std::function<bool()> const& give_up = {}) {
    Packets packets;
    for (auto number = first; number <= last; ++number) {
        add_number(packets, number, extra);
        if (packets.count() != 64 && number != last) continue;
        if (auto const pushed = queue.push(packets.bytes(), give_up); pushed.has_error()) return pushed;
        packets.clear();
    }
    return {};
}

// Numbers in the order they came, as people write them: "1-40 45-100".
class Numbers {
  public:
    void add(std::uint64_t number) {
        if (!ranges_.empty() && ranges_.back().second + 1 == number)
            ranges_.back().second = number;
        else
            ranges_.emplace_back(number, number);
    }
    void add(Batch const& batch) {
        for (auto const* packet : batch.packets) add(number_of(*packet));
    }
    std::string text() const {
        std::string out;
        for (auto const& [first, last] : ranges_)
            out += (out.empty() ? "" : " ") + std::to_string(first) +
                   (first == last ? "" : "-" + std::to_string(last));
        return out;
    }

  private:
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges_;
};

// Everything a reader has now; acknowledges it if asked to.
inline std::string drain(Reader& reader, bool acknowledge = false, Limits const& limits = {}) {
    Numbers numbers;
    for (;;) {
        auto const batch = reader.read(limits, std::chrono::milliseconds{0});
        if (batch.has_error()) return numbers.text() + " then " + batch.error().text;
        if (batch->packets.empty()) return numbers.text();
        numbers.add(*batch);
        if (acknowledge) reader.acknowledge(batch->last);
    }
}

// A directory that goes when the test does.
class TemporaryDirectory {
  public:
    TemporaryDirectory() {
        std::string name = (std::filesystem::temp_directory_path() / "arbitrage-queue-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    TemporaryDirectory(TemporaryDirectory const&) = delete;
    ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
    std::filesystem::path const& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

}  // namespace arb::queue
