#include "queue/inspection.hpp"

#include <algorithm>
#include <cerrno>

#include "arbitrage/abi/packet.h"
#include "arbitrage/sink.hpp"

namespace arb::queue {

namespace {

constexpr std::size_t piece_size = 1 << 20;

Error newer(std::string const& path) {
    return {ARB_PERMANENT, path + " was written by a newer version of this program", "newer"};
}

Error unreadable(std::string const& path, std::int64_t error) {
    return permanent("cannot open " + path + ": " + describe_errno(error));
}

// The lock of a journal that is there and that nobody uses.
Result<File> lock(Files& files, std::filesystem::path const& directory) {
    if (auto const there = Inspection::open(files, directory); there.has_error()) return there.error();
    auto const path = (directory / lock_name).string();
    int const descriptor = files.lock(path);
    if (descriptor == -EWOULDBLOCK)
        return Error{ARB_PERMANENT,
                     "a running process uses the queue in " + directory.string() + "; stop it first",
                     "locked"};
    if (descriptor < 0) return permanent("cannot lock " + path + ": " + describe_errno(descriptor));
    return File{files, descriptor};
}

// As read by somebody who holds the lock; the sink must be among its sinks.
Result<Inspection> open_for(Files& files, std::filesystem::path const& directory, std::string const& sink) {
    auto inspection = Inspection::open(files, directory);
    if (inspection.has_error()) return inspection;
    auto const& sinks = inspection->sinks();
    if (std::none_of(sinks.begin(), sinks.end(), [&](auto const& known) { return known.name == sink; })) {
        std::string names;
        for (auto const& known : sinks) names += (names.empty() ? "" : ", ") + known.name;
        return Error{ARB_PERMANENT,
                     "the queue in " + directory.string() + " knows no sink " + sink +
                         (names.empty() ? "" : "; it knows " + names),
                     "sink"};
    }
    return inspection;
}

}  // namespace

Result<Inspection> Inspection::open(Files& files, std::filesystem::path const& directory) {
    Inspection out;
    out.files_ = &files;
    if (auto const read = out.read(directory); read.has_error()) return read.error();
    return out;
}

Result<> Inspection::read(std::filesystem::path const& directory) {
    std::vector<std::string> names;
    if (int const error = files_->list(directory.string(), names); error < 0)
        return permanent("cannot read the queue's directory " + directory.string() + ": " +
                         describe_errno(error));
    auto const path = [&](std::string const& name) { return (directory / name).string(); };
    SlotFile meta{*files_, path(meta_name)};
    meta_ = meta.read(slot_);
    if (meta_ == SlotState::newer) return newer(path(meta_name));
    if (meta_ == SlotState::closed) return unreadable(path(meta_name), meta.error());
    for (auto const& name : names) {
        if (auto const id = segment_id(name); id != 0) {
            if (auto const read = read_segment(path(name), name, id); read.has_error()) return read;
        } else if (auto const sink = mark_sink(name); !sink.empty()) {
            Slot slot;
            SinkContents contents{sink, SlotFile{*files_, path(name)}.read(slot), {}, {}};
            if (contents.state == SlotState::newer) return newer(path(name));
            contents.journal = slot.journal;
            contents.position = {slot.incarnation, slot.sequence};
            sinks_.push_back(std::move(contents));
        }
    }
    if (segments_.empty() && strangers_.empty() && meta_ == SlotState::absent)
        return permanent("there is no queue in " + directory.string());
    std::sort(segments_.begin(), segments_.end(),
              [](auto const& a, auto const& b) { return a->header.id < b->header.id; });
    bool const known = meta_ == SlotState::good;
    journal_ = known ? slot_.journal : segments_.empty() ? Uuid{} : segments_.back()->header.journal;
    std::erase_if(segments_, [&](auto const& segment) {
        if (segment->header.journal == journal_) return false;
        strangers_.push_back(segment_name(segment->header.id) + " belongs to another journal");
        return true;
    });
    for (auto& sink : sinks_)
        if (sink.journal != journal_) sink.state = SlotState::damaged;  // the place is in another one
    incarnation_ = known ? slot_.incarnation : segments_.empty() ? 0 : segments_.back()->header.incarnation;
    clean_ = known && slot_.clean;
    return {};
}

Result<> Inspection::read_segment(std::string const& path, std::string const& name, std::uint64_t id) {
    int const descriptor = files_->open(path, Files::Mode::read);
    if (descriptor == -ENOENT) return {};  // deleted meanwhile
    if (descriptor < 0) return unreadable(path, descriptor);
    File const file{*files_, descriptor};
    std::vector<std::byte> bytes(segment_header_size);
    static_cast<void>(read_fully(*files_, descriptor, bytes, 0));
    SegmentHeader header;
    auto const state = decode_header(std::span<std::byte const, segment_header_size>{bytes}, header);
    if (state == HeaderState::newer) return newer(path);
    if (state == HeaderState::damaged || header.id != id) {
        strangers_.push_back(name + " has no readable header");
        return {};
    }
    segments_.push_back(std::make_shared<Segment>(header, path));
    segments_.back()->size = static_cast<std::uint64_t>(std::max<std::int64_t>(files_->size(descriptor), 0));
    return {};
}

// As a start sees it: later segments, and META after a stop in order, say where one ends.
std::uint64_t Inspection::limit_of(std::size_t segment) const {
    auto limit = UINT64_MAX;
    for (auto i = segment + 1; i < segments_.size(); ++i)
        limit = std::min(limit, segments_[i]->header.previous);
    bool const closed = clean_ && slot_.segment == segments_.back()->header.id;
    return closed ? std::min(limit, slot_.sequence) : limit;
}

std::uint64_t Inspection::torn_bytes(Scanner const& scanner, std::uint64_t from) const {
    std::vector<std::byte> piece(piece_size);
    auto end = from;
    for (auto at = from; at < scanner.file_size(); at += piece.size()) {
        auto const done = read_fully(*files_, scanner.descriptor(), piece, at);
        if (done <= 0) break;
        for (auto i = static_cast<std::size_t>(done); i-- != 0;)
            if (piece[i] != std::byte{0}) {
                end = at + i + 1;
                break;
            }
    }
    return end - from;
}

Result<SegmentContents> Inspection::walk(std::size_t index, Visit const& visit) const {
    auto const& segment = segments_[index];
    SegmentContents out;
    int const descriptor = files_->open(segment->path, Files::Mode::read);
    if (descriptor == -ENOENT) return out;
    if (descriptor < 0) return unreadable(segment->path, descriptor);
    Scanner scanner{*files_, segment, File{*files_, descriptor}, std::make_shared<ChunkPool>(), true};
    auto const limit = limit_of(index);
    auto previous = segment->header.first - 1;
    Damage bad{0, 0, 1, 0};
    // What is missing before packet `next`, and bytes that held no packet any more.
    auto const note = [&](std::uint64_t next) {
        if (next > previous + 1) bad.first = previous + 1, bad.last = next - 1;
        if (bad.last >= bad.first || bad.to > bad.from) out.damage.push_back(bad);
        bad = {scanner.offset(), scanner.offset(), 1, 0};
    };
    for (;;) {
        out.used = scanner.offset();
        auto const next = scanner.next(previous);
        if (next.has_error()) return next.error();
        if (*next == Scanner::Found::damage) {
            if (bad.to == bad.from) bad.from = scanner.damage_from();
            bad.to = scanner.damage_to();
            continue;
        }
        auto const& record = scanner.record();
        bool const end = *next == Scanner::Found::end;
        if (end || record.sequence > limit) {
            if (bad.to > bad.from) out.used = bad.from;
            if (end && limit == UINT64_MAX) {
                out.torn = torn_bytes(scanner, out.used);
                return out;
            }
            note(limit == UINT64_MAX ? previous + 1 : limit + 1);
            return out;
        }
        if (record.type == RecordType::seal && record.length == seal_size) {
            out.sealed = true;
            out.used = scanner.offset();
            note(limit == UINT64_MAX ? record.sequence + 1 : limit + 1);
            return out;
        }
        if (record.type != RecordType::packet) continue;
        note(record.sequence);
        previous = out.last = record.sequence;
        if (out.packets++ == 0) out.first = record.sequence;
        if (visit && !visit(*reinterpret_cast<arb_packet const*>(record.payload),
                            {segment->header.incarnation, record.sequence}))
            return out;
    }
}

Result<> Inspection::each(std::uint64_t from, std::uint64_t to, Visit const& visit) const {
    bool more = true;
    for (std::size_t i = 0; i != segments_.size() && more; ++i) {
        if (segments_[i]->header.first > to) break;
        if (i + 1 != segments_.size() && segments_[i + 1]->header.first <= from) continue;
        auto const walked = walk(i, [&](arb_packet const& packet, arb_position position) {
            if (position.sequence < from) return true;
            return more = position.sequence <= to && visit(packet, position);
        });
        if (walked.has_error()) return walked.error();
    }
    return {};
}

arb_position Inspection::before(std::uint64_t number) const {
    arb_position out{segments_.empty() ? incarnation_ : segments_.front()->header.incarnation, number - 1};
    for (auto const& segment : segments_)
        if (segment->header.first <= number) out.incarnation = segment->header.incarnation;
    return out;
}

Result<std::uint64_t> replay_offline(Files& files, std::filesystem::path const& directory,
                                     std::string const& sink, std::uint64_t from) {
    auto const locked = lock(files, directory);
    if (locked.has_error()) return locked.error();
    auto const inspection = open_for(files, directory, sink);
    if (inspection.has_error()) return inspection.error();
    auto const number = std::max({from, inspection->oldest(), std::uint64_t{1}});
    auto const position = inspection->before(number);
    auto const& sinks = inspection->sinks();
    auto const known =
        std::find_if(sinks.begin(), sinks.end(), [&](auto const& each) { return each.name == sink; });
    if (known->state == SlotState::good && !(position < known->position))
        return Error{ARB_PERMANENT,
                     "the sink " + sink + " has still to read packet " + std::to_string(number) +
                         ": it is at " + std::to_string(known->position.sequence) +
                         ", and a replay only goes back",
                     "place"};
    SlotFile file{files, (directory / mark_name(sink)).string()};
    Slot slot;
    static_cast<void>(file.read(slot));  // for its generation
    slot.journal = inspection->journal();
    slot.incarnation = position.incarnation;
    slot.sequence = position.sequence;
    if (int const error = file.write(slot); error < 0)
        return permanent("cannot write " + file.path() + ": " + describe_errno(error));
    return number;
}

Result<> forget_offline(Files& files, std::filesystem::path const& directory, std::string const& sink) {
    auto const locked = lock(files, directory);
    if (locked.has_error()) return locked.error();
    auto const inspection = open_for(files, directory, sink);
    if (inspection.has_error()) return inspection.error();
    auto const path = (directory / mark_name(sink)).string();
    if (int const error = files.remove(path); error < 0)
        return permanent("cannot delete " + path + ": " + describe_errno(error));
    if (int const error = files.sync_directory(directory.string()); error < 0)
        return permanent("cannot sync " + directory.string() + ": " + describe_errno(error));
    return {};
}

}  // namespace arb::queue
