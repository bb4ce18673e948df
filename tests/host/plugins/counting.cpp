// A venue for tests of the host: pushes quotes and then does what its options ask for.
#include <condition_variable>
#include <cstring>
#include <mutex>

#include "arbitrage/export.hpp"

namespace {

constexpr char manifest[] = R"json({
  "id": "counting", "version": "1.2.3", "description": "Pushes numbered quotes.",
  "options": {"type": "object", "additionalProperties": false, "properties": {
    "quotes": {"type": "integer", "minimum": 0, "maximum": 1000000, "default": 10, "description": "How many quotes."},
    "then": {"type": "string", "enum": ["wait", "fail", "throw", "malformed", "hang", "end"], "default": "wait", "description": "What to do afterwards."},
    "every": {"type": "string", "format": "duration", "default": "0ms", "description": "A pause between quotes."},
    "room": {"type": "string", "format": "size", "default": "1MiB", "description": "A size."},
    "edge": {"type": "string", "format": "decimal", "default": "0.01", "description": "An amount."},
    "loud": {"type": "boolean", "default": false, "description": "Log every quote."},
    "lines": {"type": "integer", "default": 0, "description": "How many lines to log at the start."},
    "markets": {"type": "integer", "minimum": 0, "default": 0, "description": "How many markets, each pushed first, the quotes are of; 0: each quote is of its own."},
    "counter": {"type": "string", "default": "", "description": "The name of something to count to 7."},
    "drift": {"type": "string", "default": "", "description": "A field to say that it is not known."},
    "refuse": {"type": "string", "default": "", "description": "Refuse this text as wrong."},
    "probe": {"type": "string", "enum": ["good", "away", "wrong"], "default": "good", "description": "What a probe says."},
    "token": {"type": "string", "secret": true, "default": "", "description": "A secret."},
    "select": {"type": "object", "additionalProperties": false, "description": "What to take.", "properties": {
      "series": {"type": "array", "items": {"type": "string"}, "default": [], "description": "Names."},
      "kinds": {"type": "array", "items": {"type": "string", "enum": ["quotes", "trades"]}, "default": ["quotes"], "description": "Kinds."}}}
  }},
  "commands": [
    {"name": "echo", "help": "Gives its options back.", "parameters": {"type": "object", "additionalProperties": false,
      "required": ["text"], "properties": {
      "text": {"type": "string", "description": "A text."},
      "times": {"type": "integer", "minimum": 1, "maximum": 3, "default": 1, "description": "How often."},
      "names": {"type": "array", "items": {"type": "string"}, "description": "Names."},
      "up_side": {"type": "boolean", "default": false, "description": "A switch."}}}},
    {"name": "pairs list", "help": "A command of two words."},
    {"name": "away", "help": "Cannot reach anything."},
    {"name": "find", "help": "Finds nobody.", "parameters": {"type": "object", "additionalProperties": false, "properties": {
      "name": {"type": "string", "default": "", "description": "Of whom."},
      "at": {"type": "string", "format": "instant", "default": "", "description": "When."},
      "limit": {"type": "integer", "minimum": 1, "default": 1, "description": "How many."}}}}
  ]
})json";

class Counting final : public arb::Venue, public arb::Commands, public arb::Probe {
  public:
    Counting(arb::Host host, arb::Options const& options) : host_{host}, options_{options} {
        if (auto const refused = options.text("refuse"); !refused.empty())
            throw arb::ConfigurationError{"/refuse", "cannot read the file " + refused};
    }

    arb::Result<> run() override {
        for (std::int64_t i = 0; i != options_.integer("lines", 0); ++i)
            host_.warning("line " + std::to_string(i));
        if (auto const name = options_.text("counter"); !name.empty()) host_.count(name, 7);
        if (auto const field = options_.text("drift"); !field.empty())
            host_.drift(ARB_DRIFT_UNKNOWN, "ticker", field, "{\"new\": \x1b 1}", 2);
        auto const markets = options_.integer("markets", 0);
        for (std::int64_t i = 0; i != markets; ++i) {
            auto market = packets_.add<arb_market>("counting", host_.now());
            market.text(&arb_market::market_id, "M" + std::to_string(i));
        }
        if (auto const pushed = host_.push(packets_); pushed.has_error()) return pushed;
        for (std::int64_t i = 0; i != options_.integer("quotes", 10); ++i) {
            {
                auto quote = packets_.add<arb_quote>("counting", host_.now());
                quote->bid = 1000 * i;
                quote.text(&arb_quote::market_id, "M" + std::to_string(markets == 0 ? i : i % markets));
            }
            if (auto const pushed = host_.push(packets_); pushed.has_error()) return pushed;
            if (options_.flag("loud", false)) host_.info("pushed\nquote");
            auto const every = options_.duration("every", std::chrono::milliseconds{0});
            if (every.count() != 0 && wait(every)) return {};
        }
        return finish(options_.text("then", "wait"));
    }

    void stop() noexcept override {
        std::lock_guard const lock{mutex_};
        stopped_ = true;
        wake_.notify_all();
    }

    arb::Result<> command(std::string_view name, arb::Options const& parameters,
                          arb::Rows const& row) override {
        if (name == "away") return arb::retry("nobody answers");
        if (name == "find") return find(parameters, row);
        for (std::int64_t i = 0; i != parameters.integer("times", 1); ++i)
            row({{"command", name},
                 {"number", i},
                 {"parameters", boost::json::serialize(parameters.object())}});
        return {};
    }

    arb::Result<> probe() override {
        auto const answer = options_.text("probe", "good");
        if (answer == "away") return arb::retry("127.0.0.1:1 refused the connection");
        if (answer == "wrong") return arb::invalid("/probe", "the service does not know this");
        return {};
    }

  private:
    static arb::Result<> find(arb::Options const& parameters, arb::Rows const& row) {
        if (parameters.text("name").empty()) return arb::invalid("/token", "this needs a token");
        if (parameters.text("name") == "?") return arb::invalid("/name", "\"?\" is no name");
        for (std::int64_t i = 0; i != parameters.integer("limit", 1); ++i)
            row({{"name", parameters.text("name")}});
        return arb::permanent("there is nobody else");
    }

    bool wait(std::chrono::milliseconds time) {
        std::unique_lock lock{mutex_};
        return wake_.wait_for(lock, time, [&] { return stopped_; });
    }

    arb::Result<> finish(std::string const& how) {
        if (how == "fail") return arb::retry("the feed broke");
        if (how == "throw") throw std::runtime_error{"thrown by the test"};
        if (how == "end") return {};
        if (how == "malformed") {
            alignas(8) static constexpr unsigned char noise[64] = {64, 0, 0, 0, 99};
            // Reaches below the C++ face, which is nothing but a pointer to the table, on purpose.
            static_assert(sizeof host_ == sizeof(arb_host const*));
            arb_error error = arb::empty_error();
            arb_host const* host = nullptr;
            std::memcpy(&host, &host_, sizeof host);
            (void)host->queue->push(host->queue->self, noise, sizeof noise, &error);
        }
        std::unique_lock lock{mutex_};
        wake_.wait(lock, [&] { return stopped_ && how != "hang"; });
        return {};
    }

    arb::Host host_;
    arb::Options options_;
    arb::Packets packets_{4096};
    std::mutex mutex_;
    std::condition_variable wake_;
    bool stopped_ = false;
};

}  // namespace

ARB_EXPORT_VENUE(Counting, manifest)
