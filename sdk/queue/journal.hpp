// The queue as it runs: one journal of segments, its tail in memory, a thread that makes it durable, and the
// places of its readers. journal.cpp opens, appends and closes; shelf.cpp makes and deletes segments;
// keeper.cpp syncs.
//
// Locks, in the order they are taken: sync_mutex_, append_mutex_, marks_mutex_, spare_mutex_, state_mutex_;
// then those of the tail and of waiting readers, which are leaves.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "queue/recovery.hpp"
#include "queue/scanner.hpp"
#include "queue/tail.hpp"

namespace arb::queue {

using Clock = std::chrono::steady_clock;

// A sink's place; a tap has one too, without a file. Everything but `interrupted` is under state_mutex_.
struct Place {
    std::string name;
    std::unique_ptr<SlotFile> file;  // under marks_mutex_
    std::uint64_t next = 1;          // the packet to be read next
    std::uint64_t acknowledged = 0;  // everything up to here is stored
    arb_position position{};         // the same, as the sink said it
    std::uint64_t on_disk = 0;       // `acknowledged`, as the file durably says
    bool changed = false;            // since the file was written
    std::uint64_t skipped = 0;       // packets that were gone before they were read
    Ranges skips;                    // their numbers, beyond `acknowledged`
    std::atomic<bool> interrupted = false;
};

class Journal final : public Queue {
  public:
    // `background`: whether a thread does what `work` does; without it the caller does.
    Journal(Settings settings, Files& files, Recovered recovered, bool background);
    ~Journal() override;

    Result<> push(std::span<std::byte const> packets, std::function<bool()> const& give_up,
                  unsigned percent_max = 100) override;
    std::unique_ptr<Reader> reader(std::string const& sink) override;
    Result<> forget(std::string const& sink) override;
    std::vector<std::string> sinks() const override;
    std::unique_ptr<Reader> tap() override;
    std::span<std::uint8_t const, 16> journal() const override { return journal_; }
    Statistics statistics() const override;
    unsigned percent_full() const override;
    Result<> close() override;

    // Makes what was pushed durable, stores acknowledgements, deletes what nobody needs, prepares the next
    // segment.
    void work();

  private:
    friend class JournalReader;

    // journal.cpp
    Result<> make_room(std::unique_lock<std::mutex>& append, std::uint64_t bytes, unsigned percent_max,
                       std::function<bool()> const& give_up);
    void encode(std::span<std::byte const> packets, std::uint64_t sequence);
    Result<> append(std::span<std::byte const> packets, std::uint64_t bytes, std::uint64_t count);
    void publish(std::uint64_t bytes, std::uint64_t count);
    void wake_readers(std::uint64_t published);
    Result<> failure() const;

    // shelf.cpp; the append lock is held unless said otherwise
    Result<> roll();
    Result<std::shared_ptr<Segment>> make_segment(std::uint64_t first, std::uint64_t previous);
    Result<> prepare_spare();  // spare_mutex_ is held, the append lock need not be
    void prepare_ballast();    // no lock is held
    bool release_ballast();
    void write_losses();
    void seal(Segment& segment);
    void abandon_active();
    bool free_one_segment();
    bool delete_oldest(bool unread_too);        // any lock but state_mutex_ may be held
    void delete_acknowledged();                 // no lock is held
    bool passed(Segment const& segment) const;  // by every sink, durably; state_mutex_ is held
    void measure_need();                        // no lock is held
    std::string path(std::string const& name) const { return (settings_.directory / name).string(); }

    // keeper.cpp; no lock is held
    void keep();
    Result<> sync(std::uint64_t target);
    int sync_segment(Segment& segment);    // sync_mutex_ is held
    void rewrite(std::string const& why);  // sync_mutex_ is held
    Result<> write_again(std::uint64_t first, std::uint64_t last);
    void store_marks();
    void trim_tail();
    void ask_keeper(bool marks_too);
    void say(std::int32_t level, std::string const& sentence) const;
    void set_trouble(std::string sentence);

    // For readers. Waits until packet `target` is published.
    bool await(std::uint64_t target, Clock::time_point until, Place const& place);
    std::uint64_t count_existing(std::uint64_t first, std::uint64_t last) const;  // state_mutex_ is held
    std::uint64_t oldest() const;                                                 // state_mutex_ is held
    void note_missing(Place& place, std::uint64_t first, std::uint64_t last, std::string const& path);

    Settings const settings_;
    Files& files_;
    File const lock_;
    Uuid const journal_;
    std::uint64_t const incarnation_;
    std::uint64_t const start_;        // the first number of this incarnation
    std::uint64_t const last_before_;  // the newest packet of those before
    std::uint64_t const segment_size_;
    std::shared_ptr<ChunkPool> const pool_ = std::make_shared<ChunkPool>();
    Tail tail_{pool_};

    std::atomic<bool> closed_ = false;
    std::atomic<bool> failed_ = false;
    std::atomic<bool> full_ = false;
    std::atomic<std::uint64_t> bytes_ = 0;   // on disk
    std::atomic<std::uint64_t> needed_ = 0;  // of them, and what they may grow to: as of the last look
    std::atomic<std::uint64_t> room_bytes_ = 0;
    std::atomic<std::int64_t> sync_ns_ = 0;        // what a sync took of late
    std::atomic<std::int64_t> sync_began_ns_ = 0;  // when the one that runs began; 0: none runs
    std::atomic<std::uint64_t> dropped_ = 0;

    std::mutex sync_mutex_;  // one pass of syncing at a time

    std::mutex append_mutex_;
    std::condition_variable room_;
    std::shared_ptr<Segment> active_;
    std::uint64_t active_end_ = 0;
    std::uint64_t newest_id_;
    std::uint64_t since_flush_ = 0;                // bytes pushed since the last pass of syncing began
    std::uint64_t unsynced_ = 0;                   // bytes pushed and not durable
    std::vector<std::shared_ptr<Segment>> dirty_;  // segments with bytes that are not durable
    std::vector<Loss> losses_;                     // not yet written down
    arb_time newest_time_;                         // received_time of the newest packet
    std::atomic<std::uint64_t> published_;         // written under append_mutex_
    std::atomic<std::uint64_t> durable_;           // written under sync_mutex_

    std::mutex marks_mutex_;
    std::unique_ptr<SlotFile> meta_;

    std::mutex spare_mutex_;
    File spare_;
    std::atomic<bool> ballast_ = false;

    mutable std::mutex state_mutex_;
    std::deque<std::shared_ptr<Segment>> segments_;
    std::map<std::string, std::shared_ptr<Place>> places_;
    Ranges holes_;
    std::string trouble_;

    std::mutex wait_mutex_;
    std::condition_variable ready_;
    std::atomic<std::uint64_t> wake_at_ = UINT64_MAX;  // the nearest number a reader waits for

    std::mutex keeper_mutex_;
    std::condition_variable keeper_wakes_;
    bool keeper_asked_ = false;
    bool marks_asked_ = false;
    bool keeper_stops_ = false;
    std::thread keeper_;
};

// Queue::open on other files than the system's.
Result<std::unique_ptr<Journal>> open_journal(Settings settings, Recovery& recovery, Files& files,
                                              bool background);

}  // namespace arb::queue
