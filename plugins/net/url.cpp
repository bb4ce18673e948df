#include "net/url.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "net/session.hpp"

namespace arb::net {

Result<Url> parse_url(std::string_view text, std::string_view scheme) {
    auto const wrong = [&](std::string_view why) {
        // An address with a user name may hold a password: it is not repeated.
        auto const shown =
            text.find('@') == std::string_view::npos ? "\"" + std::string{text} + "\"" : "the address";
        return invalid("", shown + " " + std::string{why});
    };
    auto const parsed = boost::urls::parse_uri(text);
    if (parsed.has_error()) return wrong("is not an address such as " + std::string{scheme} + "://host/path");
    auto const& url = parsed.value();
    if (url.scheme() != scheme) return wrong("must begin with " + std::string{scheme} + "://");
    if (url.has_userinfo()) return wrong("must not hold a user name or password");
    if (url.has_fragment()) return wrong("must not hold a '#'");
    auto const host = url.host_address();
    if (host.empty()) return wrong("names no host");
    std::string const port{url.has_port() && !url.port().empty() ? url.port() : "443"};
    if (port.size() > 5 || std::stoul(port) == 0 || std::stoul(port) > 65535)
        return wrong("has a port that is not between 1 and 65535");

    Url out;
    out.host = host;
    out.port = port;
    out.is_address =
        url.host_type() == boost::urls::host_type::ipv4 || url.host_type() == boost::urls::host_type::ipv6;
    out.authority = std::string{url.encoded_host()} + (out.port == "443" ? "" : ":" + out.port);
    out.target = std::string{url.encoded_path()};
    if (url.has_query()) out.target += "?" + std::string{url.encoded_query()};
    return out;
}

std::string encode_query(std::string_view value) {
    constexpr char digits[] = "0123456789ABCDEF";
    std::string out;
    out.reserve(value.size());
    for (auto const c : value) {
        auto const unreserved = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                                c == '-' || c == '.' || c == '_' || c == '~';
        if (unreserved) {
            out.push_back(c);
            continue;
        }
        auto const byte = static_cast<unsigned char>(c);
        out.push_back('%');
        out.push_back(digits[byte >> 4]);
        out.push_back(digits[byte & 15]);
    }
    return out;
}

}  // namespace arb::net
