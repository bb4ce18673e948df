// The three headers that prove who asks: key id, time in milliseconds, and a signature of time, method and
// path.
//
// Thread safety: const after construction.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/session.hpp"
#include "net/signature.hpp"

namespace arb::kalshi {

class Signer {
  public:
    // ARB_INVALID if the file cannot be used; the sentence says why.
    static Result<std::shared_ptr<Signer const>> load(std::string key_id, std::string const& key_file);

    // For one request, made at `now` (nanoseconds): the venue refuses a stale time. `path` begins at the
    // API's root
    // ("/trade-api/v2/portfolio/balance"); a query behind it is not signed.
    Result<std::vector<net::Header>> headers(std::string_view method, std::string_view path,
                                             arb_time now) const;

    Signer(std::string key_id, std::shared_ptr<net::PrivateKey> key)
        : key_id_{std::move(key_id)}, key_{std::move(key)} {}

  private:
    std::string const key_id_;
    std::shared_ptr<net::PrivateKey> const key_;
};

// "/trade-api/ws/v2" of "wss://host/trade-api/ws/v2?x".
std::string path_of(std::string_view url);

}  // namespace arb::kalshi
