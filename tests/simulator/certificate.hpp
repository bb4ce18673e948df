// Keys and certificates made anew at each start: nothing secret is ever in the repository.
#pragma once

#include <memory>
#include <string>
#include <string_view>

typedef struct evp_pkey_st EVP_PKEY;

namespace arb::simulator {

struct ServerCertificate {
    std::string ca_pem;           // what clients must trust
    std::string certificate_pem;  // for 127.0.0.1 and localhost, signed by that CA
    std::string key_pem;
};

// Throws std::runtime_error if OpenSSL refuses.
ServerCertificate make_server_certificate();

// The key pair of the one Kalshi account: clients sign with the private half, the simulator knows the public
// one.
class AccountKey {
  public:
    AccountKey();
    std::string private_pem() const;
    // RSASSA-PSS, SHA-256, MGF1 with SHA-256, a salt of exactly 32 bytes; `signature` in base64.
    bool verifies(std::string_view message, std::string_view signature) const;

  private:
    std::shared_ptr<EVP_PKEY> key_;
};

// base64url(HMAC-SHA256(base64 secret, message)): Polymarket's L2 signature.
std::string hmac_signature(std::string_view secret_base64, std::string_view message);
std::string sha1_hex(std::string_view text);

}  // namespace arb::simulator
