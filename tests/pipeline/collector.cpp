#include "pipeline/collector.hpp"

#include <signal.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <stdexcept>

namespace json = boost::json;

namespace arb::test {
namespace {

constexpr char const* program = ARBITRAGE_BINARY_DIR "/bin/arbitrage";

std::string key(char const* name, std::string const& value) {
    return "    " + std::string{name} + ": \"" + value + "\"\n";
}

// The object of an instance in a status, or nothing.
json::object const* find(json::object const& status, std::string const& name) {
    auto const* const instances = status.if_contains("instances");
    if (instances == nullptr) return nullptr;
    for (auto const& value : instances->as_array())
        if (value.as_object().at("instance").as_string() == name) return &value.as_object();
    return nullptr;
}

}  // namespace

std::string kalshi_yaml(Simulated const& simulated, std::string const& more) {
    return "  kalshi:\n" + key("rest_url", simulated.endpoint("kalshi", "rest_url")) +
           key("websocket_url", simulated.endpoint("kalshi", "websocket_url")) +
           key("ca_file", simulated.endpoint("ca_file")) +
           key("key_id", simulated.endpoint("kalshi", "key_id")) +
           key("key_file", simulated.endpoint("kalshi", "key_file")) +
           "    catalogue_every: 1s\n    record: [quotes, trades, books]\n" + more;
}

std::string polymarket_yaml(Simulated const& simulated, std::string const& more) {
    return "  polymarket:\n" + key("gamma_url", simulated.endpoint("polymarket", "gamma_url")) +
           key("clob_url", simulated.endpoint("polymarket", "clob_url")) +
           key("data_url", simulated.endpoint("polymarket", "data_url")) +
           key("websocket_url", simulated.endpoint("polymarket", "websocket_url")) +
           key("ca_file", simulated.endpoint("ca_file")) +
           "    catalogue_every: 1s\n    record: [quotes, trades, books]\n" + more;
}

std::string venue_yaml(Simulated const& simulated, std::string const& more) {
    return "venues:\n" + kalshi_yaml(simulated, more) + polymarket_yaml(simulated, more);
}

Collector::Collector(TemporaryDirectory const& directory, std::string const& instances,
                     std::string const& queue)
    : directory_{directory},
      pipeline_{directory.write(
          "pipeline.yaml",
          "queue: {" +
              (queue.empty() ? "directory: \"" + directory / "queue" + "\", size_max: 512MiB" : queue) +
              "}\nservice: {socket: \"" + directory / "s" + "\"}\n" + instances)} {}

void Collector::start(std::map<std::string, std::string> const& environment) {
    if (process_ != nullptr && !process_->running()) past_log_ += process_->errors();
    process_ = std::make_unique<Process>(
        Command{{program, "run", "-p", pipeline_}, environment, directory_.path().string()},
        directory_.path() / ("run-" + std::to_string(++starts_)));
}

std::optional<int> Collector::ended(std::chrono::milliseconds within) { return process_->wait(within); }

void Collector::kill() {
    process_->signal(SIGKILL);
    process_->wait(5s);
}

int Collector::stop(std::chrono::milliseconds within) {
    process_->signal(SIGTERM);
    return process_->wait(within).value_or(-1);
}

json::object Collector::status() {
    auto const answer = run({"status", "--format", "json"}, 5s);
    if (answer.code != 0) return {};
    boost::system::error_code failed;
    auto const value = json::parse(answer.out, failed);
    return failed || !value.is_object() ? json::object{} : value.as_object();
}

bool Collector::ready() {
    auto const said = status();
    return said.contains("ready") && said.at("ready").as_bool();
}

void Collector::await_ready(std::chrono::milliseconds within) {
    if (!eventually(within, [&] { return ready(); }))
        throw std::runtime_error("not ready: " + json::serialize(status()) + "\n" + log());
}

std::string Collector::state(std::string const& instance) {
    auto const said = status();
    auto const* const found = find(said, instance);
    return found == nullptr ? "" : std::string{found->at("state").as_string()};
}

std::string Collector::sentence(std::string const& instance) {
    auto const said = status();
    auto const* const found = find(said, instance);
    return found == nullptr ? "" : std::string{found->at("sentence").as_string()};
}

std::int64_t Collector::counter(std::string const& instance, std::string const& name) {
    auto const said = status();
    auto const* const found = find(said, instance);
    if (found == nullptr) return 0;
    auto const* const value = found->at("counters").as_object().if_contains(name);
    return value == nullptr || !value->is_number() ? 0 : value->to_number<std::int64_t>();
}

bool Collector::balanced() {
    auto const said = status();
    return said.contains("balance") && said.at("balance").as_object().at("holds").as_bool();
}

bool Collector::drained() {
    auto const said = status();
    if (!said.contains("balance")) return false;
    auto const& balance = said.at("balance").as_object();
    if (!balance.at("holds").as_bool()) return false;
    for (auto const& sink : balance.at("sinks").as_array())
        if (sink.as_object().at("queued").to_number<std::int64_t>() != 0) return false;
    return true;
}

std::string Collector::log() { return past_log_ + (process_ != nullptr ? process_->errors() : ""); }

Finished Collector::run(std::vector<std::string> const& words, std::chrono::milliseconds within) const {
    std::vector<std::string> command{program};
    command.insert(command.end(), words.begin(), words.end());
    command.insert(command.end(), {"-p", pipeline_});
    return test::run({command, {}, directory_.path().string()}, within);
}

}  // namespace arb::test
