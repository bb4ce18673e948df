#include "net/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

namespace arb::net {

Result<std::shared_ptr<Tls>> Tls::create(std::string const& ca_file) {
    auto tls = std::make_shared<TlsContext>();
    auto* const context = tls->context.native_handle();
    boost::system::error_code error;
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1)
        return permanent("this machine's OpenSSL offers no TLS 1.2");
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    // A connection that is silent keeps no buffers: there may be hundreds.
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    tls->context.set_verify_mode(asio::ssl::verify_peer, error);
    if (error) return permanent("certificate checks cannot be switched on: " + error.message());
    // A machine without system CAs can still use ca_file, so a failure here shows at the handshake, not
    // before.
    tls->context.set_default_verify_paths(error);
    if (ca_file.empty()) return std::shared_ptr<Tls>{std::move(tls)};
    tls->context.load_verify_file(ca_file, error);
    if (error) {
        auto const* const reason = ERR_reason_error_string(static_cast<unsigned long>(error.value()));
        ERR_clear_error();
        return invalid("/ca_file", "cannot take CA certificates from " + ca_file + ": " +
                                       (reason != nullptr ? std::string{reason} : error.message()));
    }
    return std::shared_ptr<Tls>{std::move(tls)};
}

Result<> expect_host(SSL* connection, Url const& url) {
    auto* const parameters = SSL_get0_param(connection);
    X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    auto const good = url.is_address ? X509_VERIFY_PARAM_set1_ip_asc(parameters, url.host.c_str()) == 1
                                     : SSL_set1_host(connection, url.host.c_str()) == 1 &&
                                           SSL_set_tlsext_host_name(connection, url.host.c_str()) == 1;
    ERR_clear_error();
    if (!good) return permanent(url.host + ": the name cannot be checked against a certificate");
    return {};
}

namespace {

std::string certificate_fault(long verdict, std::string const& host) {
    switch (verdict) {
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return "it was made for another host than " + host;
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return "it has expired";
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return "it is not valid yet; is this machine's clock right?";
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
            return "no CA known here vouches for it (" + std::string{X509_verify_cert_error_string(verdict)} +
                   "); ca_file can add one";
        default:
            return X509_verify_cert_error_string(verdict);
    }
}

}  // namespace

Error handshake_error(SSL* connection, boost::system::error_code const& error, std::string const& host) {
    auto const said = [&](std::string const& why) { return Error{ARB_RETRY, host + ": " + why, "tls"}; };
    if (auto const verdict = SSL_get_verify_result(connection); verdict != X509_V_OK)
        return said("the certificate is refused: " + certificate_fault(verdict, host));
    if (error.category() == asio::error::get_ssl_category()) {
        auto const reason = ERR_GET_REASON(static_cast<unsigned long>(error.value()));
        if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST ||
            reason == SSL_R_PACKET_LENGTH_TOO_LONG)
            return said("what listens there does not speak TLS");
        if (reason == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION || reason == SSL_R_UNSUPPORTED_PROTOCOL)
            return said("offers no TLS 1.2 or newer");
    }
    return said("the TLS handshake failed: " + error.message());
}

}  // namespace arb::net
