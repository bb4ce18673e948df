// The scanner: tells every sink which markets a person paired. What it reads of the queue it only
// acknowledges.
#include <boost/json.hpp>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "arbitrage/export.hpp"
#include "sinks/scanner/options.hpp"
#include "sinks/scanner/pairs.hpp"

namespace arb::scanner {

class Scanner final : public Sink, public Commands {
  public:
    Scanner(Host host, Options const& options) : host_{host}, settings_{read_settings(options)} {
        version_ = version_of(settings_.pairs_file);
        auto pairs = read_pairs(host_, settings_.pairs_file);
        if (pairs.has_error()) throw ConfigurationError{"/pairs_file", pairs.error().text};
        pairs_ = std::move(pairs.value());
    }
    ~Scanner() override {
        stop();
        if (pusher_.joinable()) pusher_.join();
    }

    Result<Position> start(std::span<std::uint8_t const, 16> /*journal*/) override {
        // On a thread of its own: a push waits while the queue is full, and the queue may be full because
        // this very sink has not read yet.
        if (!pusher_.joinable()) {
            report_live();
            pusher_ = std::thread{[this] { follow_file(); }};
        }
        return Position{0, 0};
    }

    Result<std::uint32_t> write(Batch const&) override { return 0u; }

    void stop() noexcept override {
        {
            std::lock_guard const lock{mutex_};
            ending_ = true;
        }
        wake_.notify_all();
    }

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
    // How often the file is looked at: a person who saved it sees the effect at once, and a stat costs
    // nothing.
    static constexpr std::chrono::milliseconds look_every{500};

    void report_live() const {
        host_.report(ARB_STATE_LIVE, std::to_string(pairs_.size()) +
                                         (pairs_.size() == 1 ? " accepted pair in " : " accepted pairs in ") +
                                         settings_.pairs_file);
    }

    // Pushes the pairs, and again what changed whenever the file did.
    void follow_file() noexcept try {
        Packets packets;
        for (auto const& pair : pairs_)
            if (!add(packets, pair, ARB_PAIR_ACCEPTED)) return;
        if (!push(packets)) return;
        while (wait()) {
            auto const version = version_of(settings_.pairs_file);
            if (version == version_) continue;
            version_ = version;
            if (!read_again()) return;
        }
    } catch (std::exception const& wrong) {
        host_.error("the accepted pairs could not be pushed: " + std::string{wrong.what()});
    }

    // False once it is time to end.
    bool wait() {
        std::unique_lock lock{mutex_};
        return !wake_.wait_for(lock, look_every, [&] { return ending_; });
    }

    // A file that is wrong changes nothing: the pairs of before stay accepted. False if the queue is closed.
    bool read_again() {
        auto read = read_pairs(host_, settings_.pairs_file);
        if (read.has_error()) {
            host_.report(ARB_STATE_DEGRADED,
                         "the pairs file was changed and cannot be used, so the pairs of "
                         "before stay: " +
                             read.error().text);
            return true;
        }
        std::map<std::string_view, Pair const*> old;
        for (auto const& pair : pairs_) old.emplace(pair.id, &pair);
        Packets packets;
        for (auto const& pair : read.value()) {
            auto const found = old.find(pair.id);
            bool const same = found != old.end() && *found->second == pair;
            if (found != old.end()) old.erase(found);
            if (!same && !add(packets, pair, ARB_PAIR_ACCEPTED)) return false;
        }
        // What nobody accepts any more is compared no more.
        for (auto const& gone : old)
            if (!add(packets, *gone.second, ARB_PAIR_SUSPENDED)) return false;
        if (!push(packets)) return false;
        pairs_ = std::move(read.value());
        report_live();
        return true;
    }

    bool add(Packets& packets, Pair const& pair, int status) const {
        boost::json::object evidence{{"file", settings_.pairs_file}};
        if (!pair.note.empty()) evidence["note"] = pair.note;
        {
            auto packet = packets.add<arb_pair>("scanner", host_.now());
            packet->relation = pair.relation;
            packet->status = status;
            packet.text(&arb_pair::pair_id, pair.id);
            packet.text(&arb_pair::venue_a, pair.a.venue);
            packet.text(&arb_pair::market_id_a, pair.a.market);
            packet.text(&arb_pair::venue_b, pair.b.venue);
            packet.text(&arb_pair::market_id_b, pair.b.market);
            packet.text(&arb_pair::evidence, boost::json::serialize(evidence));
        }
        return packets.count() < batch_packets_max || push(packets);
    }

    bool push(Packets& packets) const {
        auto const pushed = host_.push(packets);
        if (pushed.has_value()) return true;
        if (pushed.error().status != ARB_CLOSED)
            host_.error("pairs were not accepted: " + pushed.error().text);
        return false;
    }

    // Constant after construction.
    Host const host_;
    Settings const settings_;
    // The constructor's, then the pusher's; commands run on a scanner that is not started.
    FileVersion version_;
    std::vector<Pair> pairs_;
    // Protected by mutex_.
    std::mutex mutex_;
    std::condition_variable wake_;
    bool ending_ = false;
    // The instance's thread makes it, the control thread ends it; never at the same time.
    std::thread pusher_;
};

}  // namespace arb::scanner

ARB_EXPORT_SINK(arb::scanner::Scanner, arb::scanner::manifest)
