// The queue: a journal on disk that many producers append to and each sink reads at its own position.
// docs/queue_format.md has the bytes; docs/decisions/ the reasons.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "arbitrage/abi/queue.h"
#include "arbitrage/result.hpp"

namespace arb::queue {

enum class WhenFull { block, drop_oldest };

struct Settings {
    std::filesystem::path directory;
    std::uint64_t size_max = std::uint64_t{8} << 30;  // bytes of segments on disk
    std::chrono::milliseconds sync_every{50};         // 0: fdatasync before push returns
    WhenFull when_full = WhenFull::block;
    std::uint64_t segment_size = 64 << 20;                 // bytes; smaller ones are for tests
    std::uint64_t tail_size = 32 << 20;                    // bytes kept in memory for caught-up readers
    std::chrono::milliseconds keep_acked{15 * 60 * 1000};  // acknowledged segments kept for replay, this long
    std::uint64_t keep_acked_size = std::uint64_t{1} << 30;  // and at most this much
    std::uint64_t free_min =
        512 << 20;  // bytes of the file system left to everybody else; below it the queue is full
    // What happens while it runs (ARB_LOG_*, a sentence); may be empty. Called from any thread, without locks
    // held that push or read need for long; must not call the queue.
    std::function<void(std::int32_t level, std::string const& sentence)> log;
    std::function<void()> progress;  // called again and again while a start reads old segments; may be empty
};

// Bytes of memory a queue takes at most: its newest packets, and those that a slow disk has not taken yet.
std::uint64_t memory_max(Settings const& settings);

// What a start found and did; each is also in the log.
struct Recovery {
    bool clean = true;               // the last stop sealed the journal
    std::uint64_t records = 0;       // still to be read by some sink
    std::uint64_t lost_records = 0;  // damaged in the middle, by sequence number
    // Between which good packets those were, by their received_time; 0 if none is lost.
    arb_time lost_from = 0, lost_to = 0;
    std::uint64_t quarantined_bytes = 0;
    std::vector<std::string> sentences;
    arb_time last_accepted = 0;  // received_time of the newest record; 0 if there is none
};

struct Statistics {
    std::uint64_t bytes = 0;         // on disk
    std::uint64_t needed_bytes = 0;  // of them with packets some sink has still to read
    std::chrono::nanoseconds sync_time{
        0};                              // what a sync took of late; a mean, so that one slow one is no news
    std::uint64_t accepted_packets = 0;  // since this start
    std::uint64_t dropped_packets = 0;   // by drop_oldest, since this start
    arb_position newest{};
    bool full = false;    // push is waiting now
    bool failed = false;  // the disk failed twice; nothing more is accepted
    std::string trouble;  // why it is full or failed, as a sentence
};

// Packets a reader was given. They stay valid while the object lives.
struct Batch {
    std::vector<arb_packet const*> packets;
    arb_position first{};
    arb_position last{};
    std::vector<std::shared_ptr<std::byte const[]>> memory;  // what the packets lie in
};

struct Limits {
    std::size_t packets_max = 5000;
    std::size_t bytes_max = 8 << 20;
    std::chrono::milliseconds fill_max{
        0};  // once a first packet is there: how long packets_max may take to fill
};

class Queue;

// One sink's place in the queue. Goes before its queue does.
//
// Thread safety: read and acknowledge from one thread; interrupt and the figures from any.
class Reader {
  public:
    virtual ~Reader() = default;

    // Waits until packets are there, up to `wait`; an empty batch on time-out or interrupt. The reader moves
    // on. A batch never spans incarnations.
    virtual Result<Batch> read(Limits const& limits, std::chrono::milliseconds wait) = 0;
    // Everything up to here is stored. Written to disk within 250 ms or 10,000 records, and at close.
    virtual void acknowledge(arb_position stored) = 0;
    // Goes on behind `position`, which the database says is stored. If older than what is kept, goes on at
    // the oldest record and says how many are missing in between.
    virtual Result<std::uint64_t> seek(arb_position position) = 0;
    // The place of the last acknowledged record.
    virtual arb_position acknowledged() const = 0;
    // Records not yet acknowledged, and those skipped because drop_oldest took them.
    virtual std::uint64_t lag_packets() const = 0;
    virtual std::uint64_t skipped_packets() const = 0;
    // Makes a waiting read return an empty batch. [any-thread]
    virtual void interrupt() = 0;
};

// Thread safety: all functions from any thread, except close.
class Queue {
  public:
    // Locks the directory (Error.status ARB_PERMANENT with where "locked" if another process holds it;
    // "newer" for a newer format, "foreign" for other files: untouched), recovers, begins a new incarnation.
    static Result<std::unique_ptr<Queue>> open(Settings settings, Recovery& recovery);
    virtual ~Queue() = default;

    // Appends packets that passed check_all; all or none. Waits while full (WhenFull::block) until there is
    // room, `give_up` says true (asked every 100 ms; then ARB_CLOSED) or the queue is closed. With a
    // `percent_max` below 100 it is full for this caller from there on: the rest is for others.
    virtual Result<> push(std::span<std::byte const> packets, std::function<bool()> const& give_up,
                          unsigned percent_max = 100) = 0;

    // The reader of a sink, made on first use and kept on disk from then on. New sinks begin at the oldest
    // record.
    virtual std::unique_ptr<Reader> reader(std::string const& sink) = 0;
    // Deletes the place of a sink that is no longer configured, so that it no longer holds segments back.
    virtual Result<> forget(std::string const& sink) = 0;
    virtual std::vector<std::string> sinks() const = 0;

    // A tap: sees packets from now on, keeps nothing on disk, and may lose packets when it is slow.
    virtual std::unique_ptr<Reader> tap() = 0;

    virtual std::span<std::uint8_t const, 16> journal() const = 0;
    virtual Statistics statistics() const = 0;
    // Bytes that are needed, in percent of what they may grow to: size_max, or what the disk has room for.
    // What every sink has stored and a replay might want gives way first, so it does not count. Looked at
    // every 250 ms.
    virtual unsigned percent_full() const = 0;

    // Makes every push return ARB_CLOSED, syncs, seals, and stores all acknowledgements. Call once, when no
    // producer is left.
    virtual Result<> close() = 0;
};

}  // namespace arb::queue
