// The addresses of a venue: "https://host[:port][/path]" or the same with wss. No user name, no fragment.
//
// Thread safety: values.
#pragma once

#include <string>
#include <string_view>

#include "arbitrage/result.hpp"

namespace arb::net {

struct Url {
    std::string host;       // a name, or an IP address without brackets
    std::string port;       // "443" if none is given
    std::string authority;  // as the Host header wants it: the port only if it is not 443
    std::string target;     // path and query, percent-encoded as given; may be empty
    bool is_address = false;
};

// ARB_INVALID with a sentence if `text` is no such address with the scheme `scheme`. TLS is not optional.
Result<Url> parse_url(std::string_view text, std::string_view scheme);

}  // namespace arb::net
