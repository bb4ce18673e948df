#include "auth.hpp"

#include "arbitrage/time.hpp"

namespace arb::kalshi {

Result<std::shared_ptr<Signer const>> Signer::load(std::string key_id, std::string const& key_file) {
    auto key = net::PrivateKey::load(key_file);
    if (key.has_error()) return key.error();
    return std::make_shared<Signer const>(std::move(key_id), std::move(key.value()));
}

Result<std::vector<net::Header>> Signer::headers(std::string_view method, std::string_view path,
                                                 arb_time now) const {
    auto const time = std::to_string(now / millisecond_ns);
    std::string message = time;
    message.append(method).append(path.substr(0, path.find('?')));
    auto const signature = key_->sign(message);
    if (signature.has_error()) return signature.error();
    std::vector<net::Header> out;
    out.push_back({"KALSHI-ACCESS-KEY", key_id_});
    out.push_back({"KALSHI-ACCESS-TIMESTAMP", time});
    out.push_back({"KALSHI-ACCESS-SIGNATURE", net::base64(signature.value())});
    return out;
}

std::string path_of(std::string_view url) {
    auto const scheme = url.find("://");
    auto const begin = url.find('/', scheme == std::string_view::npos ? 0 : scheme + 3);
    if (begin == std::string_view::npos) return "/";
    return std::string{url.substr(begin, url.find('?', begin) - begin)};
}

}  // namespace arb::kalshi
