#include "simulator/certificate.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include <array>
#include <stdexcept>
#include <vector>

namespace arb::simulator {
namespace {

using Key = std::shared_ptr<EVP_PKEY>;
using Certificate = std::shared_ptr<X509>;

constexpr long valid_seconds = 30L * 24 * 3600;
constexpr int salt_bytes = 32;  // the digest's length, as the venue demands

void require(bool fine, char const* what) {
    if (!fine) throw std::runtime_error(std::string{"OpenSSL refused to "} + what);
}

Key make_key(EVP_PKEY* key, char const* what) {
    require(key != nullptr, what);
    return {key, &EVP_PKEY_free};
}

std::string text_of(BIO* bio) {
    char* data = nullptr;
    auto const size = BIO_get_mem_data(bio, &data);
    std::string text{data, static_cast<std::size_t>(size)};
    BIO_free(bio);
    return text;
}

std::string pem(Certificate const& certificate) {
    BIO* const bio = BIO_new(BIO_s_mem());
    require(PEM_write_bio_X509(bio, certificate.get()) == 1, "write a certificate");
    return text_of(bio);
}

void extend(X509* certificate, X509* issuer, int nid, char const* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
    require(extension != nullptr, "make a certificate extension");
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

Certificate make_certificate(char const* name, long serial, Key const& key) {
    Certificate const certificate{X509_new(), &X509_free};
    auto* const x = certificate.get();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), serial);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), valid_seconds);
    X509_set_pubkey(x, key.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               reinterpret_cast<unsigned char const*>(name), -1, -1, 0);
    return certificate;
}

std::vector<unsigned char> from_base64(std::string_view text) {
    std::string standard{text};
    for (char& c : standard) c = c == '-' ? '+' : c == '_' ? '/' : c;
    while (standard.size() % 4 != 0) standard += '=';
    std::vector<unsigned char> out(standard.size() / 4 * 3 + 1);
    int const size = EVP_DecodeBlock(out.data(), reinterpret_cast<unsigned char const*>(standard.data()),
                                     static_cast<int>(standard.size()));
    if (size < 0) return {};
    auto const padding = standard.ends_with("==") ? 2 : standard.ends_with('=') ? 1 : 0;
    out.resize(static_cast<std::size_t>(size - padding));
    return out;
}

}  // namespace

ServerCertificate make_server_certificate() {
    auto const ca_key = make_key(EVP_EC_gen("P-256"), "make a key");
    auto const ca = make_certificate("arbitrage simulator CA", 1, ca_key);
    X509_set_issuer_name(ca.get(), X509_get_subject_name(ca.get()));
    extend(ca.get(), ca.get(), NID_basic_constraints, "critical,CA:TRUE");
    extend(ca.get(), ca.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
    require(X509_sign(ca.get(), ca_key.get(), EVP_sha256()) > 0, "sign a certificate");

    auto const key = make_key(EVP_EC_gen("P-256"), "make a key");
    auto const leaf = make_certificate("127.0.0.1", 2, key);
    X509_set_issuer_name(leaf.get(), X509_get_subject_name(ca.get()));
    extend(leaf.get(), ca.get(), NID_basic_constraints, "CA:FALSE");
    extend(leaf.get(), ca.get(), NID_ext_key_usage, "serverAuth");
    extend(leaf.get(), ca.get(), NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost");
    require(X509_sign(leaf.get(), ca_key.get(), EVP_sha256()) > 0, "sign a certificate");

    BIO* const bio = BIO_new(BIO_s_mem());
    require(PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
            "write a key");
    return {pem(ca), pem(leaf), text_of(bio)};
}

AccountKey::AccountKey() : key_{make_key(EVP_RSA_gen(2048), "make a key")} {}

std::string AccountKey::private_pem() const {
    BIO* const bio = BIO_new(BIO_s_mem());
    // PKCS#1, the form the venue's account page delivers.
    require(PEM_write_bio_PrivateKey_traditional(bio, key_.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
            "write a key");
    return text_of(bio);
}

bool AccountKey::verifies(std::string_view message, std::string_view signature) const {
    auto const bytes = from_base64(signature);
    std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> const context{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
    EVP_PKEY_CTX* settings = nullptr;
    return EVP_DigestVerifyInit(context.get(), &settings, EVP_sha256(), nullptr, key_.get()) == 1 &&
           EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, salt_bytes) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(settings, EVP_sha256()) == 1 &&
           EVP_DigestVerify(context.get(), bytes.data(), bytes.size(),
                            reinterpret_cast<unsigned char const*>(message.data()), message.size()) == 1;
}

std::string hmac_signature(std::string_view secret_base64, std::string_view message) {
    auto const secret = from_base64(secret_base64);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<unsigned char const*>(message.data()), message.size(), digest.data(), &size);
    std::string out(size / 3 * 4 + 8, '\0');
    out.resize(static_cast<std::size_t>(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                                        digest.data(), static_cast<int>(size))));
    for (char& c : out) c = c == '+' ? '-' : c == '/' ? '_' : c;
    return out;
}

std::string sha1_hex(std::string_view text) {
    std::array<unsigned char, 20> digest{};
    EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha1(), nullptr);
    std::string out;
    for (auto const byte : digest) {
        out += "0123456789abcdef"[byte >> 4];
        out += "0123456789abcdef"[byte & 15];
    }
    return out;
}

}  // namespace arb::simulator
