// The journal's segments: making the next one, within the budget, and deleting those nobody needs.
#include <algorithm>
#include <cerrno>

#include "queue/journal.hpp"

namespace arb::queue {

namespace {

// Space set aside for the moment the disk is full: so that what must be written then can be.
constexpr std::uint64_t ballast_size_max = 64 << 20;

// Of a segment at most this part is filled with what a start found missing, so that packets fit as well.
constexpr std::uint64_t losses_part = 4;

std::string megabytes(std::uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

}  // namespace

// Makes a new segment the one that is appended to.
Result<> Journal::roll() {
    auto const published = published_.load();
    auto const previous = published == start_ - 1 ? last_before_ : published;
    auto made = make_segment(published + 1, previous);
    while (made.has_error() && free_one_segment()) made = make_segment(published + 1, previous);
    if (made.has_error()) return made.error();
    // What is left over holds nothing else.
    needed_ += segment_header_size + (active_ ? active_->size - active_end_ : 0);
    if (active_) seal(*active_);
    active_ = std::move(*made);
    active_end_ = segment_header_size;
    if (!losses_.empty()) write_losses();
    ask_keeper(true);  // for the next spare
    return {};
}

Result<std::shared_ptr<Segment>> Journal::make_segment(std::uint64_t first, std::uint64_t previous) {
    // Until it has its own name the file must not be taken for a spare.
    std::scoped_lock const spare_lock{spare_mutex_};
    if (!spare_)
        if (auto const prepared = prepare_spare(); prepared.has_error()) return prepared.error();
    auto file = std::move(spare_);
    SegmentHeader header;
    header.journal = journal_;
    header.incarnation = incarnation_;
    header.id = newest_id_ + 1;
    header.first = first;
    header.previous = previous;
    header.size = segment_size_;
    stamp(header);
    auto segment = std::make_shared<Segment>(header, path(segment_name(header.id)));
    std::byte bytes[segment_header_size];
    encode_header(bytes, header);
    // No push waits for a disk here: the sync that makes its first records durable does the same for the
    // name.
    int error = write_fully(files_, file.descriptor(), bytes, 0);
    if (error == 0) error = files_.rename(path(spare_name), segment->path);
    if (error != 0) {
        files_.remove(path(spare_name));
        files_.remove(segment->path);
        bytes_ -= segment_size_;
        return retry("cannot make " + segment->path + ": " + describe_errno(error) +
                     "; tried again until it works");
    }
    newest_id_ = header.id;
    segment->size = segment_size_;
    segment->file = std::move(file);
    std::scoped_lock const lock{state_mutex_};
    segments_.push_back(segment);
    return segment;
}

// Sets the next segment's space aside, so that a full disk shows one segment early.
Result<> Journal::prepare_spare() {
    auto const directory = settings_.directory.string();
    if (bytes_ + segment_size_ > settings_.size_max)
        return retry("the queue is full: " + megabytes(bytes_) + " of " + megabytes(settings_.size_max) +
                     " in " + directory + " wait for the sinks");
    auto const free = files_.free_space(directory);
    if (free >= 0 && static_cast<std::uint64_t>(free) < segment_size_ + settings_.free_min)
        return retry("the disk is full: " + megabytes(static_cast<std::uint64_t>(free)) + " free at " +
                     directory + ", " + megabytes(settings_.free_min) +
                     " are left to others; packets wait for space");
    auto const name = path(spare_name);
    int const descriptor = files_.open(name, Files::Mode::create);
    if (descriptor < 0) return retry("cannot make " + name + ": " + describe_errno(descriptor));
    File file{files_, descriptor};
    // Begun anew: a spare that failed half-way may hold the header of a segment.
    int error = files_.truncate(descriptor, 0);
    if (error == 0) error = files_.allocate(descriptor, segment_size_);
    if (error < 0) {
        files_.remove(name);
        return retry("cannot set " + megabytes(segment_size_) + " aside in " + directory + ": " +
                     describe_errno(error) + "; packets wait for space");
    }
    spare_ = std::move(file);
    bytes_ += segment_size_;
    return {};
}

void Journal::prepare_ballast() {
    std::scoped_lock const lock{spare_mutex_};
    auto const size = std::min(ballast_size_max, segment_size_);
    auto const free = files_.free_space(settings_.directory.string());
    if (ballast_ || (free >= 0 && static_cast<std::uint64_t>(free) < size + settings_.free_min)) return;
    int const descriptor = files_.open(path(ballast_name), Files::Mode::create);
    if (descriptor < 0) return;
    File const file{files_, descriptor};
    ballast_ = files_.allocate(descriptor, size) == 0;
    if (!ballast_) files_.remove(path(ballast_name));
}

bool Journal::release_ballast() {
    std::scoped_lock const lock{spare_mutex_};
    ballast_ = false;
    return files_.remove(path(ballast_name)) == 0;
}

// As many as a part of the segment holds; the rest waits for the next one.
void Journal::write_losses() {
    auto const count =
        std::min<std::size_t>(losses_.size(), segment_size_ / losses_part / record_size(loss_size));
    std::vector<std::byte> bytes(count * record_size(loss_size));
    auto* at = bytes.data();
    for (auto const& loss : std::span{losses_}.first(count)) {
        auto* const payload = at + record_head_size;
        encode_loss(payload, loss);
        encode_head(
            at, active_->checksum,
            {active_->checksum(payload, loss_size), loss_size, active_->header.first - 1, RecordType::loss});
        at += record_size(loss_size);
    }
    if (active_end_ + bytes.size() + record_size(seal_size) > active_->header.size) return;
    if (write_fully(files_, active_->file.descriptor(), std::span<std::byte const>{bytes}, active_end_) != 0)
        return;
    active_end_ += bytes.size();
    since_flush_ += bytes.size();
    losses_.erase(losses_.begin(), losses_.begin() + static_cast<std::ptrdiff_t>(count));
}

// Marks the end of a segment that is left in order. Without the seal its records are good all the same.
void Journal::seal(Segment& segment) {
    auto const last = std::max(published_.load(), segment.header.first - 1);
    std::byte bytes[record_size(seal_size)];
    auto* const payload = bytes + record_head_size;
    put<std::uint64_t>(payload, last);
    put<std::uint64_t>(payload + 8, last - (segment.header.first - 1));
    encode_head(bytes, segment.checksum,
                {segment.checksum(payload, seal_size), seal_size, last, RecordType::seal});
    if (write_fully(files_, segment.file.descriptor(), std::span<std::byte const>{bytes}, active_end_) == 0)
        active_end_ += sizeof bytes;
    dirty_.push_back(active_);
    std::scoped_lock const lock{state_mutex_};
    segment.last = last;
}

// Leaves the active segment as it is after a write to it failed. What lies in it beyond the last published
// packet is void, because the next segment says what came before it.
void Journal::abandon_active() {
    auto const published = published_.load();
    auto const segment = std::exchange(active_, nullptr);
    if (published >= segment->header.first) {
        dirty_.push_back(segment);
        std::scoped_lock const lock{state_mutex_};
        segment->last = published;
        return;
    }
    {
        std::scoped_lock const lock{state_mutex_};
        std::erase(segments_, segment);
    }
    bytes_ -= segment->size;
    files_.remove(segment->path);
}

// Makes room for one segment where the settings allow it.
bool Journal::free_one_segment() {
    if (delete_oldest(false)) return true;
    return settings_.when_full == WhenFull::drop_oldest && delete_oldest(true);
}

bool Journal::passed(Segment const& segment) const {
    if (segment.last == UINT64_MAX || places_.empty()) return false;
    for (auto const& [name, place] : places_)
        if (place->on_disk < segment.last) return false;
    return true;
}

bool Journal::delete_oldest(bool unread_too) {
    std::shared_ptr<Segment> segment;
    std::uint64_t unread = 0;
    {
        std::scoped_lock const lock{state_mutex_};
        if (segments_.empty() || segments_.front()->last == UINT64_MAX) return false;
        segment = segments_.front();
        if (!passed(*segment)) {
            if (!unread_too) return false;
            auto first = segment->last + 1;
            for (auto const& [name, place] : places_) first = std::min(first, place->acknowledged + 1);
            if (places_.empty()) first = 0;
            unread = count_existing(std::max(first, segment->header.first), segment->last);
        }
        segments_.pop_front();
        holes_.forget_up_to(segment->last);
    }
    bytes_ -= segment->size;
    int const error = files_.remove(segment->path);
    files_.sync_directory(settings_.directory.string());
    if (error < 0 && error != -ENOENT)
        say(ARB_LOG_WARNING, "cannot delete " + segment->path + ": " + describe_errno(error));
    if (unread != 0) {
        dropped_ += unread;
        say(ARB_LOG_WARNING, "the queue is full and drops its oldest: " + std::to_string(unread) +
                                 " packets that were not read by every sink are gone with " + segment->path);
    }
    return true;
}

void Journal::delete_acknowledged() {
    auto const now = Clock::now().time_since_epoch();
    auto const old = std::chrono::nanoseconds{settings_.keep_acked}.count();
    for (;;) {
        {
            std::scoped_lock const lock{state_mutex_};
            std::uint64_t kept = 0;
            for (auto const& segment : segments_) {
                if (!passed(*segment)) break;
                kept += segment->size;
                if (segment->acknowledged_at == 0)
                    segment->acknowledged_at = std::chrono::nanoseconds{now}.count();
            }
            if (kept == 0) return;
            auto const age = std::chrono::nanoseconds{now}.count() - segments_.front()->acknowledged_at;
            if (age < old && kept <= settings_.keep_acked_size) return;
        }
        if (!delete_oldest(false)) return;
        room_.notify_all();
    }
}

void Journal::measure_need() {
    auto const free = files_.free_space(settings_.directory.string());
    std::scoped_lock const append{append_mutex_};
    auto const published = published_.load();
    std::uint64_t needed = 0;
    {
        std::scoped_lock const lock{state_mutex_};
        bool const all_read =
            !places_.empty() && std::all_of(places_.begin(), places_.end(), [&](auto const& place) {
                return place.second->acknowledged >= published;
            });
        for (auto const& segment : segments_) {
            if (all_read || passed(*segment)) continue;
            needed += segment == active_ ? active_end_ : segment->size;
        }
    }
    auto const spare = free < 0 || static_cast<std::uint64_t>(free) < settings_.free_min
                           ? 0
                           : static_cast<std::uint64_t>(free) - settings_.free_min;
    auto const bytes = bytes_.load();
    needed_ = needed;
    room_bytes_ = free < 0 || settings_.size_max - std::min(settings_.size_max, bytes) < spare
                      ? settings_.size_max
                      : bytes + spare;
}

std::uint64_t Journal::count_existing(std::uint64_t first, std::uint64_t last) const {
    return first > last ? 0 : last - first + 1 - holes_.count(first, last);
}

std::uint64_t Journal::oldest() const {
    return segments_.empty() ? published_ + 1 : segments_.front()->header.first;
}

}  // namespace arb::queue
