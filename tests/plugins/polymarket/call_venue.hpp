// The venue as one-off calls see it: TLS on loopback, answers as a test says, signatures checked. And the
// program as a person runs it against this venue.
#pragma once

#include <openssl/hmac.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <mutex>

#include "arbitrage/time.hpp"
#include "support/catch.hpp"
#include "support/process.hpp"
#include "support/temporary_directory.hpp"
#include "support/tls_server.hpp"

namespace arb::polymarket::test {

namespace json = boost::json;
using arb::test::HttpAnswer;
using arb::test::HttpAsk;

// What the account of these tests has; nobody else knows it.
struct Account {
    std::string address = "0x1111111111111111111111111111111111111111";
    std::string key = "00000000-0000-4000-8000-000000000001";
    std::string secret = "c2VjcmV0IG9mIHRoZSB0ZXN0cyA/Pj8+";  // "secret of the tests ?>?>"
    std::string passphrase = "a passphrase of the tests";
};

// base64url of HMAC-SHA256 with its padding, as the venue's documentation has it.
inline std::string venue_signature(std::string const& message) {
    std::string const key = "secret of the tests ?>?>";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<unsigned char const*>(message.data()), message.size(), digest, &size);
    std::string out(4 * ((size + 2) / 3), '\0');
    // Writes a NUL behind the text, where std::string has one.
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), digest, static_cast<int>(size));
    for (auto& c : out) c = c == '+' ? '-' : c == '/' ? '_' : c;
    return out;
}

class CallVenue {
  public:
    // Answers what is asked; on a thread of the server.
    using Answers = std::function<HttpAnswer(HttpAsk const&)>;

    explicit CallVenue(Answers answers)
        : answers_{std::move(answers)},
          server_{arb::test::TlsServer::Script{.certificate = authority_.issue({.names = {"IP:127.0.0.1"}}),
                                               .http = [this](HttpAsk const& ask) { return answer(ask); }}} {
        auto const url = "https://127.0.0.1:" + std::to_string(server_.port());
        directory_.write("ca.pem", authority_.pem());
        Account const account;
        secret("secret", account.secret);
        secret("passphrase", account.passphrase);
        secret("wrong", "d3Jvbmc=");
        std::string const urls = "gamma_url: " + url + "\n    clob_url: " + url + "\n    data_url: " + url +
                                 "\n    ca_file: " + directory_ / "ca.pem" + "\n";
        auto const with = [&](std::string const& file) {
            return urls + "    address: \"" + account.address + "\"\n    api_key: " + account.key +
                   "\n    api_secret_file: " + directory_ / file +
                   "\n    api_passphrase_file: " + directory_ / "passphrase" + "\n";
        };
        for (auto const& [name, options] :
             {std::pair{"own.yaml", with("secret")}, {"wrong.yaml", with("wrong")}, {"public.yaml", urls}})
            directory_.write(name, "venues:\n  polymarket:\n    " + options);
    }

    // `arbitrage polymarket WORDS` with a key, with a wrong one, without any.
    arb::test::Finished own(std::vector<std::string> words) const { return run("own.yaml", words); }
    arb::test::Finished wrong(std::vector<std::string> words) const { return run("wrong.yaml", words); }
    arb::test::Finished open(std::vector<std::string> words) const { return run("public.yaml", words); }
    // The rows of it.
    json::array rows(std::vector<std::string> words) const {
        words.insert(words.end(), {"--format", "json"});
        auto const done = own(words);
        INFO(words[0] << ": " << done.errors);
        CHECK(done.code == 0);
        json::error_code ec;
        auto const value = json::parse(done.out, ec);
        return !ec && value.is_array() ? value.as_array() : json::array{};
    }

    // Every request so far, as "METHOD target", "!" behind it where it was not signed as it should be.
    std::vector<std::string> asked() const {
        std::lock_guard const lock{mutex_};
        return asked_;
    }
    std::string last_body() const {
        std::lock_guard const lock{mutex_};
        return last_body_;
    }

    // Whether the request is signed by the account, freshly.
    static bool is_signed(HttpAsk const& ask) {
        Account const account;
        auto const header = [&](char const* name) {
            auto const found = ask.headers.find(name);
            return found == ask.headers.end() ? std::string{} : found->second;
        };
        auto const time = header("poly_timestamp");
        auto const path = ask.target.substr(0, ask.target.find('?'));
        auto const age = arb::now() / second_ns - std::strtoll(time.c_str(), nullptr, 10);
        return header("poly_address") == account.address && header("poly_api_key") == account.key &&
               header("poly_passphrase") == account.passphrase && age > -60 && age < 60 &&
               header("poly_signature") == venue_signature(time + ask.method + path + ask.body);
    }

  private:
    void secret(std::string const& name, std::string const& text) {
        auto const file = directory_.write(name, text + "\n");
        std::filesystem::permissions(file, std::filesystem::perms{0600});
    }
    arb::test::Finished run(std::string const& pipeline, std::vector<std::string> words) const {
        words.insert(words.begin(), {ARBITRAGE_PROGRAM, "-p", directory_ / pipeline, "polymarket"});
        return arb::test::run({words, {}, directory_.path().string()}, std::chrono::seconds{60});
    }
    HttpAnswer answer(HttpAsk const& ask) {
        bool const own = ask.target.starts_with("/data/") || ask.target.starts_with("/balance-allowance") ||
                         ask.target.starts_with("/notifications") || ask.target.starts_with("/auth/");
        bool const refused = own && !is_signed(ask);
        {
            std::lock_guard const lock{mutex_};
            asked_.push_back(ask.method + " " + ask.target + (refused ? "!" : ""));
            last_body_ = ask.body;
        }
        if (refused) return {.status = 401, .body = R"({"error":"Unauthorized/Invalid api key"})"};
        return answers_(ask);
    }

    Answers const answers_;
    arb::test::TemporaryDirectory directory_;
    arb::test::Authority authority_{"CA of the tests"};
    mutable std::mutex mutex_;
    std::vector<std::string> asked_;
    std::string last_body_;
    arb::test::TlsServer server_;
};

}  // namespace arb::polymarket::test
