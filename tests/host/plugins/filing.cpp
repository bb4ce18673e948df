// A sink for tests of the host: appends a line a packet to a file, after failing as often as its options ask
// for.
#include <fstream>

#include "arbitrage/export.hpp"
#include "arbitrage/packet.hpp"

namespace {

constexpr char manifest[] = R"json({
  "id": "filing", "version": "1.0.0", "description": "Appends a line for every packet to a file.",
  "options": {"type": "object", "additionalProperties": false, "required": ["file"], "properties": {
    "file": {"type": "string", "description": "Where to."},
    "starts_failing": {"type": "integer", "default": 0, "description": "How often start fails."},
    "writes_failing": {"type": "integer", "default": 0, "description": "How often write fails."},
    "held": {"type": "boolean", "default": false, "description": "Whether it waits for a person."},
    "throws": {"type": "boolean", "default": false, "description": "Whether write throws."},
    "dead": {"type": "boolean", "default": false, "description": "Whether every first packet of a batch is a dead letter."}
  }},
  "bytes_per_row": {"quote": 100, "market": 1000},
  "commands": [{"name": "rows", "help": "Rows of the file.", "parameters": {"type": "object", "properties": {}}}]
})json";

class Filing final : public arb::Sink, public arb::Commands {
  public:
    Filing(arb::Host host, arb::Options const& options)
        : host_{host},
          options_{options},
          starts_{options.integer("starts_failing", 0)},
          writes_{options.integer("writes_failing", 0)} {}

    arb::Result<arb::Position> start(std::span<std::uint8_t const, 16>) override {
        if (options_.flag("held", false)) return arb::permanent("the file's owner is another");
        if (starts_-- > 0) return arb::retry("the disk is busy");
        out_.open(options_.text("file"), std::ios::app);
        if (!out_) return arb::retry("the file cannot be opened");
        return arb::Position{0, 0};
    }

    arb::Result<std::uint32_t> write(arb::Batch const& batch) override {
        if (options_.flag("throws", false)) throw std::runtime_error{"thrown by the test"};
        if (writes_-- > 0) return arb::retry("the disk is slow");
        for (auto const* const packet : arb::packets(batch)) {
            out_ << arb::kind_names[packet->kind] << ' ' << packet->position;
            if (auto const* const quote = arb::as<arb_quote>(*packet))
                out_ << ' ' << arb::text(*packet, quote->market_id);
            if (auto const* const gap = arb::as<arb_gap>(*packet))
                out_ << ' ' << arb::text(*packet, gap->reason);
            if (auto const* const custom = arb::as<arb_custom>(*packet))
                out_ << ' ' << arb::text(*packet, custom->topic) << ' ' << arb::text(*packet, custom->body);
            out_ << '\n';
        }
        out_.flush();
        return options_.flag("dead", false) ? 1u : 0u;
    }

    arb::Result<> command(std::string_view, arb::Options const&, arb::Rows const& row) override {
        row({{"file", options_.text("file")}});
        return {};
    }

  private:
    arb::Host host_;
    arb::Options options_;
    std::int64_t starts_, writes_;
    std::ofstream out_;
};

}  // namespace

ARB_EXPORT_SINK(Filing, manifest)
