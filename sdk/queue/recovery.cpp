#include "queue/recovery.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <set>

#include "arbitrage/abi/packet.h"
#include "arbitrage/sink.hpp"
#include "queue/quarantine.hpp"
#include "queue/scanner.hpp"

namespace arb::queue {

namespace {

// Damaged places that get a sentence each; the rest is counted in one.
constexpr std::size_t sentences_max = 20;

// Damaged places of a segment that are set aside one by one; if there are more, all of it is, as one file.
constexpr std::size_t places_max = 64;

class Start {
  public:
    Start(Files& files, Settings const& settings, Recovery& report)
        : files_{files}, settings_{settings}, report_{report}, quarantine_{files, settings.directory} {}
    Result<Recovered> run();

  private:
    Result<> look();
    Result<> lock();
    Result<> read_directory();
    Result<> read_segment(std::string const& name, std::uint64_t id);
    void choose_journal();
    Result<> begin_incarnation();
    void set_foreign_aside();
    std::uint64_t limit_of(std::size_t at) const;
    bool passed_by_all(std::size_t at) const;
    Result<> scan_all();
    Result<> scan(std::size_t at);
    void take_packet(std::size_t at, Scanner::Record const& record, Scanner const& scanner);
    void end_segment(std::size_t at, Scanner const& scanner, std::uint64_t end, bool sealed);
    void lose(SegmentHeader const& in, std::uint64_t first, std::uint64_t last, std::uint64_t bytes);
    bool set_aside(Scanner const& scanner, std::uint64_t from, std::uint64_t to);
    void remove_empty();
    void number();
    void find_newest_time();
    void report_losses();
    void say(std::string sentence) { report_.sentences.push_back(std::move(sentence)); }
    std::string path(std::string const& name) const { return (settings_.directory / name).string(); }

    Files& files_;
    Settings const& settings_;
    Recovery& report_;
    Quarantine const quarantine_;
    Recovered out_;
    Slot meta_;
    SlotState meta_state_ = SlotState::absent;
    std::map<std::string, std::pair<SlotState, Slot>> marks_;
    std::vector<std::string> unreadable_;  // segment files without a good header
    std::shared_ptr<ChunkPool> pool_ = std::make_shared<ChunkPool>();

    // Of the segment being scanned.
    std::uint64_t previous_ = 0;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> bad_;  // bytes since the last good record
    std::size_t places_ = 0;                                    // where bytes were bad
    std::vector<Loss> known_;
    std::vector<std::uint64_t> with_losses_;  // segments that hold loss records
    struct Found {
        Loss loss;
        arb_time from = 0;  // of the good packet before it, or of its segment
        arb_time to = 0;    // of the good one behind it; 0 if there is none
    };
    std::vector<Found> found_;
};

Error newer(std::string const& path) {
    return {ARB_PERMANENT,
            path +
                " was written by a newer version of this program; nothing was changed. Start the newer "
                "version, or "
                "move the directory away",
            "newer"};
}

// No journal lives that long: somebody else made these files.
Error used_up(std::filesystem::path const& directory) {
    return permanent("the numbers of the journal in " + directory.string() +
                     " are used up; this program did not write it so. Move the directory away");
}

Error cannot_open(SlotFile const& file) {
    return retry("cannot open " + file.path() + ": " + describe_errno(file.error()) +
                 "; the journal is not begun while a file of it is out of reach");
}

bool of_queue(std::string const& name) {
    constexpr std::array names{lock_name, meta_name, spare_name, ballast_name, quarantine_name};
    return std::find(names.begin(), names.end(), name) != names.end() || segment_id(name) != 0 ||
           !mark_sink(name).empty();
}

// A directory with files of somebody else and none of ours was named by mistake: a journal would be lost
// among them.
Result<> Start::look() {
    auto const directory = settings_.directory.string();
    if (int const error = files_.make_directory(directory); error < 0)
        return permanent("cannot make the queue's directory " + directory + ": " + describe_errno(error));
    std::vector<std::string> names;
    if (int const error = files_.list(directory, names); error < 0)
        return retry("cannot list " + directory + ": " + describe_errno(error));
    std::erase(names, "lost+found");  // a file system of its own has it
    if (names.empty() || std::any_of(names.begin(), names.end(), of_queue)) return {};
    return Error{ARB_PERMANENT,
                 directory + " holds other files, such as " + names.front() +
                     ", and no queue: name a directory that is empty or not there yet",
                 "foreign"};
}

Result<> Start::lock() {
    auto const directory = settings_.directory.string();
    int const descriptor = files_.lock(path(lock_name));
    if (descriptor == -EWOULDBLOCK)
        return Error{ARB_PERMANENT, "another process uses the queue in " + directory, "locked"};
    if (descriptor < 0) return retry("cannot lock " + path(lock_name) + ": " + describe_errno(descriptor));
    out_.lock = File{files_, descriptor};
    return {};
}

Result<> Start::read_segment(std::string const& name, std::uint64_t id) {
    int const descriptor = files_.open(path(name), Files::Mode::read);
    if (descriptor < 0) return retry("cannot open " + path(name) + ": " + describe_errno(descriptor));
    File const file{files_, descriptor};
    std::vector<std::byte> bytes(segment_header_size);
    static_cast<void>(read_fully(files_, descriptor, bytes, 0));  // what cannot be read is damaged
    SegmentHeader header;
    auto const state = decode_header(std::span<std::byte const, segment_header_size>{bytes}, header);
    if (state == HeaderState::newer) return newer(path(name));
    out_.newest_id = std::max(out_.newest_id, id);
    if (state == HeaderState::damaged || header.id != id) {
        unreadable_.push_back(name);
        return {};
    }
    auto segment = std::make_shared<Segment>(header, path(name));
    auto const size = files_.size(descriptor);
    segment->size = size < 0 ? 0 : static_cast<std::uint64_t>(size);
    out_.segments.push_back(std::move(segment));
    return {};
}

// Looks at everything and changes nothing, so that what a newer version wrote stays as it is.
Result<> Start::read_directory() {
    out_.meta = std::make_unique<SlotFile>(files_, path(meta_name));
    meta_state_ = out_.meta->read(meta_);
    if (meta_state_ == SlotState::newer) return newer(path(meta_name));
    if (meta_state_ == SlotState::closed) return cannot_open(*out_.meta);
    std::vector<std::string> names;
    if (int const error = files_.list(settings_.directory.string(), names); error < 0)
        return retry("cannot list " + settings_.directory.string() + ": " + describe_errno(error));
    for (auto const& name : names) {
        if (auto const id = segment_id(name); id != 0) {
            if (auto const read = read_segment(name, id); read.has_error()) return read;
        } else if (auto const sink = mark_sink(name); !sink.empty()) {
            auto file = std::make_unique<SlotFile>(files_, path(name));
            auto& [state, slot] = marks_[sink];
            state = file->read(slot);
            if (state == SlotState::newer) return newer(path(name));
            if (state == SlotState::closed) return cannot_open(*file);
            out_.marks[sink].first = std::move(file);
        }
    }
    std::sort(out_.segments.begin(), out_.segments.end(),
              [](auto const& a, auto const& b) { return a->header.id < b->header.id; });
    return {};
}

// The journal's identity: META has it; without META whatever knows it, and a new one only in an empty
// directory.
void Start::choose_journal() {
    bool const known = meta_state_ == SlotState::good;
    if (known) {
        out_.journal = meta_.journal;
    } else {
        out_.journal = random_uuid();
        for (auto const& [sink, mark] : marks_)
            if (mark.first == SlotState::good) out_.journal = mark.second.journal;
        if (!out_.segments.empty()) out_.journal = out_.segments.back()->header.journal;
        if (meta_state_ == SlotState::damaged || !out_.segments.empty() || !unreadable_.empty())
            say(path(meta_name) + " is " + (meta_state_ == SlotState::absent ? "missing" : "damaged") +
                "; it was built again from the segments");
    }
    out_.incarnation = known ? meta_.incarnation : 0;
    out_.newest_id = std::max(out_.newest_id, known ? meta_.segment : 0);
    out_.newest_time = known ? meta_.newest_time : 0;
    for (auto const& segment : out_.segments)
        if (segment->header.journal == out_.journal)
            out_.incarnation = std::max(out_.incarnation, segment->header.incarnation);
    for (auto& [sink, mark] : marks_) {
        auto const& [state, slot] = mark;
        if (state == SlotState::good && slot.journal == out_.journal) {
            out_.marks[sink].second = {slot.incarnation, slot.sequence};
            out_.incarnation = std::max(out_.incarnation, slot.incarnation);
        } else {
            say("the place of the sink " + sink +
                (state == SlotState::good ? " is that of another journal" : " is damaged") +
                "; it begins again at the oldest packet kept");
        }
    }
    auto const newest = out_.segments.empty() ? 0 : out_.segments.back()->header.incarnation;
    bool const empty = out_.segments.empty() && unreadable_.empty();
    report_.clean = known ? meta_.clean && newest <= meta_.incarnation : empty;
    ++out_.incarnation;
}

Result<> Start::begin_incarnation() {
    Slot slot{0, out_.journal, out_.incarnation, 0, out_.newest_id, false, out_.newest_time};
    int error = out_.meta->write(slot);
    if (out_of_space(error) && files_.remove(path(ballast_name)) == 0) error = out_.meta->write(slot);
    if (error < 0) return retry("cannot write " + path(meta_name) + ": " + describe_errno(error));
    files_.remove(path(spare_name));
    return {};
}

void Start::set_foreign_aside() {
    auto const move = [&](std::string const& name, char const* why) {
        static_cast<void>(files_.make_directory(quarantine_.directory()));
        int const error = files_.rename(path(name), quarantine_.directory() + "/" + name);
        say(path(name) + why + (error == 0 ? "; it was moved to " : "; it could not be moved to ") +
            quarantine_.directory());
    };
    for (auto const& name : unreadable_) {
        report_.clean = false;
        if (int const descriptor = files_.open(path(name), Files::Mode::read); descriptor >= 0) {
            File const file{files_, descriptor};
            report_.quarantined_bytes +=
                static_cast<std::uint64_t>(std::max<std::int64_t>(files_.size(descriptor), 0));
        }
        move(name, " has no readable header");
    }
    std::erase_if(out_.segments, [&](auto const& segment) {
        if (segment->header.journal == out_.journal) return false;
        move(segment_name(segment->header.id), " belongs to another journal");
        return true;
    });
}

// The last packet that counts in a segment: later segments say what came before them.
std::uint64_t Start::limit_of(std::size_t at) const {
    auto limit = UINT64_MAX;
    for (auto i = at + 1; i < out_.segments.size(); ++i)
        limit = std::min(limit, out_.segments[i]->header.previous);
    // A queue that was closed in order says it of the last one.
    bool const closed =
        meta_state_ == SlotState::good && meta_.clean && meta_.segment == out_.segments.back()->header.id;
    return closed ? std::min(limit, meta_.sequence) : limit;
}

bool Start::passed_by_all(std::size_t at) const {
    if (at + 1 == out_.segments.size() || out_.marks.empty()) return false;
    arb_position const end{out_.segments[at]->header.incarnation, limit_of(at)};
    return std::all_of(out_.marks.begin(), out_.marks.end(),
                       [&](auto const& mark) { return !(mark.second.second < end); });
}

Result<> Start::scan_all() {
    for (std::size_t at = 0; at != out_.segments.size(); ++at) {
        if (settings_.progress) settings_.progress();
        if (passed_by_all(at)) {
            previous_ = out_.segments[at]->last = limit_of(at);
        } else if (auto const scanned = scan(at); scanned.has_error()) {
            return scanned;
        }
        // Numbers that a start left out, because some sink had them already.
        if (at + 1 != out_.segments.size()) {
            auto const& next = out_.segments[at + 1]->header;
            out_.holes.add(next.previous + 1, next.first - 1);
        }
        out_.last = std::max(out_.last, previous_);
    }
    return {};
}

Result<> Start::scan(std::size_t at) {
    auto const& segment = out_.segments[at];
    auto const limit = limit_of(at);
    previous_ = segment->header.first - 1;
    bad_.clear();
    places_ = 0;
    int const descriptor = files_.open(segment->path, Files::Mode::write);
    if (descriptor < 0) return retry("cannot open " + segment->path + ": " + describe_errno(descriptor));
    Scanner scanner{files_, segment, File{files_, descriptor}, pool_};
    bool sealed = false;
    for (;;) {
        auto const end = scanner.offset();
        auto const next = scanner.next(previous_);
        if (next.has_error()) return next.error();
        if (*next == Scanner::Found::damage) {
            bad_.emplace_back(scanner.damage_from(), scanner.damage_to());
            continue;
        }
        auto const& record = scanner.record();
        bool const is_void = *next == Scanner::Found::record && record.sequence > limit;
        if (*next == Scanner::Found::end || is_void) {
            end_segment(at, scanner, is_void ? end : scanner.damage_from(), is_void);
            break;
        }
        if (record.type == RecordType::packet) {
            take_packet(at, record, scanner);
        } else if (record.type == RecordType::loss && record.length == loss_size) {
            known_.push_back(decode_loss(record.payload));
            with_losses_.push_back(segment->header.id);
        } else if (record.type == RecordType::seal && record.length == seal_size) {
            sealed = true;
            auto const last = std::min(record.sequence, limit);
            if (last > previous_) take_packet(at, {RecordType::seal, last + 1, nullptr, 0}, scanner);
            previous_ = std::max(previous_, last);
            end_segment(at, scanner, end, true);
            break;
        }
    }
    segment->last = previous_;
    if (!sealed && at + 1 == out_.segments.size() && limit == UINT64_MAX) report_.clean = false;
    // What a killed process left to the kernel counts as durable from here on.
    if (int const error = files_.sync(descriptor); error < 0)
        say("cannot sync " + segment->path + ": " + describe_errno(error));
    return {};
}

// A good record: what was expected before it and did not come is lost.
void Start::take_packet(std::size_t at, Scanner::Record const& record, Scanner const& scanner) {
    std::uint64_t bytes = 0;
    for (auto const& [from, to] : bad_) {
        if (++places_ <= places_max) set_aside(scanner, from, to);
        if (places_ == places_max + 1) set_aside(scanner, 0, scanner.file_size());
        bytes += to - from;
    }
    bad_.clear();
    if (record.sequence > previous_ + 1)
        lose(out_.segments[at]->header, previous_ + 1, record.sequence - 1, bytes);
    if (record.type != RecordType::packet) return;
    previous_ = record.sequence;
    report_.last_accepted = reinterpret_cast<arb_packet const*>(record.payload)->received_time;
    for (auto found = found_.rbegin(); found != found_.rend() && found->to == 0; ++found)
        found->to = report_.last_accepted;
}

// Behind the last good record: a tail torn by the stop, unless a later segment, or the seal, knows of more
// packets.
void Start::end_segment(std::size_t at, Scanner const& scanner, std::uint64_t end, bool in_order) {
    auto& segment = *out_.segments[at];
    auto const limit = limit_of(at);
    auto const to = in_order ? end : scanner.file_size();
    if (!bad_.empty()) end = std::min(end, bad_.front().first);
    bad_.clear();
    if (limit != UINT64_MAX && limit > previous_) {
        set_aside(scanner, end, to);
        lose(segment.header, previous_ + 1, limit, to - end);
        previous_ = limit;
        return;
    }
    if (in_order) return;
    auto const quarantined = report_.quarantined_bytes;
    bool const safe = set_aside(scanner, end, scanner.file_size());
    if (report_.quarantined_bytes != quarantined) {
        report_.clean = false;
        say(segment.path + " ends in a record that was not written completely; reading ends before it");
    }
    // The room set aside and not used goes back; no record is ever added to this segment.
    if (safe && end < scanner.file_size() && files_.truncate(scanner.descriptor(), end) == 0)
        segment.size = end;
}

void Start::lose(SegmentHeader const& in, std::uint64_t first, std::uint64_t last, std::uint64_t bytes) {
    out_.holes.add(first, last);
    auto const from = report_.last_accepted != 0 ? report_.last_accepted : in.wall_time;
    found_.push_back({{in.id, first, last, bytes}, from, 0});
}

// Copies bytes that hold no good record away. False if they could not be copied.
bool Start::set_aside(Scanner const& scanner, std::uint64_t from, std::uint64_t to) {
    auto const done = quarantine_.keep(scanner, from, to);
    if (done == Quarantine::Kept::copied) report_.quarantined_bytes += to - from;
    if (done == Quarantine::Kept::failed)
        say("damaged bytes of " + scanner.segment().path + " could not be copied to " +
            quarantine_.directory());
    return done != Quarantine::Kept::failed;
}

// Segments without a packet, left by starts that accepted nothing, would pile up.
void Start::remove_empty() {
    std::erase_if(out_.segments, [&](auto const& segment) {
        bool const holds_losses =
            std::find(with_losses_.begin(), with_losses_.end(), segment->header.id) != with_losses_.end();
        if (segment->last >= segment->header.first || holds_losses) return false;
        return files_.remove(segment->path) == 0;
    });
}

// Numbers go on behind everything that was ever given out, as far as anybody remembers.
void Start::number() {
    if (meta_state_ == SlotState::good && meta_.clean) out_.last = std::max(out_.last, meta_.sequence);
    auto newest = out_.last;
    for (auto const& [sink, mark] : out_.marks) newest = std::max(newest, mark.second.sequence);
    out_.next = newest + 1;
    out_.holes.add(out_.last + 1, newest);
}

// When the newest packet came: from its segment, read for this alone if every sink was past it, else from
// META, which remembers it after all segments are gone. Without it nobody could say since when something is
// missing.
void Start::find_newest_time() {
    for (auto at = out_.segments.size(); report_.last_accepted == 0 && at-- != 0;) {
        auto const& segment = out_.segments[at];
        int const descriptor = files_.open(segment->path, Files::Mode::read);
        if (descriptor < 0) continue;
        Scanner scanner{files_, segment, File{files_, descriptor}, pool_};
        auto const limit = limit_of(at);
        for (std::uint64_t last = 0; last < limit;) {
            auto const next = scanner.next(last);
            if (next.has_error() || *next == Scanner::Found::end) break;
            auto const& record = scanner.record();
            if (*next == Scanner::Found::damage || record.type != RecordType::packet) continue;
            if (record.sequence > limit) break;
            last = record.sequence;
            report_.last_accepted = reinterpret_cast<arb_packet const*>(record.payload)->received_time;
        }
    }
    if (report_.last_accepted == 0) report_.last_accepted = out_.newest_time;
    out_.newest_time = report_.last_accepted;
}

// Only what some sink still had to read is a loss, and only once.
void Start::report_losses() {
    auto acknowledged = out_.marks.empty() ? 0 : UINT64_MAX;
    for (auto const& [sink, mark] : out_.marks)
        acknowledged = std::min(acknowledged, first_after(out_.segments, mark.second, out_.next) - 1);
    std::set<std::array<std::uint64_t, 3>> known;
    for (auto const& loss : known_) known.insert({loss.segment, loss.first, loss.last});
    for (auto const& [loss, from, to] : found_) {
        if (known.contains({loss.segment, loss.first, loss.last}) || loss.last <= acknowledged) continue;
        out_.losses.push_back(loss);
        if (report_.lost_from == 0 || from < report_.lost_from) report_.lost_from = from;
        report_.lost_to = std::max({report_.lost_to, from, to != 0 ? to : report_.last_accepted});
        report_.lost_records += loss.last - std::max(loss.first, acknowledged + 1) + 1;
        if (out_.losses.size() > sentences_max) continue;
        say("packets " + std::to_string(loss.first) + " to " + std::to_string(loss.last) +
            " are damaged or missing in " + path(segment_name(loss.segment)) +
            "; what is left of them is in " + quarantine_.directory());
    }
    if (out_.losses.size() > sentences_max)
        say(std::to_string(out_.losses.size() - sentences_max) + " more places are damaged; all in all " +
            std::to_string(report_.lost_records) + " packets are lost");
    if (!out_.losses.empty()) report_.clean = false;
    auto const first =
        std::max(acknowledged + 1, out_.segments.empty() ? out_.next : out_.segments.front()->header.first);
    if (first < out_.next) report_.records = out_.next - first - out_.holes.count(first, out_.next - 1);
}

Result<Recovered> Start::run() {
    if (auto const looked = look(); looked.has_error()) return looked.error();
    if (auto const locked = lock(); locked.has_error()) return locked.error();
    if (auto const read = read_directory(); read.has_error()) return read.error();
    choose_journal();
    if (out_.incarnation > number_max / 2 || out_.newest_id > number_max / 2)
        return used_up(settings_.directory);
    if (auto const begun = begin_incarnation(); begun.has_error()) return begun.error();
    set_foreign_aside();
    if (auto const scanned = scan_all(); scanned.has_error()) return scanned.error();
    remove_empty();
    // A process that was killed may not have synced the names of its last segments.
    if (int const error = files_.sync_directory(settings_.directory.string()); error < 0)
        return retry("cannot sync " + settings_.directory.string() + ": " + describe_errno(error));
    number();
    if (out_.next > number_max / 2) return used_up(settings_.directory);
    find_newest_time();
    report_losses();
    return std::move(out_);
}

}  // namespace

Result<Recovered> recover(Files& files, Settings const& settings, Recovery& report) {
    report = {};
    return Start{files, settings, report}.run();
}

std::uint64_t first_after(std::deque<std::shared_ptr<Segment>> const& segments, arb_position position,
                          std::uint64_t next) {
    for (auto const& segment : segments) {
        if (segment->header.incarnation < position.incarnation) continue;
        if (segment->header.incarnation > position.incarnation) return segment->header.first;
        if (position.sequence < segment->last) return std::max(position.sequence + 1, segment->header.first);
    }
    return next;
}

}  // namespace arb::queue
