// A journal read without changing a byte of it: for looking at one that stands still, at a copy, or beside a
// running host. It reads every segment from its beginning, what the sinks have already as well.
//
// Thread safety: one thread. Memory: one window of a file at a time.
#pragma once

#include <functional>

#include "queue/recovery.hpp"
#include "queue/scanner.hpp"

namespace arb::queue {

struct Damage {
    std::uint64_t from = 0;  // bytes of the file; from == to: the bytes themselves are gone
    std::uint64_t to = 0;
    std::uint64_t first = 1;  // packets that are missing; last < first: none
    std::uint64_t last = 0;
};

struct SegmentContents {
    std::uint64_t packets = 0;
    std::uint64_t first = 0, last = 0;  // good packets; 0: none
    std::uint64_t used = 0;             // bytes up to the end of the last good record
    std::uint64_t torn = 0;             // bytes behind it of a record that was not written completely
    bool sealed = false;
    std::vector<Damage> damage;
};

struct SinkContents {
    std::string name;
    SlotState state = SlotState::absent;
    arb_position position{};
    Uuid journal{};  // which the place is in
};

class Inspection {
  public:
    // Reads META, the sinks' places and the segments' headers. Error.where is "newer" if a newer version
    // wrote them.
    static Result<Inspection> open(Files& files, std::filesystem::path const& directory);

    Uuid const& journal() const { return journal_; }
    std::uint64_t incarnation() const { return incarnation_; }
    bool closed_in_order() const { return clean_; }
    SlotState meta() const { return meta_; }
    std::deque<std::shared_ptr<Segment>> const& segments() const { return segments_; }
    std::vector<SinkContents> const& sinks() const { return sinks_; }
    // Files named like segments that are none of this journal: "seg-0000000002.journal has no readable
    // header".
    std::vector<std::string> const& strangers() const { return strangers_; }

    // Gives each good packet of the segment with its position, in order, until the callback says false (then
    // what is returned counts up to there). A segment that is gone meanwhile is empty.
    using Visit = std::function<bool(arb_packet const&, arb_position)>;
    Result<SegmentContents> walk(std::size_t segment, Visit const& visit) const;
    // The same for the packets [from, to] of all segments.
    Result<> each(std::uint64_t from, std::uint64_t to, Visit const& visit) const;

    // The number of the oldest packet that may be there, and of the newest one by what the segments say.
    std::uint64_t oldest() const { return segments_.empty() ? 0 : segments_.front()->header.first; }
    // The position before packet `number`, for a place from which reading goes on with it.
    arb_position before(std::uint64_t number) const;

  private:
    Inspection() = default;
    Result<> read(std::filesystem::path const& directory);
    Result<> read_segment(std::string const& path, std::string const& name, std::uint64_t id);
    std::uint64_t limit_of(std::size_t segment) const;
    std::uint64_t torn_bytes(Scanner const& scanner, std::uint64_t from) const;

    Files* files_ = nullptr;
    Uuid journal_{};
    std::uint64_t incarnation_ = 0;
    bool clean_ = false;
    SlotState meta_ = SlotState::absent;
    Slot slot_;
    std::deque<std::shared_ptr<Segment>> segments_;
    std::vector<SinkContents> sinks_;
    std::vector<std::string> strangers_;
};

// Changes to the places of a journal that no process uses; Error.where is "locked" if one does.
//
// The sink goes on with packet `from`, or with the oldest that is kept: the number it goes on with.
Result<std::uint64_t> replay_offline(Files& files, std::filesystem::path const& directory,
                                     std::string const& sink, std::uint64_t from);
Result<> forget_offline(Files& files, std::filesystem::path const& directory, std::string const& sink);

}  // namespace arb::queue
