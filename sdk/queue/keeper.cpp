// The thread behind the queue: makes pushed records durable, stores acknowledgements, deletes, prepares.
#include <algorithm>
#include <cerrno>

#include "queue/journal.hpp"

namespace arb::queue {

namespace {

// Acknowledgements, deletion and preparation take their turn this often; syncing has its own interval.
constexpr std::chrono::milliseconds marks_every{250};

// The time a sync takes is told as a mean in which the last one has this weight.
constexpr std::int64_t syncs_weighed = 8;

}  // namespace

void Journal::keep() {
    auto const tick =
        settings_.sync_every.count() == 0 ? marks_every : std::min(settings_.sync_every, marks_every);
    auto next_marks = Clock::now();
    for (;;) {
        if (auto const synced = sync(0); synced.has_error()) set_trouble(synced.error().text);
        if (Clock::now() >= next_marks) {
            next_marks = Clock::now() + marks_every;
            work();
        }
        std::unique_lock lock{keeper_mutex_};
        if (keeper_wakes_.wait_for(lock, tick, [this] { return keeper_asked_ || keeper_stops_; }) &&
            keeper_stops_)
            return;
        keeper_asked_ = false;
        if (std::exchange(marks_asked_, false)) next_marks = Clock::now();
    }
}

void Journal::work() {
    if (auto const synced = sync(0); synced.has_error()) set_trouble(synced.error().text);
    store_marks();
    delete_acknowledged();
    {
        std::scoped_lock const lock{spare_mutex_};
        // A refusal is not an error yet: the segment in use may last until there is room.
        if (!spare_ && !closed_) static_cast<void>(prepare_spare().has_value());
    }
    if (!ballast_ && !closed_ && !full_) prepare_ballast();
    measure_need();
}

void Journal::ask_keeper(bool marks_too) {
    {
        std::scoped_lock const lock{keeper_mutex_};
        keeper_asked_ = true;
        marks_asked_ |= marks_too;
    }
    keeper_wakes_.notify_one();
}

void Journal::say(std::int32_t level, std::string const& sentence) const {
    if (settings_.log) settings_.log(level, sentence);
}

void Journal::set_trouble(std::string sentence) {
    std::scoped_lock const lock{state_mutex_};
    trouble_ = std::move(sentence);
}

// Makes everything published so far durable, unless packet `target` is already; 0 asks for all.
Result<> Journal::sync(std::uint64_t target) {
    std::scoped_lock const one_at_a_time{sync_mutex_};
    if (target != 0 && target <= durable_) return {};
    if (failed_) return failure();
    std::vector<std::shared_ptr<Segment>> segments;
    std::uint64_t published = 0, bytes = 0;
    {
        std::scoped_lock const lock{append_mutex_};
        if (dirty_.empty() && since_flush_ == 0) return {};
        segments.swap(dirty_);
        if (active_ && since_flush_ != 0) segments.push_back(active_);
        published = published_;
        since_flush_ = 0;
        bytes = unsynced_;
    }
    for (auto const& segment : segments) {
        auto const begin = Clock::now();
        sync_began_ns_ = begin.time_since_epoch().count();
        int const error = sync_segment(*segment);
        sync_began_ns_ = 0;
        auto const took = std::chrono::nanoseconds{Clock::now() - begin}.count();
        sync_ns_ = sync_ns_ + (took - sync_ns_) / syncs_weighed;
        if (error < 0) {
            rewrite("cannot sync " + segment->path + ": " + describe_errno(error));
            return failed_ ? failure() : Result<>{};
        }
    }
    durable_ = published;
    {
        std::scoped_lock const lock{append_mutex_};
        unsynced_ -= bytes;
        for (auto const& segment : segments)
            if (segment != active_ && std::find(dirty_.begin(), dirty_.end(), segment) == dirty_.end())
                segment->file.reset();
    }
    room_.notify_all();
    trim_tail();
    return {};
}

// The records of a segment are durable when its bytes are and its name is.
int Journal::sync_segment(Segment& segment) {
    int error = 0;
    do error = files_.sync(segment.file.descriptor());
    while (error == -EINTR);
    if (error == 0 && !segment.named) error = files_.sync_directory(settings_.directory.string());
    if (error == 0) segment.named = true;
    return error;
}

// After a failed sync the kernel calls pages clean that never reached the disk, so nothing of that file
// beyond the last durable packet is believed: it is written again, from memory, into a new segment. If that
// fails too, the queue accepts nothing more.
void Journal::rewrite(std::string const& why) {
    std::scoped_lock const lock{append_mutex_};
    auto const first = durable_ + 1;
    auto const last = published_.load();
    std::vector<std::shared_ptr<Segment>> given_up;
    {
        std::scoped_lock const state{state_mutex_};
        for (auto const& segment : segments_)
            if (std::min(segment->last, last) >= first || segment == active_)
                segment->last = std::max(first, segment->header.first) - 1;
        while (!segments_.empty() && segments_.back()->last < segments_.back()->header.first &&
               segments_.back()->header.incarnation == incarnation_ &&
               segments_.back()->header.first >= first) {
            given_up.push_back(segments_.back());
            segments_.pop_back();
        }
    }
    active_.reset();
    dirty_.clear();
    auto const rewritten = write_again(first, last);
    if (rewritten.has_error()) {
        failed_ = true;
        set_trouble(why + "; writing the packets to a new segment failed as well (" + rewritten.error().text +
                    "): the queue accepts nothing more, replace the disk and start again");
        say(ARB_LOG_ERROR, why + "; " + rewritten.error().text + ": the queue accepts nothing more");
    } else {
        durable_ = last;
        unsynced_ = 0;
        since_flush_ = 0;
        for (auto const& segment : given_up) {
            bytes_ -= segment->size;
            files_.remove(segment->path);
        }
        say(ARB_LOG_ERROR, why + "; " + std::to_string(last + 1 - first) +
                               " packets were written to a new segment and are safe there");
    }
    room_.notify_all();
}

// Under the append lock, so that nothing is published meanwhile.
Result<> Journal::write_again(std::uint64_t first, std::uint64_t last) {
    std::vector<std::byte> copy;
    auto previous = first == start_ ? last_before_ : first - 1;
    auto at = first;
    while (at <= last) {
        auto made = make_segment(at, previous);
        if (made.has_error() && release_ballast()) made = make_segment(at, previous);
        if (made.has_error()) return made.error();
        active_ = std::move(*made);
        active_end_ = segment_header_size;
        bool full = false;
        while (at <= last && !full) {
            auto const view = tail_.find(at);
            if (!view) return permanent("packet " + std::to_string(at) + " is no longer in memory");
            auto const* from = view->memory.get();
            for (auto number = view->first; number <= std::min(view->last, last); ++number) {
                auto const length = get<std::uint32_t>(from + 12);
                auto const size = record_size(length);
                if (number == at && !full) {
                    full = active_end_ + copy.size() + size + record_size(seal_size) > active_->header.size;
                    if (!full) {
                        copy.insert(copy.end(), from, from + size);
                        auto* const head = copy.data() + copy.size() - size;
                        encode_head(head, active_->checksum,
                                    {active_->checksum(head + record_head_size, length), length, number,
                                     RecordType::packet});
                        ++at;
                    }
                }
                from += size;
            }
            int const error = write_fully(files_, active_->file.descriptor(),
                                          std::span<std::byte const>{copy}, active_end_);
            if (error < 0) return permanent("cannot write " + active_->path + ": " + describe_errno(error));
            active_end_ += copy.size();
            copy.clear();
        }
        if (int const error = sync_segment(*active_); error < 0)
            return permanent("cannot sync " + active_->path + ": " + describe_errno(error));
        previous = at - 1;
        if (at <= last) {
            std::scoped_lock const state{state_mutex_};
            active_->last = previous;
        }
    }
    return {};
}

void Journal::store_marks() {
    std::scoped_lock const marks{marks_mutex_};
    std::vector<std::pair<std::shared_ptr<Place>, std::uint64_t>> changed;
    std::vector<Slot> slots;
    {
        std::scoped_lock const lock{state_mutex_};
        for (auto const& [name, place] : places_) {
            if (!std::exchange(place->changed, false)) continue;
            changed.emplace_back(place, place->acknowledged);
            slots.push_back({0, journal_, place->position.incarnation, place->position.sequence, 0, false});
        }
    }
    for (std::size_t i = 0; i != changed.size(); ++i) {
        auto const& [place, acknowledged] = changed[i];
        int const error = place->file->write(slots[i]);
        std::scoped_lock const lock{state_mutex_};
        if (error == 0)
            place->on_disk = acknowledged;
        else
            place->changed = true;  // lost, it would mean reading again, never losing
        if (error < 0) trouble_ = "cannot write " + place->file->path() + ": " + describe_errno(error);
    }
}

// Memory is kept for readers that keep up; what all have read and is durable goes at once.
void Journal::trim_tail() {
    auto const durable = durable_.load();
    auto needless = durable;
    {
        std::scoped_lock const lock{state_mutex_};
        for (auto const& [name, place] : places_) needless = std::min(needless, place->next - 1);
    }
    tail_.trim(needless, durable, settings_.tail_size);
}

}  // namespace arb::queue
