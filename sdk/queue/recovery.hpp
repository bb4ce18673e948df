// What a start does with the files it finds: reads them all before it changes one, begins a new incarnation,
// walks the records that some sink has still to read, and sets damaged bytes aside. Doing it twice does it
// once.
#pragma once

#include <deque>
#include <map>
#include <memory>

#include "queue/queue.hpp"
#include "queue/ranges.hpp"
#include "queue/slots.hpp"

namespace arb::queue {

// The names in the directory.
inline constexpr char lock_name[] = "LOCK";
inline constexpr char meta_name[] = "META";
inline constexpr char spare_name[] = "spare.tmp";
inline constexpr char ballast_name[] = "ballast";
inline constexpr char quarantine_name[] = "quarantine";

struct Recovered {
    File lock;
    std::unique_ptr<SlotFile> meta;
    Uuid journal{};
    std::uint64_t incarnation = 0;  // of this start; durable already
    std::deque<std::shared_ptr<Segment>> segments;
    std::map<std::string, std::pair<std::unique_ptr<SlotFile>, arb_position>> marks;
    Ranges holes;                 // numbers between the segments' first and last that no packet has
    std::uint64_t last = 0;       // the newest packet there is
    std::uint64_t next = 1;       // the number the next packet gets
    std::uint64_t newest_id = 0;  // of a segment, used or set aside
    std::vector<Loss> losses;     // to be written down in the first new segment
    arb_time newest_time = 0;     // received_time of the newest packet there ever was; 0 if there was none
};

Result<Recovered> recover(Files& files, Settings const& settings, Recovery& report);

// The first number behind `position`, as far as the segments know; `next` if everything is before it.
std::uint64_t first_after(std::deque<std::shared_ptr<Segment>> const& segments, arb_position position,
                          std::uint64_t next);

}  // namespace arb::queue
