// Commands that ask the running host over its socket.
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <optional>
#include <thread>

#include "host/admin.hpp"
#include "host/commands.hpp"
#include "host/host.hpp"
#include "host/status.hpp"
#include "host/table.hpp"

namespace arb::host {

namespace json = boost::json;

namespace {

constexpr std::chrono::seconds watch_every{2};

// Where the host listens. A value that went wrong elsewhere since the start does not matter; a file that
// cannot be read does, for the socket may be named in it. Without any file the default is tried, if it is
// there.
std::optional<std::filesystem::path> socket_of(Globals const& globals) {
    Problems problems;
    auto const config = load_config(globals.source, problems);
    std::error_code failed;
    bool const known = config.file.empty()
                           ? std::filesystem::exists(config.service.socket, failed)
                           : config.parsed && !problems.has("service") && !problems.has("service.socket");
    if (known) return config.service.socket;
    print_problems(problems);
    return {};
}

int refused(Error const& error) {
    std::cerr << "arbitrage: " << error.text << '\n';
    return error.status == ARB_RETRY ? exit_unreachable : exit_no;
}

std::string encoded(std::string_view text) {
    std::string out;
    for (char const c : text) {
        bool const plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           c == '-' || c == '_' || c == '.';
        out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

}  // namespace

std::string packet_line(json::object const& packet) {
    auto const text = [&](std::string_view key) {
        auto const* const value = packet.if_contains(key);
        return value != nullptr && value->is_string() ? std::string{std::string_view{value->get_string()}}
                                                      : std::string{};
    };
    auto const received = text("received");
    auto out = fmt::format("{} {} {}", received.size() > 26 ? received.substr(11, 15) : received,
                           text("venue"), text("kind"));
    for (auto const& item : packet) {
        std::string_view const key = item.key();
        if (key == "received" || key == "venue" || key == "kind" || key == "position" || key == "venue_time")
            continue;
        auto const& value = item.value();
        out += fmt::format(
            " {}={}", key,
            value.is_string() ? std::string{std::string_view{value.get_string()}} : json::serialize(value));
    }
    return out;
}

int show_status(Globals const& globals, bool watch) {
    auto const socket = socket_of(globals);
    if (!socket) return exit_config;
    bool const terminal = ::isatty(STDOUT_FILENO) != 0;
    bool const colour = terminal && std::getenv("NO_COLOR") == nullptr;
    for (;;) {
        auto const answer = ask(*socket, "/status");
        if (answer.has_error()) return refused(answer.error());
        if (globals.json()) {
            std::cout << answer.value();
        } else {
            auto const status = json::parse(answer.value());
            if (watch && terminal) std::cout << "\x1b[H\x1b[2J";
            std::cout << status_text(status.as_object(), colour);
        }
        std::cout.flush();
        if (!watch || !std::cout) return exit_ok;
        std::this_thread::sleep_for(watch_every);
    }
}

int show_drift(Globals const& globals) {
    auto const socket = socket_of(globals);
    if (!socket) return exit_config;
    auto const answer = ask(*socket, "/drift");
    if (answer.has_error()) return refused(answer.error());
    auto const rows = json::parse(answer.value());
    if (rows.as_array().empty() && !globals.json()) {
        std::cout << "no differences: every answer of the venues was as this version knows it\n";
        return exit_ok;
    }
    RowPrinter printer{std::cout, globals.json()};
    for (auto const& row : rows.as_array()) printer.row(row.as_object());
    printer.finish();
    return exit_ok;
}

int show_tap(Globals const& globals, TapOptions const& options) {
    auto const socket = socket_of(globals);
    if (!socket) return exit_config;
    std::string target = "/tap?";
    auto const add = [&](char const* key, std::string const& value) {
        if (!value.empty()) target += fmt::format("{}={}&", key, encoded(value));
    };
    add("venue", options.venue);
    add("kind", options.kind);
    add("market", options.market);
    auto const done = follow(*socket, target, [&](std::string_view line) {
        if (globals.json())
            std::cout << line << '\n';
        else
            std::cout << packet_line(json::parse(line).as_object()) << '\n';
        std::cout.flush();
        return static_cast<bool>(std::cout);
    });
    return done.has_error() ? refused(done.error()) : exit_ok;
}

}  // namespace arb::host
