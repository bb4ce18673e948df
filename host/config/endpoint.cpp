#include "host/config/endpoint.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/un.h>

#include <charconv>

namespace arb::host {

std::optional<Endpoint> parse_endpoint(std::string_view text) {
    auto const colon = text.rfind(':');
    if (colon == std::string_view::npos) return {};
    Endpoint out;
    auto const port = text.substr(colon + 1);
    auto const read = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (read.ec != std::errc{} || read.ptr != port.data() + port.size()) return {};
    auto address = text.substr(0, colon);
    if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
    out.address = address == "localhost" ? "127.0.0.1" : address;
    bool const six = address.find(':') != std::string_view::npos;
    // An address of one link names its interface behind a %.
    auto const number = six ? out.address.substr(0, out.address.find('%')) : out.address;
    in6_addr room{};
    if (::inet_pton(six ? AF_INET6 : AF_INET, number.c_str(), &room) != 1) return {};
    return out;
}

std::string wrong_socket(std::filesystem::path const& path) {
    constexpr auto bytes_max = sizeof(sockaddr_un::sun_path) - 1;
    auto const size = path.string().size();
    return size <= bytes_max
               ? ""
               : fmt::format("expected a path of at most {} bytes, as of every Unix socket, got {}",
                             bytes_max, size);
}

}  // namespace arb::host
