#include "host/log.hpp"

#include <spdlog/logger.h>

#include <boost/json.hpp>

#include "arbitrage/time.hpp"
#include "host/standard_error.hpp"

namespace arb::host {

namespace {

constexpr int lines_per_second_max = 10;  // of one call site; more is noise and fills disks
constexpr std::size_t sites_max = 1024;   // call sites that are told apart
constexpr std::size_t site_bytes = 48;    // of a line that tell call sites apart
constexpr std::chrono::seconds window{1};

char const* word(int level) {
    switch (level) {
        case ARB_LOG_DEBUG:
            return "debug";
        case ARB_LOG_WARNING:
            return "warning";
        case ARB_LOG_ERROR:
            return "error";
        default:
            return "info";
    }
}

char const* colour(int level) {
    switch (level) {
        case ARB_LOG_WARNING:
            return "\x1b[33m";
        case ARB_LOG_ERROR:
            return "\x1b[31m";
        default:
            return "\x1b[2m";
    }
}

spdlog::level::level_enum severity(int level) {
    switch (level) {
        case ARB_LOG_DEBUG:
            return spdlog::level::debug;
        case ARB_LOG_WARNING:
            return spdlog::level::warn;
        case ARB_LOG_ERROR:
            return spdlog::level::err;
        default:
            return spdlog::level::info;
    }
}

// The code point at `at` and its length; length 0 if the bytes are not UTF-8.
struct CodePoint {
    char32_t value = 0;
    std::size_t length = 0;
};

CodePoint code_point(std::string_view text, std::size_t at) {
    auto const byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
    auto const first = byte(0);
    if (first < 0x80) return {first, 1};
    std::size_t const length = first >= 0xF0 && first <= 0xF4 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0;
    if (length == 0 || first > 0xF4 || at + length > text.size()) return {};
    char32_t value = first & (0xFFu >> (length + 1));
    for (std::size_t i = 1; i != length; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return {};
        value = value << 6 | (byte(i) & 0x3Fu);
    }
    bool const overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
    if (overlong || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return {};
    return {value, length};
}

bool dangerous(char32_t c) {
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x200E || c == 0x200F || c == 0x061C ||
           (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

std::shared_ptr<spdlog::logger> make_logger(spdlog::sink_ptr sink) {
    auto logger = std::make_shared<spdlog::logger>("arbitrage", std::move(sink));
    logger->set_pattern("%v");
    logger->set_level(spdlog::level::debug);
    logger->flush_on(spdlog::level::debug);
    return logger;
}

}  // namespace

std::string escape(std::string_view text, std::size_t bytes_max) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        if (out.size() >= bytes_max) return out + "...";
        auto const [value, length] = code_point(text, at);
        if (length == 0) {
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[at]));
            ++at;
            continue;
        }
        if (!dangerous(value))
            out += text.substr(at, length);
        else if (value == '\n')
            out += "\\n";
        else if (value == '\r')
            out += "\\r";
        else if (value == '\t')
            out += "\\t";
        else if (value < 0x100)
            out += fmt::format("\\x{:02x}", static_cast<unsigned>(value));
        else
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(value));
        at += length;
    }
    return out;
}

Log::Log(LogSettings settings) : Log{settings, std::make_shared<StandardError>()} {}

Log::Log(LogSettings settings, spdlog::sink_ptr sink)
    : settings_{settings},
      standard_error_{std::dynamic_pointer_cast<StandardError>(sink)},
      logger_{make_logger(std::move(sink))} {}

Log::~Log() = default;

void Log::write(int level, std::string_view who, std::string_view line) {
    std::string note;
    if (!admit(level, who, line, note)) return;
    print(level, who, line);
    if (!note.empty()) print(level, who, note);
}

bool Log::admit(int level, std::string_view who, std::string_view line, std::string& note) {
    std::string key{who};
    key += static_cast<char>('0' + level);
    for (char const c : line.substr(0, site_bytes * 2)) {
        if (key.size() == site_bytes) break;
        if (c < '0' || c > '9') key += c;
    }
    auto const now = std::chrono::steady_clock::now();
    std::lock_guard const lock{mutex_};
    if (sites_.size() >= sites_max && !sites_.contains(key)) sites_.clear();
    auto& site = sites_[key];
    if (now - site.window >= window) {
        if (site.suppressed != 0)
            note = fmt::format("({} more lines like this were not written)", site.suppressed);
        site = {now, 0, 0, level, std::string{who}, {}};
    }
    if (site.written < lines_per_second_max) return ++site.written, true;
    if (site.suppressed++ == 0) site.sample = line;
    return false;
}

void Log::flush_suppressed() {
    if (auto const lost = standard_error_ ? standard_error_->take_lost() : 0; lost != 0)
        print(ARB_LOG_WARNING, "host", fmt::format("({} lines of the log are lost: nobody read them)", lost));
    std::vector<Site> quiet;
    auto const now = std::chrono::steady_clock::now();
    {
        std::lock_guard const lock{mutex_};
        for (auto at = sites_.begin(); at != sites_.end();) {
            if (now - at->second.window < window) {
                ++at;
                continue;
            }
            if (at->second.suppressed != 0) quiet.push_back(std::move(at->second));
            at = sites_.erase(at);
        }
    }
    for (auto const& site : quiet)
        print(site.level, site.who,
              fmt::format("({} more lines were not written, such as: {})", site.suppressed, site.sample));
}

void Log::print(int level, std::string_view who, std::string_view line) {
    auto const time = format_time(arb::now());
    if (settings_.format == LogFormat::json) {
        boost::json::object const out{
            {"time", time}, {"level", word(level)}, {"instance", escape(who)}, {"message", escape(line)}};
        logger_->log(severity(level), boost::json::serialize(out));
        return;
    }
    auto const padded = fmt::format("{:<7}", word(level));
    logger_->log(severity(level), settings_.colour
                                      ? fmt::format("{} {}{}\x1b[0m {}: {}", time, colour(level), padded,
                                                    escape(who), escape(line))
                                      : fmt::format("{} {} {}: {}", time, padded, escape(who), escape(line)));
}

}  // namespace arb::host
