// The one place where a TLS context is made, and where its errors become sentences. For the sources of this
// folder.
//
// Thread safety: the context is constant after creation.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <string>

#include "net/session.hpp"
#include "net/url.hpp"

namespace arb::net {

class TlsContext final : public Tls {
  public:
    TlsContext() : context{asio::ssl::context::tls_client} {}
    asio::ssl::context context;
};

// Sets what this connection must prove (the host's name or address) and whom it asks for. Before the
// handshake.
Result<> expect_host(SSL* connection, Url const& url);

// Why a handshake failed, as a sentence with where "tls".
Error handshake_error(SSL* connection, boost::system::error_code const& error, std::string const& host);

}  // namespace arb::net
