#include "simulator/simulated.hpp"

#include <signal.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fstream>
#include <stdexcept>

#include "arbitrage/time.hpp"
#include "net/signature.hpp"

namespace arb::test {

boost::json::value parse_json(std::string const& text) {
    boost::json::parse_options options;
    options.allow_invalid_utf8 = true;
    return boost::json::parse(text, {}, options);
}

Simulated::Simulated(std::vector<std::string> const& options) {
    Command command{{ARBITRAGE_BINARY_DIR "/bin/arbitrage-simulator", "--directory", directory_ / "venues",
                     "--lifetime", "1800"}};
    command.words.insert(command.words.end(), options.begin(), options.end());
    process_ = std::make_unique<Process>(command, directory_.path() / "simulator");
    auto const file = std::filesystem::path{directory_ / "venues/endpoints.json"};
    eventually(60s, [&] { return std::filesystem::exists(file) || !process_->running(); });
    if (!std::filesystem::exists(file))
        throw std::runtime_error("the simulator does not serve: " + process_->errors());
    endpoints_ = boost::json::parse(read_file(file)).as_object();
    tls_ = *net::Tls::create(endpoint("ca_file"));
    http_ = *net::HttpClient::create(context_.get_executor(), tls_, endpoint("url"));
}

Simulated::~Simulated() {
    process_->signal(SIGTERM);
    process_->wait(5s);
}

std::string Simulated::endpoint(std::string const& name) const {
    return std::string{endpoints_.at(name).as_string()};
}

std::string Simulated::endpoint(std::string const& venue, std::string const& name) const {
    return std::string{endpoints_.at(venue).as_object().at(name).as_string()};
}

net::Response Simulated::send(net::Request request) {
    auto result = wait(http_->send(std::move(request)));
    if (!result) throw std::runtime_error(result.error().text);
    return std::move(*result);
}

std::string Simulated::get(std::string const& target) {
    net::Request request;
    request.target = target;
    return send(std::move(request)).body;
}

boost::json::object Simulated::control(std::string const& what) {
    return boost::json::parse(get("/control/" + what)).as_object();
}

void Simulated::fault(std::string const& kind, std::string const& venue, double seconds,
                      std::string const& more) {
    control("fault?kind=" + kind + "&venue=" + venue + "&seconds=" + std::to_string(seconds) + more);
}

void Simulated::stop_faults(std::string const& venue) { control("fault?off=1&venue=" + venue); }

void Simulated::finish() { control("quiet"); }

std::vector<boost::json::object> Simulated::ledger(std::string const& kind, std::string const& venue) {
    control("ledger");  // flushes
    std::vector<boost::json::object> out;
    auto begin = R"({"kind":")" + kind + '"';
    if (!venue.empty()) begin += R"(,"venue":")" + venue + '"';
    std::ifstream lines{endpoint("ledger_file")};
    // The last line may not be complete yet.
    for (std::string line; std::getline(lines, line) && !lines.eof();)
        if (line.starts_with(begin)) out.push_back(parse_json(line).as_object());
    return out;
}

bool Simulated::finished() { return control("ledger").at("finished").as_bool(); }

std::vector<net::Header> Simulated::kalshi_signature(std::string const& path) {
    auto const key = *net::PrivateKey::load(endpoint("kalshi", "key_file"));
    auto const time = std::to_string(now() / millisecond_ns);
    return {{"KALSHI-ACCESS-KEY", endpoint("kalshi", "key_id")},
            {"KALSHI-ACCESS-TIMESTAMP", time},
            {"KALSHI-ACCESS-SIGNATURE", net::base64(*key->sign(time + "GET" + path))}};
}

Result<std::unique_ptr<net::WebSocket>> Simulated::connect(std::string const& url,
                                                           std::vector<net::Header> headers) {
    return wait(net::WebSocket::connect(tls_, url, std::move(headers)));
}

Result<std::string> Simulated::read(net::WebSocket& socket) {
    auto const frame = wait(socket.read());
    if (!frame) return frame.error();
    return std::string{*frame};
}

void Simulated::write(net::WebSocket& socket, std::string text) {
    auto const sent = wait(socket.write(std::move(text)));
    if (!sent) throw std::runtime_error(sent.error().text);
}

}  // namespace arb::test
