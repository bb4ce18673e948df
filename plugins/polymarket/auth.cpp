#include "polymarket/auth.hpp"

#include "arbitrage/time.hpp"
#include "net/signature.hpp"

namespace arb::polymarket {

Result<std::string> signature(std::string_view secret, std::string_view timestamp, std::string_view method,
                              std::string_view path, std::string_view body) {
    auto const key = net::from_base64(secret);
    if (key.has_error()) return invalid("/api_secret_file", "the API secret is not base64 text");
    std::string message;
    message.append(timestamp).append(method).append(path).append(body);
    return net::base64url(net::hmac_sha256(*key, message));
}

Result<std::vector<net::Header>> auth_headers(Credentials const& credentials, arb_time now,
                                              std::string_view method, std::string_view path,
                                              std::string_view body) {
    auto const timestamp = std::to_string(now / second_ns);
    auto const signed_text = signature(credentials.secret, timestamp, method, path, body);
    if (signed_text.has_error()) return signed_text.error();
    return std::vector<net::Header>{{"POLY_ADDRESS", credentials.address},
                                    {"POLY_API_KEY", credentials.api_key},
                                    {"POLY_PASSPHRASE", credentials.passphrase},
                                    {"POLY_TIMESTAMP", timestamp},
                                    {"POLY_SIGNATURE", *signed_text}};
}

}  // namespace arb::polymarket
