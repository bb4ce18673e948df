// Where the host listens. Judged while pipeline.yaml is read: what can never be is a problem of the file,
// with its place, and not a surprise of the start.
//
// Thread safety: free functions without state.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace arb::host {

struct Endpoint {
    std::string address;  // a number of IPv4 or IPv6; names are not looked up
    std::uint16_t port = 0;
};

// "127.0.0.1:9464", "localhost:9464" or "[::1]:9464"; nothing if it is none of these.
std::optional<Endpoint> parse_endpoint(std::string_view text);

// What is wrong with the path of a Unix socket, or empty.
std::string wrong_socket(std::filesystem::path const& path);

}  // namespace arb::host
