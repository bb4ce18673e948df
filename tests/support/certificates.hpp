// Certificates for tests, made on the spot: a CA of our own and what it vouches for. Nothing secret, nothing
// kept.
//
// Thread safety: values.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace arb::test {

struct Certificate {
    std::string pem;
    std::string key_pem;  // PKCS#8, elliptic curve P-256
};

struct CertificateWish {
    std::vector<std::string> names = {};                   // such as "DNS:localhost" or "IP:127.0.0.1"
    std::chrono::hours valid_for = std::chrono::hours{1};  // negative: expired so long ago
};

class Authority {
  public:
    explicit Authority(std::string const& name);
    std::string const& pem() const { return self_.pem; }
    Certificate issue(CertificateWish const& wish) const;
    // The CA's own, for a server that vouches for itself.
    Certificate const& self() const { return self_; }

  private:
    Certificate self_;
};

}  // namespace arb::test
