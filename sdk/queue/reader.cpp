#include "queue/reader.hpp"

#include <cerrno>

#include "arbitrage/sink.hpp"

namespace arb::queue {

namespace {

// Acknowledged packets after which the place is stored without waiting for the interval.
constexpr std::uint64_t marks_packets = 10000;

}  // namespace

std::unique_ptr<Reader> Journal::reader(std::string const& sink) {
    std::shared_ptr<Place> place;
    bool made = false;
    {
        std::scoped_lock const lock{state_mutex_};
        if (auto const known = places_.find(sink); known != places_.end()) {
            place = known->second;
        } else {
            // Whole before it is listed: other threads go through the list.
            made = true;
            place = std::make_shared<Place>();
            place->name = sink;
            place->file = std::make_unique<SlotFile>(files_, path(mark_name(sink)));
            place->acknowledged = place->on_disk = oldest() - 1;
            place->changed = true;
            places_.emplace(sink, place);
        }
        place->next = place->acknowledged + 1;
        place->interrupted = false;
    }
    // From now on the sink holds its packets back, so its file is written before the first is read.
    if (made) store_marks();
    return std::make_unique<JournalReader>(*this, std::move(place));
}

std::unique_ptr<Reader> Journal::tap() {
    auto place = std::make_shared<Place>();
    place->acknowledged = published_;
    place->next = place->acknowledged + 1;
    return std::make_unique<JournalReader>(*this, std::move(place));
}

std::vector<std::string> Journal::sinks() const {
    std::scoped_lock const lock{state_mutex_};
    std::vector<std::string> names;
    for (auto const& [name, place] : places_) names.push_back(name);
    return names;
}

Result<> Journal::forget(std::string const& sink) {
    std::scoped_lock const marks{marks_mutex_};
    std::shared_ptr<Place> place;
    {
        std::scoped_lock const lock{state_mutex_};
        auto const found = places_.find(sink);
        if (found == places_.end()) return permanent("the queue knows no sink " + sink);
        if (found->second.use_count() > 1)
            return permanent("the sink " + sink + " is reading; stop it first");
        place = found->second;
        places_.erase(found);
    }
    if (int const error = files_.remove(place->file->path()); error < 0 && error != -ENOENT)
        return retry("cannot delete " + place->file->path() + ": " + describe_errno(error));
    files_.sync_directory(settings_.directory.string());
    return {};
}

// Packets that turn out damaged or gone while the queue runs.
void Journal::note_missing(Place& place, std::uint64_t first, std::uint64_t last,
                           std::string const& segment) {
    std::uint64_t missing = 0;
    {
        std::scoped_lock const lock{state_mutex_};
        missing = count_existing(first, last);
        if (missing == 0) return;
        holes_.add(first, last);
        place.skipped += missing;
    }
    say(ARB_LOG_ERROR, std::to_string(missing) + " packets (" + std::to_string(first) + " to " +
                           std::to_string(last) + ") of " + segment +
                           " cannot be read any more; reading goes on behind them");
}

Result<Batch> JournalReader::read(Limits const& limits, std::chrono::milliseconds wait) {
    auto const until = Clock::now() + wait;
    for (;;) {
        Collected out;
        out.next = skip_what_is_gone();
        if (!journal_.await(out.next, until, *place_)) {
            place_->interrupted = false;
            return std::move(out.batch);
        }
        if (limits.fill_max.count() != 0)
            journal_.await(out.next + limits.packets_max - 1, Clock::now() + limits.fill_max, *place_);
        auto const published = journal_.published_.load(std::memory_order_acquire);
        if (auto view = journal_.tail_.find(out.next)) {
            collect_from_tail(std::move(*view), published, limits, out);
        } else if (auto const read = collect_from_file(published, limits, out); read.has_error()) {
            return read.error();
        }
        {
            std::scoped_lock const lock{journal_.state_mutex_};
            place_->next = out.next;
        }
        if (!out.batch.packets.empty()) {
            out.batch.first.incarnation = out.batch.last.incarnation;
            out.batch.first.sequence = out.batch.packets.front()->position;
            out.batch.last.sequence = out.batch.packets.back()->position;
            return std::move(out.batch);
        }
    }
}

// The number to read next, behind what drop_oldest or damage took.
std::uint64_t JournalReader::skip_what_is_gone() {
    std::scoped_lock const lock{journal_.state_mutex_};
    auto const oldest = journal_.oldest();
    auto& place = *place_;
    if (place.next < oldest) {
        place.skipped += oldest - place.next;
        place.skips.add(place.next, oldest - 1);
        place.next = oldest;
    }
    // Nothing of them will be acknowledged, so the place moves past them by itself.
    if (auto const end = place.skips.end_of(place.acknowledged + 1); end > place.acknowledged) {
        place.acknowledged = end;
        place.position = {journal_.segments_.empty() ? journal_.incarnation_
                                                     : journal_.segments_.front()->header.incarnation,
                          end};
        place.changed = true;
    }
    return place.next;
}

// Takes a packet into the batch; false if the batch is full without it.
bool JournalReader::add(std::byte const* packet, std::uint64_t length, Limits const& limits, Collected& out) {
    auto& packets = out.batch.packets;
    if (!packets.empty() && (packets.size() >= limits.packets_max || out.bytes + length > limits.bytes_max))
        return false;
    packets.push_back(reinterpret_cast<arb_packet const*>(packet));
    out.bytes += length;
    return true;
}

void JournalReader::collect_from_tail(Tail::View view, std::uint64_t published, Limits const& limits,
                                      Collected& out) {
    out.batch.packets.reserve(std::min<std::uint64_t>(limits.packets_max, published - out.next + 1));
    out.batch.last.incarnation = journal_.incarnation_;
    for (bool full = false; !full;) {
        if (chunk_.memory != view.memory || chunk_number_ > out.next) {
            chunk_number_ = view.first;
            chunk_offset_ = 0;
        }
        chunk_ = view;
        auto const last = std::min(view.last, published);
        bool used = false;
        while (chunk_number_ <= last) {
            auto const* const head = chunk_.memory.get() + chunk_offset_;
            auto const length = get<std::uint32_t>(head + 12);
            if (chunk_number_ == out.next) {
                full = !add(head + record_head_size, length, limits, out);
                if (full) break;
                used = true;
                ++out.next;
            }
            chunk_offset_ += record_size(length);
            ++chunk_number_;
        }
        if (used) out.batch.memory.push_back(chunk_.memory);
        if (full || out.next > published) return;
        auto following = journal_.tail_.find(out.next);
        if (!following) return;
        view = std::move(*following);
    }
}

// The segment that holds `number` and its last packet; null if it has been deleted meanwhile.
Result<std::shared_ptr<Segment>> JournalReader::find_segment(std::uint64_t number, std::uint64_t published,
                                                             std::uint64_t& last) {
    std::scoped_lock const lock{journal_.state_mutex_};
    auto& segments = journal_.segments_;
    for (auto at = segments.rbegin(); at != segments.rend(); ++at) {
        if ((*at)->header.first > number) continue;
        segment_grows_ = (*at)->last == UINT64_MAX;
        last = std::min((*at)->last, published);
        // Numbers that no segment holds lie behind its last.
        auto const end = at == segments.rbegin() ? published : (*std::prev(at))->header.first - 1;
        if (number > last) last = end;
        return *at;
    }
    return std::shared_ptr<Segment>{};
}

Result<> JournalReader::collect_from_file(std::uint64_t published, Limits const& limits, Collected& out) {
    std::uint64_t last = 0;
    auto const found = find_segment(out.next, published, last);
    if (found.has_error()) return found.error();
    auto const& segment = *found;
    if (!segment) return {};
    out.batch.last.incarnation = segment->header.incarnation;
    if (!scanner_ || &scanner_->segment() != segment.get()) {
        int const descriptor = journal_.files_.open(segment->path, Files::Mode::read);
        if (descriptor < 0 && descriptor != -ENOENT)
            return retry("cannot open " + segment->path + ": " + describe_errno(descriptor));
        if (descriptor < 0) {
            journal_.note_missing(*place_, out.next, last, segment->path);
            out.next = last + 1;
            return {};
        }
        scanner_ = std::make_unique<Scanner>(journal_.files_, segment, File{journal_.files_, descriptor},
                                             journal_.pool_, segment_grows_);
        record_waits_ = false;
    }
    while (out.next <= last) {
        if (!record_waits_) {
            auto const next = scanner_->next(out.next - 1);
            if (next.has_error()) return next.error();
            if (*next == Scanner::Found::damage) continue;
            auto const& record = scanner_->record();
            bool const end = *next == Scanner::Found::end || record.type == RecordType::seal;
            if (!end && record.type != RecordType::packet) continue;
            if (end || record.sequence > last) {
                journal_.note_missing(*place_, out.next, last, segment->path);
                out.next = last + 1;
                scanner_.reset();
                return {};
            }
        }
        auto const& record = scanner_->record();
        record_waits_ = record.sequence >= out.next;
        if (!record_waits_) continue;  // the reader was moved on since
        if (record.sequence > out.next)
            journal_.note_missing(*place_, out.next, record.sequence - 1, segment->path);
        out.next = record.sequence;
        if (!add(record.payload, record.length, limits, out)) return {};
        record_waits_ = false;
        auto& memory = out.batch.memory;
        if (memory.empty() || memory.back() != scanner_->memory()) memory.push_back(scanner_->memory());
        ++out.next;
    }
    return {};
}

void JournalReader::acknowledge(arb_position stored) {
    bool soon = false;
    {
        std::scoped_lock const lock{journal_.state_mutex_};
        auto& place = *place_;
        auto const published = journal_.published_.load();
        auto const up_to = stored.incarnation == journal_.incarnation_
                               ? std::min(stored.sequence, published)
                               : first_after(journal_.segments_, stored, published + 1) - 1;
        if (up_to <= place.acknowledged) return;
        place.acknowledged = up_to;
        place.position = stored;
        place.changed = true;
        place.skips.forget_up_to(up_to);
        soon = up_to >= place.on_disk + marks_packets && place.file;
    }
    if (soon) journal_.ask_keeper(true);
}

Result<std::uint64_t> JournalReader::seek(arb_position position) {
    if (position.incarnation > journal_.incarnation_)
        return permanent("the sink has packets of start " + std::to_string(position.incarnation) +
                         " of this journal, which is only at its start " +
                         std::to_string(journal_.incarnation_) +
                         ": the journal is an older copy; give it an empty directory");
    std::uint64_t missing = 0;
    std::scoped_lock const lock{journal_.state_mutex_};
    auto& place = *place_;
    auto const oldest = journal_.oldest();
    auto const published = journal_.published_.load();
    auto next = position.incarnation == journal_.incarnation_
                    ? std::min(position.sequence, published) + 1
                    : first_after(journal_.segments_, position, published + 1);
    bool const kept = position.sequence == 0 || journal_.segments_.empty() || position.sequence + 1 >= oldest;
    if (!kept) missing = oldest - position.sequence - 1;
    next = std::max(next, oldest);
    place.next = next;
    place.acknowledged = next - 1;
    place.on_disk = std::min(place.on_disk, place.acknowledged);  // nothing it wants again may be deleted
    place.position = position;
    place.changed = true;
    place.skips.forget_up_to(next);
    scanner_.reset();
    record_waits_ = false;
    return missing;
}

arb_position JournalReader::acknowledged() const {
    std::scoped_lock const lock{journal_.state_mutex_};
    return place_->position;
}

std::uint64_t JournalReader::lag_packets() const {
    std::scoped_lock const lock{journal_.state_mutex_};
    auto const& place = *place_;
    // Those handed out and not yet stored, and those not yet read.
    auto const handed_out = journal_.count_existing(place.acknowledged + 1, place.next - 1) -
                            place.skips.count(place.acknowledged + 1, place.next - 1);
    auto const unread = std::max(place.next, journal_.oldest());
    return handed_out + journal_.count_existing(unread, journal_.published_);
}

std::uint64_t JournalReader::skipped_packets() const {
    std::scoped_lock const lock{journal_.state_mutex_};
    return place_->skipped;
}

void JournalReader::interrupt() {
    {
        std::scoped_lock const lock{journal_.wait_mutex_};
        place_->interrupted = true;
    }
    journal_.ready_.notify_all();
}

}  // namespace arb::queue
