// The venue's "L2" request headers: an HMAC over time, method, path and body. Public data needs none of this.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/session.hpp"

namespace arb::polymarket {

struct Credentials {
    std::string address;  // of the signer
    std::string api_key;
    std::string secret;  // base64, as the venue gave it
    std::string passphrase;
};

// base64url(HMAC-SHA256(secret, timestamp + method + path + body)). `path` has no host and no query.
Result<std::string> signature(std::string_view secret, std::string_view timestamp, std::string_view method,
                              std::string_view path, std::string_view body);

// `now` in nanoseconds; the venue counts seconds.
Result<std::vector<net::Header>> auth_headers(Credentials const& credentials, arb_time now,
                                              std::string_view method, std::string_view path,
                                              std::string_view body = {});

}  // namespace arb::polymarket
