#include "simulator/simulator.hpp"

#include <sys/stat.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace arb::simulator {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto tick_every = 2ms;               // fine enough that frames do not come in bunches
constexpr std::int64_t heartbeat_ms = 10'000;  // Kalshi's
constexpr std::int64_t watch_ms = 1'000;
constexpr double owed_max_s = 0.5;     // after a stall not more of the lost time is made up for
constexpr unsigned steps_max = 2'000;  // a tick; a world where nothing can happen must not hang the loop
constexpr auto work_max = 1500us;      // of a tick
constexpr unsigned steps_a_look = 16;  // at the clock
constexpr double story_seconds = 60;   // of a run without an end
constexpr double forever_s = 1e9;      // a fault that is switched off by hand
constexpr char const* kalshi_key_id = "5ca1ab1e-0000-4000-8000-000000000001";
constexpr char const* rest_prefix = "/trade-api/v2";

void write_file(fs::path const& file, std::string const& text, mode_t mode = 0644) {
    auto const temporary = file.string() + ".new";
    std::ofstream out{temporary, std::ios::binary | std::ios::trunc};
    chmod(temporary.c_str(), mode);
    out << text;
    out.close();
    if (!out) throw std::runtime_error("cannot write " + temporary);
    fs::rename(temporary, file);
}

fs::path prepared(std::string const& directory) {
    fs::create_directories(directory);
    fs::remove(fs::path{directory} / "endpoints.json");
    return fs::absolute(directory);
}

}  // namespace

Simulator::Simulator(boost::asio::io_context& context, Settings settings)
    : context_{context},
      settings_{std::move(settings)},
      certificate_{make_server_certificate()},
      world_{settings_},
      ledger_{(prepared(settings_.directory) / "ledger.jsonl").string()},
      kalshi_{world_, ledger_, report_, faults_, key_, kalshi_key_id},
      polymarket_{world_, ledger_, report_, faults_},
      flood_{world_, settings_},
      server_{std::make_unique<Server>(context, certificate_, settings_.port, *this)},
      timer_{context},
      heartbeat_ms_{now_ms()},
      rate_{settings_.rate},
      usual_rate_{settings_.rate} {
    load_replay();
    if (settings_.flood != 0) kalshi_.flood(flood_);
    write_files();
    if (!settings_.quiet_start) start();
    tick();
}

void Simulator::load_replay() {
    if (settings_.replay.empty()) return;
    std::ifstream in{settings_.replay};
    if (!in) throw std::runtime_error("cannot read " + settings_.replay);
    bool kalshi = false;
    for (std::string line; std::getline(in, line);) {
        auto const value = boost::json::parse(line);
        auto const& object = value.as_object();
        auto const* const raw = object.if_contains("raw");
        auto const* const text = object.if_contains("text");
        auto const* const kind = object.if_contains("kind");
        kalshi = kalshi || raw != nullptr;
        if (kind != nullptr && kind->as_string() != "recv") continue;
        if (raw != nullptr)
            replay_.emplace_back(raw->as_string());
        else if (text != nullptr)
            replay_.emplace_back(text->as_string());
    }
    if (kalshi)
        kalshi_.replay(&replay_);
    else
        polymarket_.replay(&replay_);
}

void Simulator::write_files() {
    auto const directory = fs::absolute(settings_.directory);
    auto const file = [&](char const* name) { return (directory / name).string(); };
    write_file(file("ca.pem"), certificate_.ca_pem);
    write_file(file("kalshi_key.pem"), key_.private_pem(), 0600);
    write_file(file("kalshi_key_id"), kalshi_key_id);
    auto const& account = polymarket_.api_key();
    write_file(file("polymarket_secret"), account.secret, 0600);
    write_file(file("polymarket_passphrase"), account.passphrase, 0600);

    std::string pairs = "# Markets of both venues that ask the same question of this world.\npairs:\n";
    for (auto const& pair : world_.pairs())
        pairs += "  - a: {venue: kalshi, market: \"" + world_.markets()[pair.kalshi].id +
                 "\"}\n    b: {venue: polymarket, market: \"" + world_.markets()[pair.polymarket].id +
                 "\"}\n    relation: " + (pair.inverse ? "inverse" : "same") + "\n";
    write_file(file("pairs.yaml"), world_.pairs().empty() ? "pairs: []\n" : pairs);

    auto const host = "127.0.0.1:" + std::to_string(server_->port());
    auto const https = "https://" + host, wss = "wss://" + host;
    auto const entry = [](char const* name, std::string const& value) {
        return "\"" + std::string{name} + "\": " + json_text(value);
    };
    // A key a line, for people and for sed. Last, and by renaming: whoever sees this file may begin.
    write_file(
        file("endpoints.json"),
        "{\n" +
            joined({entry("url", https), entry("websocket_url", wss),
                    entry("control_url", https + "/control"), entry("ca_file", file("ca.pem")),
                    entry("pairs_file", file("pairs.yaml")), entry("ledger_file", file("ledger.jsonl")),
                    "\"kalshi\": {\n" + entry("rest_url", https + rest_prefix),
                    entry("websocket_url", wss + "/trade-api/ws/v2"), entry("key_id", kalshi_key_id),
                    entry("key_file", file("kalshi_key.pem")) + "}",
                    "\"polymarket\": {\n" + entry("gamma_url", https + "/gamma"),
                    entry("clob_url", https + "/clob"), entry("data_url", https + "/data"),
                    entry("websocket_url", wss + "/ws/market"), entry("address", account.address),
                    entry("api_key", account.key), entry("api_secret_file", file("polymarket_secret")),
                    entry("api_passphrase_file", file("polymarket_passphrase")) + "}"},
                   ",\n") +
            "\n}\n");
}

HttpResponse Simulator::handle(HttpRequest const& request) {
    if (request.path.starts_with("/control/")) return control(request, request.path.substr(9));
    bool const kalshi = request.path.starts_with(rest_prefix);
    auto answer = kalshi ? kalshi_.handle(request, request.path.substr(std::string_view{rest_prefix}.size()))
                         : polymarket_.handle(request, request.path);
    if (!faults_.idle())
        faults_.drift_answer(kalshi ? Venue::kalshi : Venue::polymarket, request.path, answer.body);
    return answer;
}

std::variant<HttpResponse, Upgrade> Simulator::upgrade(HttpRequest const& request) {
    return request.path.starts_with("/trade-api") ? kalshi_.upgrade(request) : polymarket_.upgrade(request);
}

HttpResponse Simulator::control(HttpRequest const& request, std::string const& path) {
    if (path == "start")
        start();
    else if (path == "quiet")
        finish();
    else if (path == "report")
        return {200, report_.json()};
    else if (path == "ledger")
        return ledger_.flush(), HttpResponse{200, ledger_.totals()};
    else if (path == "rate")
        change_rate(request);
    else if (path == "exchange")
        change_exchange(request);
    else if (path == "fault")
        return fault(request);
    else if (path != "status")
        return {404, "{}\n"};
    return {200, status()};
}

HttpResponse Simulator::fault(HttpRequest const& request) {
    auto const kind = request.parameter("kind"), venue_name = request.parameter("venue", "all");
    bool const off = request.has("off");
    if (!Faults::known(kind) && !(off && kind.empty())) return {400, R"({"error":"unknown kind"})"};
    if (venue_name != "all" && venue_name != "kalshi" && venue_name != "polymarket")
        return {400, R"({"error":"unknown venue"})"};
    if (kind.starts_with("drift_") && !off && (!request.has("message") || !request.has("field")))
        return {400, R"({"error":"drift needs message and field"})"};
    if (kind == "silent_market" && !off && !request.has("market"))
        return {400, R"({"error":"silent_market needs market"})"};
    for (auto const venue : {Venue::kalshi, Venue::polymarket}) {
        if (venue_name != "all" && venue_name != name_of(venue)) continue;
        if (off) {
            faults_.stop(kind, venue);
            ledger_.fault_stopped(kind, venue);
            continue;
        }
        // "open": those that are open now, so that whoever connects anew is served well.
        auto const which = request.parameter("connection", "0");
        std::vector<unsigned> numbers{static_cast<unsigned>(std::strtoul(which.c_str(), nullptr, 10))};
        if (which == "open")
            numbers =
                venue == Venue::kalshi ? kalshi_.connection_numbers() : polymarket_.connection_numbers();
        for (auto const number : numbers) order(request, venue, number);
    }
    return {200, status()};
}

// "rate=0" is silence; "rate=20000&seconds=10" a burst, after which it is as before.
void Simulator::change_rate(HttpRequest const& request) {
    rate_ = std::strtod(request.parameter("rate", "0").c_str(), nullptr);
    auto const seconds = std::strtod(request.parameter("seconds", "0").c_str(), nullptr);
    if (seconds > 0)
        rate_until_ms_ = now_ms() + static_cast<std::int64_t>(seconds * 1000);
    else
        usual_rate_ = rate_;
}

// Kalshi says that it is closed ("active=0"), or that it will be maintained between so many seconds from now.
void Simulator::change_exchange(HttpRequest const& request) {
    auto const ms = [&](char const* name) {
        if (!request.has(name)) return std::int64_t{0};
        return now_ms() +
               static_cast<std::int64_t>(std::strtod(request.parameter(name).c_str(), nullptr) * 1000);
    };
    kalshi_.exchange(request.parameter("active", "1") != "0", ms("from"), ms("to"));
}

void Simulator::order(HttpRequest const& request, Venue venue, unsigned connection) {
    Fault fault{request.parameter("kind"), venue, connection, request.parameter("market")};
    fault.message = request.parameter("message");
    fault.field = request.parameter("field");
    fault.every = request.has("every");
    auto const seconds =
        request.has("on") ? forever_s : std::strtod(request.parameter("seconds", "0").c_str(), nullptr);
    fault.until_ms = now_ms() + static_cast<std::int64_t>(seconds * 1000);
    fault.retry_after_s =
        static_cast<unsigned>(std::strtoul(request.parameter("retry_after", "1").c_str(), nullptr, 10));
    faults_.start(fault);
    ledger_.fault(fault);
    bool const reset = fault.kind == "reset";
    if (!reset && fault.kind != "cut") return;
    if (venue == Venue::kalshi)
        kalshi_.cut(connection, reset);
    else
        polymarket_.cut(connection, reset);
}

std::string Simulator::status() {
    auto const numbers = [](std::vector<unsigned> const& of) {
        std::vector<std::string> out;
        for (auto const number : of) out.push_back(std::to_string(number));
        return '[' + joined(out) + ']';
    };
    auto const kalshi = kalshi_.connection_numbers(), polymarket = polymarket_.connection_numbers();
    std::size_t tradable[2] = {};
    for (auto const& market : world_.markets())
        if (market.trades() && !market.combo) ++tradable[static_cast<int>(market.venue)];
    auto const each = [](std::size_t k, std::size_t p) {
        return R"({"kalshi":)" + std::to_string(k) + R"(,"polymarket":)" + std::to_string(p) + '}';
    };
    auto const processor_seconds = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
    return R"({"trading":)" + std::string{boolean(trading_)} + R"(,"frames":)" + std::to_string(frames_) +
           R"(,"processor_seconds":)" + std::to_string(processor_seconds) + R"(,"kalshi_connections":)" +
           std::to_string(kalshi.size()) + R"(,"polymarket_connections":)" +
           std::to_string(polymarket.size()) + R"(,"connections":{"kalshi":)" + numbers(kalshi) +
           R"(,"polymarket":)" + numbers(polymarket) + R"(},"subscribed":)" +
           each(kalshi_.subscribed(), polymarket_.subscribed()) + R"(,"tradable":)" +
           each(tradable[0], tradable[1]) + R"(,"faults":)" + faults_.json() + "}\n";
}

void Simulator::start() {
    if (begun_ms_ != 0) return;
    begun_ms_ = ticked_ms_ = now_ms();
    if (settings_.flood != 0) {
        flood_.begun = true;
        kalshi_.flood(flood_);
        return;
    }
    trading_ = settings_.replay.empty();
    if (trading_) ledger_.opening(world_);
}

void Simulator::finish() {
    if (begun_ms_ == 0) start();
    trading_ = false;
    ledger_.finish(world_);
}

// How much of the run, or of one telling of the story if it has no end, is over.
double Simulator::share_done() const {
    if (settings_.frames != 0) return static_cast<double>(frames_) / static_cast<double>(settings_.frames);
    auto const run = static_cast<double>(now_ms() - begun_ms_) / 1000;
    return run / (settings_.endless() ? story_seconds : settings_.seconds);
}

void Simulator::trade_for(double seconds) {
    if (rate_until_ms_ != 0 && now_ms() >= rate_until_ms_) {
        rate_ = usual_rate_;
        rate_until_ms_ = 0;
    }
    if (rate_ <= 0 && settings_.rate > 0) {  // silence was asked for
        owed_ = 0;
        return;
    }
    owed_ = std::min(owed_ + seconds * rate_, owed_max_s * std::max(rate_, settings_.rate));
    frames_ += world_.turn(now_ms());
    // What was made must also leave: a tick that goes on and on would let frames pile up on the busiest
    // connection.
    auto const end = std::chrono::steady_clock::now() + work_max;
    for (unsigned steps = 0; owed_ >= 1 && steps != steps_max; ++steps) {
        if (steps % steps_a_look == 0 && std::chrono::steady_clock::now() > end) break;
        auto const frames = world_.step();
        owed_ -= frames;
        frames_ += frames;
    }
    auto const share = share_done();
    frames_ += world_.live(share);
    // After a stall the story is told to its end before the run is over.
    if (!settings_.endless() && share >= 1 && world_.story_told()) finish();
}

void Simulator::tick() {
    auto const now = now_ms();
    if (trading_) trade_for(static_cast<double>(now - ticked_ms_) / 1000);
    ticked_ms_ = now;
    kalshi_.settle();
    polymarket_.settle();
    if (now - heartbeat_ms_ >= heartbeat_ms) {
        heartbeat_ms_ = now;
        kalshi_.heartbeat();
    }
    if (now - watched_ms_ >= watch_ms) {
        watched_ms_ = now;
        polymarket_.watch();
        ledger_.flush();
    }
    // Who is behind goes on at once, after what was sent meanwhile has left.
    timer_.expires_after(trading_ && owed_ >= 1 ? 0ms : tick_every);
    timer_.async_wait([this](boost::system::error_code error) {
        if (!error) tick();
    });
}

}  // namespace arb::simulator
