// TLS to a PostgreSQL server: verified unless the server is on this machine.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sinks/postgres/options.hpp"
#include "sinks/shared.hpp"
#include "support/catch.hpp"
#include "support/certificates.hpp"
#include "support/process.hpp"
#include "support/temporary_directory.hpp"

using namespace arb;
using namespace arb::test;

namespace {

// One that is free now.
std::string free_port() {
    auto const socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto const bound = ::bind(socket, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                       ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    ::close(socket);
    return bound ? std::to_string(ntohs(address.sin_port)) : "0";
}

postgres::Settings settings_of(std::string const& url) {
    return postgres::read_settings(Options{boost::json::object{{"url", url}}});
}

bool verifies(std::string const& url) {
    return settings_of(url).connection.find("sslmode='verify-full'") != std::string::npos;
}

}  // namespace

TEST_CASE("a server that is not on this machine has to prove who it is") {
    CHECK(verifies("postgresql://me@db.example.com/lab"));
    CHECK(verifies("postgresql://me@192.0.2.1/lab"));
    CHECK(verifies("host=db.example.com hostaddr=127.0.0.1 dbname=lab"));
    CHECK(verifies("host=localhost hostaddr=192.0.2.1 dbname=lab"));
    CHECK(verifies("postgresql://me@127.0.0.1,db.example.com/lab"));
    CHECK(verifies("postgresql://me@127.0.0.1.example.com/lab"));
    CHECK(verifies("service=lab"));
    CHECK_FALSE(verifies("postgresql://me@127.0.0.1/lab"));
    CHECK_FALSE(verifies("postgresql://me@localhost:5432/lab"));
    CHECK_FALSE(verifies("postgresql:///lab?host=/run/postgresql"));
    CHECK_FALSE(verifies("dbname=lab"));
    CHECK(settings_of("postgresql://me@db.example.com/lab?sslmode=require").warning.find("verify-full") !=
          std::string::npos);
    CHECK(settings_of("postgresql://me@db.example.com/lab").warning.empty());
}

TEST_CASE("what can never be right in a postgres url is a wrong option") {
    auto const said = [](std::string const& url) -> std::string {
        try {
            settings_of(url);
            return "";
        } catch (ConfigurationError const& error) {
            CHECK(error.where == "/url");
            return error.what();
        }
    };
    CHECK(said("postgresql://me@db.example.com/lab?sslmode=off").find("\"off\"") != std::string::npos);
    CHECK(said("postgresql://me:geheim@127.0.0.1:abc/lab").find("\"abc\"") != std::string::npos);
    CHECK(said("postgresql://me:geheim@127.0.0.1:abc/lab").find("geheim") == std::string::npos);
    CHECK(said("postgresql://me@127.0.0.1:99999/lab").find("99999") != std::string::npos);
    CHECK(said("host=a,b port=1,2,3 dbname=lab") != "");
    for (auto const* const good :
         {"postgresql://me@db.example.com:5433/lab?sslmode=require", "host=a,b port=1,2 dbname=lab",
          "host=a,b hostaddr=127.0.0.1,127.0.0.2 port=5432", "hostaddr=127.0.0.1,127.0.0.2 port=1,2",
          "dbname=lab", "postgresql:///lab?host=/tmp", "service=nobody"})
        CHECK(said(good) == "");
}

TEST_CASE("postgres talks TLS to the server whose certificate it can check, and to no other") {
    Authority const ours{"the tests' authority"}, foreign{"somebody else"};
    TemporaryDirectory const directory;
    auto const right = directory.write("right.pem", ours.pem()),
               wrong = directory.write("wrong.pem", foreign.pem());
    auto const port = free_port();
    PostgresCluster cluster{{"listen_addresses=127.0.0.1", "port=" + port, "fsync=off"}};
    auto const certificate = ours.issue({{"DNS:db.test"}});
    cluster.keep_file("server.pem", certificate.pem);
    cluster.keep_file("server.key", certificate.key_pem);
    cluster.let_in("hostnossl all all 127.0.0.1/32 reject\n");
    PostgresSession session{cluster.url("postgres")};
    session.query("ALTER SYSTEM SET ssl_cert_file = '" + cluster.directory() + "/server.pem'");
    session.query("ALTER SYSTEM SET ssl_key_file = '" + cluster.directory() + "/server.key'");
    session.query("ALTER SYSTEM SET ssl = on");
    session.query("SELECT pg_reload_conf()");
    cluster.create_database("lab");

    auto const options = [&](std::string const& host, std::string const& authority) {
        return R"({"url":"host=)" + host + " hostaddr=127.0.0.1 port=" + port +
               " user=postgres dbname=lab sslrootcert=" + authority + "\"}";
    };
    SECTION("the right one") {
        SinkUnderTest sink{"postgres", options("db.test", right)};
        REQUIRE(eventually(5s, [&] { return sink.start() == ARB_OK; }));
        CHECK(sink.write(quotes(3)) == ARB_OK);
        CHECK(cluster.query("lab", "SELECT count(*) FROM tick_history")[0][0] == "3");
        CHECK(
            session.query("SELECT count(*) FROM pg_stat_ssl s JOIN pg_stat_activity a ON a.pid = s.pid WHERE "
                          "a.application_name = 'arbitrage' AND s.ssl")[0][0] == "1");
    }
    SECTION("another authority") {
        SinkUnderTest sink{"postgres", options("db.test", wrong)};
        CHECK(eventually(5s, [&] {
            return sink.start() == ARB_RETRY &&
                   sink.error.find("certificate verify failed") != std::string::npos;
        }));
        CHECK(sink.error.find("sslrootcert") != std::string::npos);
        CHECK(sink.probe() == ARB_RETRY);
    }
    SECTION("another name") {
        SinkUnderTest sink{"postgres", options("elsewhere.test", right)};
        CHECK(eventually(5s, [&] {
            return sink.start() == ARB_RETRY && sink.error.find("elsewhere.test") != std::string::npos;
        }));
        CHECK(sink.error.find("host must be a name in the certificate") != std::string::npos);
    }
}
