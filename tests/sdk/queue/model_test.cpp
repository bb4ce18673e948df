// Random sequences of everything that can happen to a queue, checked against a list of numbers. A failure
// prints its seed; ARBITRAGE_QUEUE_SEQUENCES asks for more sequences, ARBITRAGE_QUEUE_SEED for another
// beginning.
#include <cstdlib>

#include "arbitrage/sink.hpp"
#include "queue/journal.hpp"
#include "sdk/queue/memory_files.hpp"
#include "sdk/queue/packets.hpp"
#include "support/catch.hpp"

namespace arb::queue {
namespace {

std::uint64_t from_environment(char const* name, std::uint64_t otherwise) {
    auto const* const text = std::getenv(name);
    return text == nullptr ? otherwise : std::stoull(text);
}

class Sequence {
  public:
    explicit Sequence(std::uint64_t seed) : random_{seed} { open(); }

    void run() {
        for (int step = 0; step != 40; ++step) act();
        end(0);
        open();
    }

  private:
    enum End { closed, killed, power_lost };

    void act() {
        switch (random_() % 11) {
            case 0:
            case 1:
            case 2:
                push();
                break;
            case 3:
            case 4:
                read();
                break;
            case 5:
                reader_->acknowledge(last_read_);
                if (newest_acknowledged_ < last_read_) newest_acknowledged_ = last_read_;
                break;
            case 6:
                work();
                break;
            case 7:
                files_.write_max = random_() % 2 == 0 ? SIZE_MAX : 1 + random_() % 300;
                break;
            case 8:
                fail_once();
                break;
            default:
                end(static_cast<End>(random_() % 3)), open();
                break;
        }
    }

    void push() {
        auto const count = 1 + random_() % 12;
        Packets packets;
        for (std::uint64_t i = 0; i != count; ++i) add_number(packets, next_ + i, random_() % 60);
        auto const pushed = journal_->push(packets.bytes(), [] { return true; });
        // What was refused may lie in the file after a kill, but never while the process lives.
        for (std::uint64_t i = 0; i != count; ++i)
            (pushed.has_value() ? contents_ : refused_).push_back(next_++);
    }

    void read() {
        Limits const limits{1 + random_() % 40, 1 + random_() % 4000};
        auto const batch = reader_->read(limits, std::chrono::milliseconds{0});
        REQUIRE(batch.has_value());
        if (batch->packets.empty()) {
            REQUIRE(at_ == contents_.size());
            return;
        }
        for (auto const* packet : batch->packets) {
            REQUIRE(at_ < contents_.size());
            REQUIRE(number_of(*packet) == contents_[at_++]);
        }
        last_read_ = batch->last;
    }

    void work() {
        journal_->work();
        if (journal_->statistics().failed) return;
        durable_ = contents_.size();
        durably_acknowledged_ = newest_acknowledged_;
    }

    // One call fails; what a pass of syncing that fails half-way made durable, the model does not know.
    void fail_once() {
        using Call = MemoryFiles::Call;
        auto const call = std::array{Call::write, Call::sync, Call::allocate, Call::rename}[random_() % 4];
        auto left = random_() % 4;
        int const error = random_() % 2 == 0 ? -EIO : -ENOSPC;
        files_.fault = [=](Call made, std::string const& path) mutable {
            if (made != call || path.find("ack-") != std::string::npos) return 0;
            return left-- == 0 ? error : 0;
        };
        push();
        journal_->work();
        files_.fault = {};
    }

    void end(int how) {
        files_.write_max = SIZE_MAX;
        bool const in_order = how == closed && journal_->close().has_value();
        if (in_order) {
            durable_ = contents_.size();
            durably_acknowledged_ = newest_acknowledged_;
        }
        reader_.reset();
        journal_.reset();
        if (how == power_lost) {
            files_.lose_power(random_);
        } else {
            files_.kill();
            durable_ = contents_.size();
        }
    }

    void open() {
        Settings settings;
        settings.directory = "/queue";
        settings.segment_size = 8192;
        settings.free_min = 0;
        settings.tail_size = 4096;
        Recovery report;
        auto opened = open_journal(settings, report, files_, false);
        if (opened.has_error()) FAIL(opened.error().text);
        journal_ = std::move(*opened);
        // This one never acknowledges, so it sees everything there is.
        auto const all = journal_->reader("everything");
        std::vector<arb_position> positions;
        std::vector<std::uint64_t> found;
        for (;;) {
            auto const batch = all->read({}, std::chrono::milliseconds{0});
            REQUIRE(batch.has_value());
            if (batch->packets.empty()) break;
            for (auto const* packet : batch->packets) {
                positions.push_back({batch->last.incarnation, packet->position});
                found.push_back(number_of(*packet));
                if (positions.size() > 1) REQUIRE((positions[positions.size() - 2] < positions.back()));
            }
        }
        compare(found);
        reader_ = journal_->reader("sink");
        auto const acknowledged = reader_->acknowledged();
        REQUIRE(!(acknowledged < durably_acknowledged_));
        REQUIRE(!(newest_acknowledged_ < acknowledged));
        at_ = static_cast<std::size_t>(
            std::count_if(positions.begin(), positions.end(), [&](auto p) { return !(acknowledged < p); }));
        REQUIRE(reader_->lag_packets() == contents_.size() - at_);
        last_read_ = newest_acknowledged_ = durably_acknowledged_ = acknowledged;
    }

    // In the order they were pushed, once each, nothing durable missing, and nothing that was never pushed.
    void compare(std::vector<std::uint64_t> const& found) {
        REQUIRE(std::is_sorted(found.begin(), found.end(), std::less_equal<>{}));
        for (std::size_t i = 0; i != durable_; ++i) {
            INFO("packet " << contents_[i]);
            REQUIRE(std::binary_search(found.begin(), found.end(), contents_[i]));
        }
        for (auto const number : found) {
            INFO("packet " << number);
            REQUIRE((std::binary_search(contents_.begin(), contents_.end(), number) ||
                     std::binary_search(refused_.begin(), refused_.end(), number)));
        }
        contents_ = found;
        durable_ = contents_.size();
    }

    MemoryFiles files_;
    std::mt19937_64 random_;
    std::unique_ptr<Journal> journal_;
    std::unique_ptr<Reader> reader_;
    std::uint64_t next_ = 1;
    std::vector<std::uint64_t> contents_;  // what the queue holds
    std::vector<std::uint64_t> refused_;   // what it did not accept
    std::size_t durable_ = 0;              // of contents_: what no power loss may take
    std::size_t at_ = 0;                   // of contents_: what the sink reads next
    arb_position last_read_{};
    arb_position newest_acknowledged_{};
    arb_position durably_acknowledged_{};
};

TEST_CASE("whatever happens, what was accepted is read once and in order") {
    auto const first = from_environment("ARBITRAGE_QUEUE_SEED", 1);
    auto const count = from_environment("ARBITRAGE_QUEUE_SEQUENCES", 200);
    for (auto seed = first; seed != first + count; ++seed) {
        INFO("ARBITRAGE_QUEUE_SEED=" << seed << " ARBITRAGE_QUEUE_SEQUENCES=1");
        Sequence{seed}.run();
    }
}

}  // namespace
}  // namespace arb::queue
