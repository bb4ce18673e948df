#include "net/signature.hpp"

#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <span>

namespace arb::net {

namespace {

// Keys and secrets are a few KiB; whatever is larger is another file.
constexpr std::size_t secret_bytes_max = 64 * 1024;

// A text whose memory is wiped when it is no longer needed.
struct Secret {
    Secret() { text.reserve(secret_bytes_max); }  // so that no copy stays behind when it grows
    Secret(Secret&&) = default;
    Secret(Secret const&) = delete;
    Secret& operator=(Secret const&) = delete;
    ~Secret() { OPENSSL_cleanse(text.data(), text.size()); }
    std::string text;
};

struct Descriptor {
    explicit Descriptor(int fd) : number{fd} {}
    Descriptor(Descriptor const&) = delete;
    Descriptor& operator=(Descriptor const&) = delete;
    ~Descriptor() {
        if (number >= 0) ::close(number);
    }
    int const number;
};

template<class T, void (*Free)(T*)>
struct Freed {
    void operator()(T* owned) const { Free(owned); }
};
using KeyPointer = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY, EVP_PKEY_free>>;
using DigestPointer = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX, EVP_MD_CTX_free>>;
using BioPointer = std::unique_ptr<BIO, Freed<BIO, BIO_free_all>>;

Error system_error(std::string const& what) { return invalid("", what + ": " + std::strerror(errno)); }

// The service manager protects its credentials with access lists, which show up as group bits of the mode.
bool is_service_credential(std::string const& file) {
    auto const* const directory = std::getenv("CREDENTIALS_DIRECTORY");
    auto const slash = file.rfind('/');
    return directory != nullptr && slash != std::string::npos && file.substr(0, slash) == directory;
}

Result<Secret> read_private(std::string const& file) {
    Descriptor const descriptor{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (descriptor.number < 0) return system_error("cannot open " + file);
    struct stat status {};
    if (::fstat(descriptor.number, &status) != 0) return system_error("cannot read " + file);
    if (!S_ISREG(status.st_mode)) return invalid("", file + " is not a regular file");
    if ((status.st_mode & 077) != 0 && !is_service_credential(file))
        return invalid("", file + " can be read or changed by others; run: chmod 600 " + file);
    Secret secret;
    secret.text.resize(secret_bytes_max);
    std::size_t size = 0;
    while (size != secret_bytes_max) {
        auto const got = ::read(descriptor.number, secret.text.data() + size, secret_bytes_max - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return system_error("cannot read " + file);
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    if (size == secret_bytes_max) return invalid("", file + " is larger than 64 KiB; no key is");
    secret.text.resize(size);
    return secret;
}

constexpr std::string_view blanks = " \t\r\n\v\f";

std::string_view trimmed(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    auto const begin = text.find_first_not_of(blanks);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

// One line of PEM a line, without blanks around, each ended by a newline: what every editor's version comes
// down to.
Secret tidy_pem(std::string_view text) {
    Secret out;
    text = trimmed(text);
    while (!text.empty()) {
        auto const end = text.find('\n');
        auto const line = trimmed(text.substr(0, end));
        if (!line.empty()) out.text.append(line).push_back('\n');
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return out;
}

class OpensslKey final : public PrivateKey {
  public:
    explicit OpensslKey(KeyPointer key) : key_{std::move(key)} {}

    Result<std::string> sign(std::string_view message) const override {
        DigestPointer const digest{EVP_MD_CTX_new()};
        if (!digest || !begin(digest.get())) return failed();
        auto const* const data = reinterpret_cast<unsigned char const*>(message.data());
        std::size_t size = 0;
        if (EVP_DigestSign(digest.get(), nullptr, &size, data, message.size()) <= 0) return failed();
        std::string out(size, '\0');
        auto* const target = reinterpret_cast<unsigned char*>(out.data());
        if (EVP_DigestSign(digest.get(), target, &size, data, message.size()) <= 0) return failed();
        out.resize(size);
        return out;
    }

  private:
    bool begin(EVP_MD_CTX* digest) const {
        EVP_PKEY_CTX* context = nullptr;  // owned by the digest
        if (EVP_PKEY_get_base_id(key_.get()) == EVP_PKEY_ED25519)
            return EVP_DigestSignInit(digest, &context, nullptr, nullptr, key_.get()) > 0;
        return EVP_DigestSignInit(digest, &context, EVP_sha256(), nullptr, key_.get()) > 0 &&
               EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) > 0 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) > 0 &&
               EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) > 0;
    }
    static Error failed() {
        ERR_clear_error();
        return permanent("the private key cannot sign");
    }
    KeyPointer const key_;
};

// A pass phrase is never asked for on the terminal.
int no_pass_phrase(char*, int, int, void*) { return -1; }

unsigned char const* bytes(std::string_view text) {
    return reinterpret_cast<unsigned char const*>(text.data());
}

std::string hex(std::span<unsigned char const> data) {
    constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (auto const byte : data) {
        out.push_back(digits[byte >> 4]);
        out.push_back(digits[byte & 15]);
    }
    return out;
}

}  // namespace

Result<std::shared_ptr<PrivateKey>> PrivateKey::load(std::string const& file) {
    auto const read = read_private(file);
    if (read.has_error()) return read.error();
    auto const pem = tidy_pem(read.value().text);
    auto const has = [&](std::string_view word) { return pem.text.find(word) != std::string::npos; };
    if (has("BEGIN ENCRYPTED PRIVATE KEY") || has("Proc-Type: 4,ENCRYPTED"))
        return invalid("", file + " is protected by a pass phrase; write it without one: openssl pkey -in " +
                               file + " -out NEW_FILE");
    if (!has("PRIVATE KEY-----"))
        return invalid("",
                       file + (has("PUBLIC KEY-----")    ? " holds a public key; the private key is needed"
                               : has("CERTIFICATE-----") ? " holds a certificate; the private key is needed"
                                                         : " is not a private key in PEM form"));
    BioPointer const bio{BIO_new_mem_buf(pem.text.data(), static_cast<int>(pem.text.size()))};
    KeyPointer key{PEM_read_bio_PrivateKey(bio.get(), nullptr, &no_pass_phrase, nullptr)};
    ERR_clear_error();
    if (!key) return invalid("", file + " is damaged: its private key cannot be read");
    auto const type = EVP_PKEY_get_base_id(key.get());
    if (type != EVP_PKEY_RSA && type != EVP_PKEY_ED25519)
        return invalid("", file + " holds a key that is neither RSA nor Ed25519");
    return std::shared_ptr<PrivateKey>{std::make_shared<OpensslKey>(std::move(key))};
}

Result<std::string> read_secret(std::string const& file) {
    auto const read = read_private(file);
    if (read.has_error()) return read.error();
    auto const text = trimmed(read.value().text);
    if (text.empty()) return invalid("", file + " is empty");
    return std::string{text};
}

std::string base64(std::string_view data) {
    std::string out((data.size() + 2) / 3 * 4, '\0');
    if (!data.empty())
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes(data),
                        static_cast<int>(data.size()));
    return out;
}

std::string base64url(std::string_view data) {
    auto out = base64(data);
    for (auto& c : out) c = c == '+' ? '-' : c == '/' ? '_' : c;
    return out;
}

Result<std::string> from_base64(std::string_view text) {
    auto const wrong = [] { return invalid("", "not a base64 text"); };
    auto const padding = text.size() - std::min(text.size(), text.find_last_not_of('=') + 1);
    std::string standard{text.substr(0, text.size() - padding)};
    for (auto& c : standard) {
        c = c == '-' ? '+' : c == '_' ? '/' : c;
        auto const good = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                          c == '+' || c == '/';
        if (!good) return wrong();
    }
    auto const missing = (4 - standard.size() % 4) % 4;
    if (missing == 3 || (padding != 0 && padding != missing)) return wrong();
    standard.append(missing, '=');
    std::string out(standard.size() / 4 * 3, '\0');
    if (standard.empty()) return out;
    auto const size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes(standard),
                                      static_cast<int>(standard.size()));
    if (size < 0) return wrong();
    out.resize(static_cast<std::size_t>(size) - missing);
    return out;
}

std::string hmac_sha256(std::string_view key, std::string_view message) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> out;
    unsigned size = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes(message), message.size(), out.data(),
         &size);
    return {reinterpret_cast<char const*>(out.data()), size};
}

std::string sha1_hex(std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> out;
    unsigned size = 0;
    EVP_Digest(text.data(), text.size(), out.data(), &size, EVP_sha1(), nullptr);
    return hex({out.data(), size});
}

}  // namespace arb::net
