// Standard error as the log's end, that no reader can hold up: one who has stopped reading, be it a terminal
// after Ctrl-S, a pager or a log collector that hangs, costs lines and never data. The lines it costs are
// counted.
//
// Thread safety: all functions from any thread. Blocks for at most `patience`, once per pause of the reader.
#pragma once

#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <chrono>
#include <mutex>
#include <string>

namespace arb::host {

class StandardError final : public spdlog::sinks::base_sink<std::mutex> {
  public:
    // What a reader that is alive needs to catch up at most; a longer wait would be felt by the venues.
    static constexpr std::chrono::milliseconds patience{100};

    // `descriptor` stays the caller's.
    explicit StandardError(int descriptor = STDERR_FILENO);

    // How many lines were not written since the last call; 0 as long as nobody would read that.
    std::uint64_t take_lost();

  private:
    void sink_it_(spdlog::details::log_msg const& message) override;
    void flush_() override {}
    bool ready(std::chrono::milliseconds wait) const;
    // Writes as much of `unwritten_` as is taken without waiting longer.
    void write(std::chrono::milliseconds wait);

    int const descriptor_;
    bool const socket_;
    // Protected by the base's mutex.
    std::string unwritten_;  // the rest of a line whose beginning was written
    std::uint64_t lost_ = 0;
    bool stuck_ = false;
};

}  // namespace arb::host
