// Signatures, hashes and their texts, over OpenSSL. What is wrong with a file is ARB_INVALID without a where:
// the caller knows the option.
//
// Thread safety: keys are constant once loaded.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "arbitrage/result.hpp"

namespace arb::net {

// A private key from a PEM file: RSA (PKCS#1 or PKCS#8) signs RSA-PSS with SHA-256, MGF1-SHA256 and a salt of
// 32 bytes; Ed25519 signs plainly. CRLF, blank space around and a missing last newline are tolerated; an
// encrypted key, a public key or a file that others can read (mode & 077) is ARB_INVALID with a sentence.
class PrivateKey {
  public:
    static Result<std::shared_ptr<PrivateKey>> load(std::string const& file);
    virtual ~PrivateKey() = default;
    virtual Result<std::string> sign(std::string_view message) const = 0;  // raw bytes
};

std::string base64(std::string_view bytes);              // standard alphabet, padded
std::string base64url(std::string_view bytes);           // URL alphabet, padded
Result<std::string> from_base64(std::string_view text);  // both alphabets, padding optional
std::string hmac_sha256(std::string_view key, std::string_view message);
std::string sha1_hex(std::string_view text);

// The text of a secret file without surrounding blank space; ARB_INVALID if unreadable, empty or readable by
// others.
Result<std::string> read_secret(std::string const& file);

}  // namespace arb::net
