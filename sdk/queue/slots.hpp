// A small file of two slots of 4 KiB that are written in turn, so that a torn write leaves the other one:
// META, and one `ack-` file for each sink. Both keep the same few numbers.
//
// Thread safety: one thread at a time.
#pragma once

#include "queue/segment.hpp"

namespace arb::queue {

inline constexpr std::size_t slot_size = 4096;

struct Slot {
    std::uint64_t generation = 0;
    Uuid journal{};
    std::uint64_t incarnation = 0;  // META: of the newest start. ack: of the position
    std::uint64_t sequence =
        0;  // META: of the newest packet, if `clean`. ack: everything up to here is stored
    std::uint64_t segment = 0;     // META: the newest segment, if `clean`
    bool clean = false;            // META: the queue was closed in order
    std::int64_t newest_time = 0;  // META: when the newest packet was received, as of the last stop in order
};

// closed: the file is there and may not be opened, which says nothing about what is in it.
enum class SlotState { good, absent, damaged, newer, closed };

class SlotFile {
  public:
    SlotFile(Files& files, std::string path) : files_{&files}, path_{std::move(path)} {}

    // Reads the newest good slot without changing anything.
    SlotState read(Slot& slot);
    // Why the last read was `closed`: a negative errno.
    int error() const { return error_; }
    // Writes the next slot and syncs it; makes the file, at its full size, if it is missing. 0 or a negative
    // errno.
    int write(Slot slot);
    std::string const& path() const { return path_; }

  private:
    int create();

    Files* files_;
    std::string path_;
    File file_;
    std::uint64_t generation_ = 0;
    int error_ = 0;
};

// "ack-files%2Fmain" for the sink "files/main", and back; empty if the name is another.
std::string mark_name(std::string const& sink);
std::string mark_sink(std::string const& name);

}  // namespace arb::queue
