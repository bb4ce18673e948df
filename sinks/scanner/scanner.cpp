// The scanner: tells every sink which markets a person paired. What it reads of the queue it only
// acknowledges.
#include <boost/json.hpp>
#include <thread>

#include "arbitrage/export.hpp"
#include "sinks/scanner/options.hpp"
#include "sinks/scanner/pairs.hpp"

namespace arb::scanner {

class Scanner final : public Sink, public Commands {
  public:
    Scanner(Host host, Options const& options) : host_{host}, settings_{read_settings(options)} {
        auto pairs = read_pairs(host_, settings_.pairs_file);
        if (pairs.has_error()) throw ConfigurationError{"/pairs_file", pairs.error().text};
        pairs_ = std::move(pairs.value());
    }
    ~Scanner() override {
        if (pusher_.joinable()) pusher_.join();
    }

    Result<Position> start(std::span<std::uint8_t const, 16> /*journal*/) override {
        auto const count = std::to_string(pairs_.size());
        host_.report(ARB_STATE_LIVE, count + (pairs_.size() == 1 ? " accepted pair" : " accepted pairs"));
        if (!pusher_.joinable()) {
            host_.info(count + " accepted pairs in " + settings_.pairs_file);
            // On a thread of its own: a push waits while the queue is full, and the queue may be full because
            // this very sink has not read yet.
            pusher_ = std::thread{[this] { push_pairs(); }};
        }
        return Position{0, 0};
    }

    Result<std::uint32_t> write(Batch const&) override { return 0u; }

    Result<> command(std::string_view name, Options const&, Rows const& row) override {
        if (name != "pairs list") return permanent("the scanner has no command " + std::string{name});
        for (auto const& pair : pairs_) {
            boost::json::object out{
                {"pair_id", pair.id},           {"venue_a", pair.a.venue},
                {"market_id_a", pair.a.market}, {"venue_b", pair.b.venue},
                {"market_id_b", pair.b.market}, {"relation", relation_word(pair.relation)},
                {"status", "accepted"},         {"note", pair.note}};
            if (!row(out)) break;
        }
        return {};
    }

  private:
    // A batch of 64 is one short push; a file of 100,000 pairs never waits as one large piece.
    static constexpr std::size_t batch_packets_max = 64;

    void push_pairs() noexcept try {
        Packets packets;
        for (auto const& pair : pairs_) {
            add(packets, pair);
            if (packets.count() >= batch_packets_max && !push(packets)) return;
        }
        push(packets);
    } catch (std::exception const& wrong) {
        host_.error("the accepted pairs could not be pushed: " + std::string{wrong.what()});
    }

    bool push(Packets& packets) const {
        auto const pushed = host_.push(packets);
        if (pushed.has_value()) return true;
        if (pushed.error().status != ARB_CLOSED)
            host_.error("pairs were not accepted: " + pushed.error().text);
        return false;
    }

    void add(Packets& packets, Pair const& pair) const {
        boost::json::object evidence{{"file", settings_.pairs_file}};
        if (!pair.note.empty()) evidence["note"] = pair.note;
        auto packet = packets.add<arb_pair>("scanner", host_.now());
        packet->relation = pair.relation;
        packet->status = ARB_PAIR_ACCEPTED;
        packet.text(&arb_pair::pair_id, pair.id);
        packet.text(&arb_pair::venue_a, pair.a.venue);
        packet.text(&arb_pair::market_id_a, pair.a.market);
        packet.text(&arb_pair::venue_b, pair.b.venue);
        packet.text(&arb_pair::market_id_b, pair.b.market);
        packet.text(&arb_pair::evidence, boost::json::serialize(evidence));
    }

    // Constant after construction.
    Host const host_;
    Settings const settings_;
    std::vector<Pair> pairs_;
    // The instance's thread makes it, the control thread ends it; never at the same time.
    std::thread pusher_;
};

}  // namespace arb::scanner

ARB_EXPORT_SINK(arb::scanner::Scanner, arb::scanner::manifest)
