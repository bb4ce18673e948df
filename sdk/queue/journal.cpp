#include "queue/journal.hpp"

#include <algorithm>
#include <new>

#include "arbitrage/packet.hpp"

namespace arb::queue {

namespace {

// How often a waiting push asks whether to give up, and tries again by itself.
constexpr std::chrono::milliseconds give_up_every{100};

// Bytes that may be in memory only; a disk slower than the venues makes push wait beyond it.
constexpr std::uint64_t unsynced_min = 16 << 20;

// Pushed bytes that are synced without waiting for the interval.
constexpr std::uint64_t flush_bytes = 4 << 20;

// A sync that has been running for so long is news by itself; a shorter one counts in the mean.
constexpr std::chrono::seconds hanging_min{1};

// A segment of a small budget is at most this part of it, so that old ones can go one by one.
constexpr std::uint64_t segments_min = 4;
constexpr std::uint64_t size_min = 64 << 10;

struct Measure {
    std::uint64_t count = 0;
    std::uint64_t bytes = 0;  // with record headers
};

Result<Measure> measure(std::span<std::byte const> packets) {
    Measure sum;
    for (std::size_t at = 0; at < packets.size(); ++sum.count) {
        if (packets.size() - at < sizeof(arb_packet)) return permanent("the batch ends inside a packet");
        auto const size = get<std::uint32_t>(packets.data() + at);
        if (size < sizeof(arb_packet) || size > packets.size() - at || size > ARB_PACKET_SIZE_MAX ||
            size % 8 != 0)
            return permanent("a packet of the batch has an impossible size");
        at += size;
    }
    sum.bytes = packets.size() + sum.count * record_head_size;
    return sum;
}

std::uint64_t choose_segment_size(Settings const& settings) {
    return std::min(settings.segment_size, settings.size_max / segments_min) / 4096 * 4096;
}

}  // namespace

std::uint64_t memory_max(Settings const& settings) {
    return settings.tail_size + std::max(settings.tail_size, unsynced_min);
}

Result<std::unique_ptr<Queue>> Queue::open(Settings settings, Recovery& recovery) {
    auto journal = open_journal(std::move(settings), recovery, system_files(), true);
    if (journal.has_error()) return journal.error();
    return std::unique_ptr<Queue>{std::move(*journal)};
}

Result<std::unique_ptr<Journal>> open_journal(Settings settings, Recovery& recovery, Files& files,
                                              bool background) {
    if (settings.size_max < size_min || choose_segment_size(settings) < 2 * segment_header_size)
        return invalid("/queue/size_max", "size_max of the queue must be at least 64 KiB");
    auto recovered = recover(files, settings, recovery);
    if (recovered.has_error()) return recovered.error();
    return std::make_unique<Journal>(std::move(settings), files, std::move(*recovered), background);
}

Journal::Journal(Settings settings, Files& files, Recovered recovered, bool background)
    : settings_{std::move(settings)},
      files_{files},
      lock_{std::move(recovered.lock)},
      journal_{recovered.journal},
      incarnation_{recovered.incarnation},
      start_{recovered.next},
      last_before_{recovered.last},
      segment_size_{choose_segment_size(settings_)},
      newest_id_{recovered.newest_id},
      losses_{std::move(recovered.losses)},
      newest_time_{recovered.newest_time},
      published_{recovered.next - 1},
      durable_{recovered.next - 1},
      meta_{std::move(recovered.meta)},
      segments_{std::move(recovered.segments)},
      holes_{std::move(recovered.holes)} {
    for (auto const& segment : segments_) bytes_ += segment->size;
    for (auto& [name, mark] : recovered.marks) {
        auto place = std::make_shared<Place>();
        place->name = name;
        place->file = std::move(mark.first);
        place->position = mark.second;
        place->acknowledged = std::max(first_after(segments_, mark.second, start_), oldest()) - 1;
        place->on_disk = place->acknowledged;
        places_.emplace(name, std::move(place));
    }
    if (!losses_.empty()) {
        std::scoped_lock const lock{append_mutex_};
        if (auto const made = roll(); made.has_error()) set_trouble(made.error().text);
    }
    measure_need();
    if (background) keeper_ = std::thread{[this] { keep(); }};
}

Journal::~Journal() {
    {
        std::scoped_lock const lock{keeper_mutex_};
        keeper_stops_ = true;
    }
    keeper_wakes_.notify_all();
    if (keeper_.joinable()) keeper_.join();
}

Result<> Journal::failure() const {
    std::scoped_lock const lock{state_mutex_};
    return Error{ARB_PERMANENT, trouble_, "disk"};
}

Result<> Journal::push(std::span<std::byte const> packets, std::function<bool()> const& give_up,
                       unsigned percent_max) {
    auto const size = measure(packets);
    if (size.has_error()) return size.error();
    if (size->count == 0) return permanent("the batch is empty");
    if (size->bytes > segment_size_ - segment_header_size - record_size(seal_size))
        return permanent("a batch of " + std::to_string(size->bytes) + " bytes does not fit a segment of " +
                         std::to_string(segment_size_) + " bytes; push less at once or raise queue.size_max");
    std::unique_lock append_lock{append_mutex_};
    for (bool again = false;; again = true) {
        auto const room = make_room(append_lock, size->bytes, percent_max, give_up);
        if (room.has_error()) return room;
        auto const appended = append(packets, size->bytes, size->count);
        if (appended.has_value()) break;
        if (appended.error().status != ARB_RETRY) return appended;
        // The segment was given up; the next one is tried when there is room, or in a moment.
        set_trouble(appended.error().text);
        say(ARB_LOG_ERROR, appended.error().text);
        if (again) room_.wait_for(append_lock, give_up_every);
    }
    publish(size->bytes, size->count);
    auto const last = published_.load(std::memory_order_relaxed);
    bool const flush = since_flush_ >= flush_bytes && since_flush_ - size->bytes < flush_bytes;
    append_lock.unlock();
    wake_readers(last);
    if (settings_.sync_every.count() == 0) return sync(last);
    if (flush) ask_keeper(false);
    return {};
}

Result<> Journal::make_room(std::unique_lock<std::mutex>& append, std::uint64_t bytes, unsigned percent_max,
                            std::function<bool()> const& give_up) {
    bool const bounded = percent_max < 100 && settings_.when_full == WhenFull::block;
    auto const unsynced_max = std::max(settings_.tail_size, unsynced_min);
    for (bool waited = false;; waited = true) {
        if (closed_) return closed();
        if (failed_) return failure();
        bool const far_ahead = unsynced_ + bytes > unsynced_max && unsynced_ != 0;
        bool const fits = active_ && active_end_ + bytes + record_size(seal_size) <= active_->header.size;
        bool const beyond = bounded && percent_full() >= percent_max;
        if (fits && !far_ahead && !beyond) {
            // Not by those who may still push when venues must wait.
            if ((waited || bounded) && full_ && full_.exchange(false)) set_trouble({});
            return {};
        }
        if (beyond) {
            auto const sentence = "the queue is " + std::to_string(percent_full()) +
                                  " % full: packets of venues wait until sinks have stored some";
            if (!full_.exchange(true)) say(ARB_LOG_WARNING, sentence);
            set_trouble(sentence);
        } else if (!fits) {
            auto const rolled = roll();
            if (rolled.has_value()) continue;
            if (!full_.exchange(true)) say(ARB_LOG_WARNING, rolled.error().text);
            set_trouble(rolled.error().text);
        } else {
            full_ = true;
            set_trouble("the disk is slower than what arrives; packets wait for it");
        }
        ask_keeper(true);
        append.unlock();
        bool const given_up = give_up && give_up();
        append.lock();
        if (given_up) return closed();
        room_.wait_for(append, give_up_every);
    }
}

void Journal::encode(std::span<std::byte const> packets, std::uint64_t sequence) {
    auto const& checksum = active_->checksum;
    for (std::size_t at = 0; at < packets.size(); ++sequence) {
        auto const* const packet = packets.data() + at;
        auto const size = get<std::uint32_t>(packet);
        auto* const head = tail_.place(record_head_size + size, sequence);
        auto* const payload = head + record_head_size;
        std::memcpy(payload, packet, size);
        put(payload + offsetof(arb_packet, position), sequence);
        encode_head(head, checksum, {checksum(payload, size), size, sequence, RecordType::packet});
        at += size;
        if (at == packets.size()) newest_time_ = get<arb_time>(packet + offsetof(arb_packet, received_time));
    }
}

// Writes the batch behind the last one. ARB_RETRY: the segment cannot be written and was given up.
Result<> Journal::append(std::span<std::byte const> packets, std::uint64_t bytes, std::uint64_t count) {
    try {
        encode(packets, published_.load(std::memory_order_relaxed) + 1);
    } catch (std::bad_alloc const&) {
        tail_.abandon();
        return permanent("there is no memory for " + std::to_string(count) + " packets (" +
                         std::to_string(bytes) + " bytes)");
    }
    int const error = write_fully(files_, active_->file.descriptor(), tail_.pending(), active_end_);
    if (error == 0) return {};
    tail_.abandon();
    auto const path = active_->path;
    abandon_active();
    return retry("cannot write " + path + ": " + describe_errno(error) +
                 "; the queue goes on in a new segment");
}

void Journal::publish(std::uint64_t bytes, std::uint64_t count) {
    tail_.commit();
    active_end_ += bytes;
    since_flush_ += bytes;
    unsynced_ += bytes;
    needed_ += bytes;
    published_.store(published_.load(std::memory_order_relaxed) + count);
}

// Readers wait for a number, so that a push wakes only those whose batch it fills.
void Journal::wake_readers(std::uint64_t published) {
    if (wake_at_.load() > published) return;
    {
        std::scoped_lock const lock{wait_mutex_};
        wake_at_ = UINT64_MAX;
    }
    ready_.notify_all();
}

bool Journal::await(std::uint64_t target, Clock::time_point until, Place const& place) {
    if (published_.load(std::memory_order_acquire) >= target) return true;
    std::unique_lock lock{wait_mutex_};
    for (;;) {
        if (wake_at_.load() > target) wake_at_ = target;
        if (published_.load() >= target) return true;
        if (place.interrupted || closed_ || Clock::now() >= until) return false;
        if (ready_.wait_until(lock, until) == std::cv_status::timeout) return published_.load() >= target;
    }
}

Statistics Journal::statistics() const {
    Statistics out;
    auto const published = published_.load();
    out.bytes = bytes_;
    out.needed_bytes = needed_;
    out.sync_time = std::chrono::nanoseconds{sync_ns_};
    // A disk that hangs is slow before its sync has come to an end.
    if (auto const began = sync_began_ns_.load(); began != 0)
        if (auto const runs = Clock::now().time_since_epoch() - std::chrono::nanoseconds{began};
            runs > hanging_min)
            out.sync_time = std::max(out.sync_time, runs);
    out.accepted_packets = published - (start_ - 1);
    out.dropped_packets = dropped_;
    out.newest = {incarnation_, published};
    out.full = full_;
    out.failed = failed_;
    std::scoped_lock const lock{state_mutex_};
    out.trouble = trouble_;
    return out;
}

unsigned Journal::percent_full() const {
    auto const room = room_bytes_.load();
    auto const needed = std::min(needed_.load(), room);
    // Not in integers: size_max may be as large as a number goes.
    return room == 0 ? 0
                     : static_cast<unsigned>(static_cast<double>(needed) / static_cast<double>(room) * 100);
}

Result<> Journal::close() {
    if (closed_.exchange(true)) return {};
    room_.notify_all();
    { std::scoped_lock const lock{wait_mutex_}; }
    ready_.notify_all();
    {
        std::scoped_lock const lock{keeper_mutex_};
        keeper_stops_ = true;
    }
    keeper_wakes_.notify_all();
    if (keeper_.joinable()) keeper_.join();

    auto const synced = sync(UINT64_MAX);
    store_marks();
    if (synced.has_error()) return synced;
    std::scoped_lock const lock{append_mutex_, marks_mutex_};
    auto const last = published_ == start_ - 1 ? last_before_ : published_.load();
    if (active_) {
        seal(*active_);
        int error = sync_segment(*active_);
        if (error == 0) error = files_.truncate(active_->file.descriptor(), active_end_);
        if (error != 0) return permanent("cannot seal " + active_->path + ": " + describe_errno(error));
    }
    if (spare_) files_.remove(path(spare_name));
    Slot slot{0, journal_, incarnation_, last, newest_id_, true, newest_time_};
    if (int const error = meta_->write(slot); error < 0)
        return permanent("cannot write " + meta_->path() + ": " + describe_errno(error));
    return {};
}

}  // namespace arb::queue
