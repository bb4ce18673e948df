#include "net/signature.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <boost/json.hpp>
#include <sstream>

#include "loopback.hpp"

using namespace arb;
using namespace arb::test;

namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

template<class Write>
std::string pem_text(Write write) {
    auto* const bio = BIO_new(BIO_s_mem());
    REQUIRE(write(bio) == 1);
    char* data = nullptr;
    auto const size = BIO_get_mem_data(bio, &data);
    std::string out{data, static_cast<std::size_t>(size)};
    BIO_free(bio);
    return out;
}

// A throw-away RSA key, made once for all tests.
EVP_PKEY* rsa() {
    static Key const key{EVP_RSA_gen(2048), &EVP_PKEY_free};
    return key.get();
}

std::string pkcs1(EVP_PKEY* key) {
    return pem_text([&](BIO* bio) {
        return PEM_write_bio_PrivateKey_traditional(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
    });
}
std::string pkcs8(EVP_PKEY* key, EVP_CIPHER const* cipher = nullptr) {
    auto* const phrase = const_cast<char*>(cipher != nullptr ? "secret" : nullptr);
    return pem_text([&](BIO* bio) {
        return PEM_write_bio_PKCS8PrivateKey(bio, key, cipher, phrase, cipher != nullptr ? 6 : 0, nullptr,
                                             nullptr);
    });
}

unsigned char const* bytes(std::string_view text) {
    return reinterpret_cast<unsigned char const*>(text.data());
}

// Verifies with OpenSSL's own words: padding, digests and salt length are said here once more.
bool verifies(std::string_view message, std::string_view signature, int salt_length) {
    auto* const digest = EVP_MD_CTX_new();
    EVP_PKEY_CTX* context = nullptr;
    REQUIRE(EVP_DigestVerifyInit(digest, &context, EVP_sha256(), nullptr, rsa()) == 1);
    REQUIRE(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1);
    REQUIRE(EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1);
    REQUIRE(EVP_PKEY_CTX_set_rsa_pss_saltlen(context, salt_length) == 1);
    auto const good =
        EVP_DigestVerify(digest, bytes(signature), signature.size(), bytes(message), message.size()) == 1;
    EVP_MD_CTX_free(digest);
    return good;
}

std::shared_ptr<net::PrivateKey> load(Folder const& folder, std::string_view pem) {
    auto const key = net::PrivateKey::load(folder.write("key.pem", pem));
    REQUIRE(key.has_value());
    return key.value();
}

std::string replaced(std::string text, std::string const& what, std::string const& with) {
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
        text.replace(at, what.size(), with);
    return text;
}

std::string from_hex(std::string_view hex) {
    std::string out;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        out.push_back(static_cast<char>(std::stoi(std::string{hex.substr(i, 2)}, nullptr, 16)));
    return out;
}

// The mask of PSS as RFC 8017 defines it: SHA-256 of seed and counter, one after the other.
std::string mgf1(std::string const& seed, std::size_t size) {
    std::string out;
    for (char counter = 0; out.size() < size; ++counter) {
        auto const input = seed + std::string{'\0', '\0', '\0', counter};
        std::string block(32, '\0');
        REQUIRE(EVP_Digest(input.data(), input.size(), reinterpret_cast<unsigned char*>(block.data()),
                           nullptr, EVP_sha256(), nullptr) == 1);
        out += block;
    }
    out.resize(size);
    return out;
}

std::string const message = "1703123456789GET/trade-api/v2/portfolio/fills";

}  // namespace

TEST_CASE("RSA signatures are PSS with a salt of 32 bytes, and differ each time", "[net]") {
    Folder const folder;
    auto const key = load(folder, pkcs1(rsa()));
    auto const first = key->sign(message).value();
    auto const second = key->sign(message).value();
    CHECK(first.size() == 256);
    CHECK(net::base64(first).size() == 344);
    CHECK(first != second);
    CHECK(verifies(message, first, 32));
    CHECK(verifies(message, second, 32));
    CHECK_FALSE(verifies(message, first, 20));
    CHECK_FALSE(verifies(message, first, RSA_PSS_SALTLEN_MAX));
}

TEST_CASE("another text does not verify", "[net]") {
    Folder const folder;
    auto const signature = load(folder, pkcs8(rsa()))->sign(message).value();
    for (auto const* const other :
         {"1703123456789GET/trade-api/v2/portfolio/fillz",
          "1703123456789GET/trade-api/v2/portfolio/fills?limit=5",
          "1703123456789get/trade-api/v2/portfolio/fills", "1703123456GET/trade-api/v2/portfolio/fills"})
        CHECK_FALSE(verifies(other, signature, 32));
}

TEST_CASE("the encoded message is zeros, one, 32 bytes of salt, and ends in BC", "[net]") {
    Folder const folder;
    auto const signature = load(folder, pkcs8(rsa()))->sign(message).value();
    auto* const context = EVP_PKEY_CTX_new(rsa(), nullptr);
    REQUIRE(EVP_PKEY_verify_recover_init(context) == 1);
    REQUIRE(EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING) == 1);
    std::string encoded(256, '\0');
    std::size_t size = encoded.size();
    REQUIRE(EVP_PKEY_verify_recover(context, reinterpret_cast<unsigned char*>(encoded.data()), &size,
                                    bytes(signature), signature.size()) == 1);
    EVP_PKEY_CTX_free(context);
    REQUIRE(size == 256);
    CHECK(static_cast<unsigned char>(encoded.back()) == 0xBC);
    std::string block(256 - 32 - 1, '\0');
    auto const mask = mgf1(encoded.substr(block.size(), 32), block.size());
    for (std::size_t i = 0; i != block.size(); ++i) block[i] = static_cast<char>(encoded[i] ^ mask[i]);
    block[0] = static_cast<char>(block[0] & 0x7F);  // one bit less than the modulus
    auto const one = block.size() - 32 - 1;
    CHECK(block.substr(0, one) == std::string(one, '\0'));
    CHECK(block[one] == 1);
}

TEST_CASE("both PEM forms, and what editors make of them, are the same key", "[net]") {
    Folder const folder;
    for (auto const& pem : {pkcs1(rsa()), pkcs8(rsa())}) {
        auto const crlf = replaced(pem, "\n", "\r\n");
        for (auto const& text : {pem, crlf, pem.substr(0, pem.size() - 1), "\n\n  " + pem + " \n\n",
                                 replaced(pem, "\n", "\n    "), "\xEF\xBB\xBF" + crlf})
            CHECK(verifies(message, load(folder, text)->sign(message).value(), 32));
    }
}

TEST_CASE("Ed25519 signs as RFC 8032 has it", "[net]") {
    struct Vector {
        std::string secret, message, signature;
    };
    std::vector<Vector> const vectors{
        {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25"
         "bf5f0595b"
         "be24655141438e7a100b"},
        {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387"
         "b2eaeb430"
         "2aeeb00d291612bb0c00"}};
    Folder const folder;
    for (auto const& vector : vectors) {
        auto const secret = from_hex(vector.secret);
        Key const key{EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes(secret), secret.size()),
                      &EVP_PKEY_free};
        CHECK(load(folder, pkcs8(key.get()))->sign(from_hex(vector.message)).value() ==
              from_hex(vector.signature));
    }
}

TEST_CASE("files that are no usable private key are refused with a sentence", "[net]") {
    Folder const folder;
    Key const curve{EVP_EC_gen("P-256"), &EVP_PKEY_free};
    auto const phrase = const_cast<char*>("secret");
    auto const old_encrypted = pem_text([&](BIO* bio) {
        return PEM_write_bio_PrivateKey_traditional(
            bio, rsa(), EVP_aes_128_cbc(), reinterpret_cast<unsigned char*>(phrase), 6, nullptr, nullptr);
    });
    auto const public_key = pem_text([&](BIO* bio) { return PEM_write_bio_PUBKEY(bio, rsa()); });
    auto const refused = [&](std::string const& file, std::string const& expected) {
        auto const key = net::PrivateKey::load(file);
        REQUIRE(key.has_error());
        INFO(key.error().text);
        CHECK(key.error().status == ARB_INVALID);
        CHECK(contains(key.error().text, file));
        CHECK(contains(key.error().text, expected));
        CHECK_FALSE(contains(key.error().text, "secret"));
    };
    refused(folder.write("a", pkcs8(rsa(), EVP_aes_256_cbc())), "protected by a pass phrase");
    refused(folder.write("b", old_encrypted), "protected by a pass phrase");
    refused(folder.write("c", public_key), "holds a public key");
    refused(folder.write("d", Authority{"x"}.pem()), "holds a certificate");
    refused(folder.write("e", "hello"), "not a private key in PEM form");
    refused(folder.write("f", ""), "not a private key in PEM form");
    refused(folder.write("g", pkcs8(curve.get())), "neither RSA nor Ed25519");
    refused(folder.write("h", replaced(pkcs8(rsa()), "\nM", "\nN")), "damaged");
    refused(folder.write("i", std::string(100'000, 'x')), "larger than 64 KiB");
    refused(folder.path("missing"), "No such file");
    refused(folder.path("."), "not a regular file");
    refused(folder.write("j", pkcs8(rsa()), 0644), "can be read or changed by others; run: chmod 600");
    refused(folder.write("k", pkcs8(rsa()), 0640), "can be read or changed by others");
}

TEST_CASE("a service manager's credential may have group bits", "[net]") {
    Folder const folder;
    auto const file = folder.write("key.pem", pkcs8(rsa()), 0440);
    CHECK(net::PrivateKey::load(file).has_error());
    ::setenv("CREDENTIALS_DIRECTORY", file.substr(0, file.rfind('/')).c_str(), 1);
    auto const trusted = net::PrivateKey::load(file);
    ::unsetenv("CREDENTIALS_DIRECTORY");
    CHECK(trusted.has_value());
}

TEST_CASE("a secret is the file's text without blank space around", "[net]") {
    Folder const folder;
    CHECK(net::read_secret(folder.write("secret", " abc def\r\n\n")).value() == "abc def");
    CHECK(net::read_secret(folder.write("empty", " \n")).has_error());
    CHECK(net::read_secret(folder.write("open", "abc", 0604)).has_error());
}

TEST_CASE("HMAC signatures equal the published and the computed ones", "[net]") {
    std::ifstream file{std::string{ARBITRAGE_TEST_DATA} + "/polymarket/hmac_vectors.json"};
    std::stringstream text;
    text << file.rdbuf();
    auto const vectors = boost::json::parse(text.str()).at("vectors").as_array();
    REQUIRE(vectors.size() == 9);
    for (auto const& vector : vectors) {
        auto const field = [&](char const* name) { return std::string{vector.at(name).as_string()}; };
        auto const secret = net::from_base64(field("secret"));
        REQUIRE(secret.has_value());
        CHECK(net::base64url(net::hmac_sha256(secret.value(), field("message"))) == field("signature"));
    }
}

TEST_CASE("base64 goes both ways, in both alphabets, with and without padding", "[net]") {
    std::string all;
    for (int i = 0; i != 256; ++i) all.push_back(static_cast<char>(i));
    for (std::size_t size = 0; size != all.size(); ++size) {
        auto const part = all.substr(all.size() - size);
        CHECK(net::from_base64(net::base64(part)).value() == part);
        auto url = net::base64url(part);
        CHECK(url.find_first_of("+/") == std::string::npos);
        while (url.ends_with('=')) url.pop_back();
        CHECK(net::from_base64(url).value() == part);
    }
    CHECK(net::base64("foobar") == "Zm9vYmFy");
    CHECK(net::base64("foob") == "Zm9vYg==");
    for (auto const* const wrong : {"Zm9vY", "Zm9v Yg==", "Zm9vYg=", "Zm9vYg===", "=", "Zm=9", "Zm9v\n"}) {
        INFO(wrong);
        CHECK(net::from_base64(wrong).has_error());
    }
}

TEST_CASE("SHA-1 is written in lower-case hex", "[net]") {
    CHECK(net::sha1_hex("abc") == "a9993e364706816aba3e25717850c26c9cd0d89d");
    CHECK(net::sha1_hex("") == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}
