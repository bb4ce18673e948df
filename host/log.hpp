// The log: one line a message on standard error, as text for people or JSON for machines, with the time, the
// level and the instance that speaks. Whatever a venue put into a message cannot become a second line, a
// terminal command or reversed text.
//
// Thread safety: all functions from any thread.
#pragma once

#include <fmt/format.h>
#include <spdlog/common.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "arbitrage/abi/base.h"
#include "host/config/config.hpp"

namespace spdlog {
class logger;
}

namespace arb::host {

class StandardError;

// Control characters, line and direction marks and what is not UTF-8 become visible escapes such as \n, \x1b
// and \u202e; at most `bytes_max` bytes, then "...".
std::string escape(std::string_view text, std::size_t bytes_max = 2048);

struct LogSettings {
    int level = ARB_LOG_INFO;
    LogFormat format = LogFormat::text;
    bool colour = false;
};

class Log {
  public:
    explicit Log(LogSettings settings);
    // Lines go to `sink`.
    Log(LogSettings settings, spdlog::sink_ptr sink);
    ~Log();
    Log(Log const&) = delete;
    Log& operator=(Log const&) = delete;

    // `who` is the instance that speaks; it has judged the level. Lines that differ only in their figures
    // count as one call site; beyond ten a second of one they are counted instead of written.
    void write(int level, std::string_view who, std::string_view line);

    // The host's own lines.
    void debug(std::string_view line) { own(ARB_LOG_DEBUG, line); }
    void info(std::string_view line) { own(ARB_LOG_INFO, line); }
    void warning(std::string_view line) { own(ARB_LOG_WARNING, line); }
    void error(std::string_view line) { own(ARB_LOG_ERROR, line); }

    // Says how many lines of quiet call sites were suppressed, and how many nobody read. Called about once a
    // second.
    void flush_suppressed();

  private:
    void own(int level, std::string_view line) {
        if (level >= settings_.level) write(level, "host", line);
    }

    struct Site {
        std::chrono::steady_clock::time_point window{};
        int written = 0;
        std::uint64_t suppressed = 0;
        int level = ARB_LOG_INFO;
        std::string who;
        std::string sample;
    };

    // Whether the line may be written now; `note` tells what was kept back before it.
    bool admit(int level, std::string_view who, std::string_view line, std::string& note);
    void print(int level, std::string_view who, std::string_view line);

    // Constant after construction.
    LogSettings const settings_;
    std::shared_ptr<StandardError> const standard_error_;  // null if lines go elsewhere
    std::shared_ptr<spdlog::logger> const logger_;
    // Protected by mutex_.
    std::mutex mutex_;
    std::unordered_map<std::string, Site> sites_;
};

}  // namespace arb::host
