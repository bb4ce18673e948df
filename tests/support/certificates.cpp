#include "support/certificates.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <memory>
#include <stdexcept>

namespace arb::test {

namespace {

template<class T, void (*Free)(T*)>
struct Freed {
    void operator()(T* owned) const { Free(owned); }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY, EVP_PKEY_free>>;
using X509Pointer = std::unique_ptr<X509, Freed<X509, X509_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO, BIO_free_all>>;

void need(bool good) {
    if (!good) throw std::runtime_error{"OpenSSL could not make a test certificate"};
}

std::string text_of(BIO* bio) {
    char* data = nullptr;
    auto const size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

Key read_key(std::string const& pem) {
    Bio const bio{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
    return Key{PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr)};
}

X509Pointer read_certificate(std::string const& pem) {
    Bio const bio{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
    return X509Pointer{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)};
}

void extend(X509* certificate, X509* issuer, int kind, std::string const& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    auto* const extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
    need(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

X509Pointer begin(EVP_PKEY* key, std::string const& name, std::chrono::hours valid_for) {
    static std::atomic<long> serial{1};
    X509Pointer out{X509_new()};
    need(X509_set_version(out.get(), 2) == 1);
    ASN1_INTEGER_set(X509_get_serialNumber(out.get()), serial++);
    auto const seconds = std::chrono::duration_cast<std::chrono::seconds>(valid_for).count();
    constexpr long day = 86400;
    X509_gmtime_adj(X509_getm_notBefore(out.get()), -30 * day);
    X509_gmtime_adj(X509_getm_notAfter(out.get()), seconds);
    need(X509_set_pubkey(out.get(), key) == 1);
    auto const* const bytes = reinterpret_cast<unsigned char const*>(name.c_str());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(out.get()), "CN", MBSTRING_UTF8, bytes, -1, -1, 0);
    return out;
}

Certificate finish(X509* certificate, EVP_PKEY* key, EVP_PKEY* signer) {
    need(X509_sign(certificate, signer, EVP_sha256()) > 0);
    Bio const pem{BIO_new(BIO_s_mem())};
    Bio const key_pem{BIO_new(BIO_s_mem())};
    need(PEM_write_bio_X509(pem.get(), certificate) == 1);
    need(PEM_write_bio_PKCS8PrivateKey(key_pem.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
    return {text_of(pem.get()), text_of(key_pem.get())};
}

}  // namespace

Authority::Authority(std::string const& name) {
    Key const key{EVP_EC_gen("P-256")};
    auto const certificate = begin(key.get(), name, std::chrono::hours{24});
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get()));
    extend(certificate.get(), certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
    extend(certificate.get(), certificate.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
    extend(certificate.get(), certificate.get(), NID_subject_key_identifier, "hash");
    self_ = finish(certificate.get(), key.get(), key.get());
}

Certificate Authority::issue(CertificateWish const& wish) const {
    auto const own_key = read_key(self_.key_pem);
    auto const own = read_certificate(self_.pem);
    Key const key{EVP_EC_gen("P-256")};
    auto const certificate = begin(key.get(), "a server of the tests", wish.valid_for);
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(own.get()));
    std::string names;
    for (auto const& name : wish.names) names += (names.empty() ? "" : ",") + name;
    if (!names.empty()) extend(certificate.get(), own.get(), NID_subject_alt_name, names);
    extend(certificate.get(), own.get(), NID_authority_key_identifier, "keyid");
    return finish(certificate.get(), key.get(), own_key.get());
}

}  // namespace arb::test
