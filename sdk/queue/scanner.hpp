// Walks the records of one segment file in order, past damage: recovery and readers that are behind share it.
//
// Thread safety: one thread. The memory a record lies in stays as it is while somebody holds it.
#pragma once

#include <memory>

#include "arbitrage/result.hpp"
#include "queue/segment.hpp"
#include "queue/tail.hpp"

namespace arb::queue {

class Scanner {
  public:
    // `growing`: the file is being written, so what looks damaged is read again before it is called so.
    Scanner(Files& files, std::shared_ptr<Segment const> segment, File file, std::shared_ptr<ChunkPool> pool,
            bool growing = false);

    enum class Found {
        record,  // record() is the next good one
        damage,  // bytes [damage_from, damage_to) hold no good record; a good header, or the end, follows
        end,     // nothing good from damage_from on
    };
    // Goes to the next record with a number above `previous` (seals and losses: not below it).
    Result<Found> next(std::uint64_t previous);

    struct Record {
        RecordType type;
        std::uint64_t sequence;
        std::byte const* payload;
        std::uint32_t length;
    };
    Record const& record() const { return record_; }
    std::shared_ptr<std::byte[]> const& memory() const { return piece_; }
    std::uint64_t damage_from() const { return damage_from_; }
    std::uint64_t damage_to() const { return damage_to_; }
    std::uint64_t offset() const { return offset_; }
    std::uint64_t file_size() const { return file_size_; }
    int descriptor() const { return file_.descriptor(); }
    Segment const& segment() const { return *segment_; }

  private:
    // The bytes at [offset, offset + size) or null where the file is shorter.
    Result<std::byte const*> bytes(std::uint64_t offset, std::size_t size, bool fresh = false);
    Result<> load(std::uint64_t offset, std::size_t size);
    enum class State { good, bad_payload, bad_header, file_end };
    Result<State> examine(bool fresh, RecordHead& head);
    bool possible(RecordHead const& head) const;
    Result<bool> search(std::uint64_t previous);

    Files& files_;
    std::shared_ptr<Segment const> segment_;
    File file_;
    std::shared_ptr<ChunkPool> pool_;
    bool const growing_;
    std::shared_ptr<std::byte[]> piece_;  // a window of the file
    std::size_t piece_room_ = 0;
    std::uint64_t piece_from_ = 0;
    std::size_t piece_size_ = 0;
    std::uint64_t offset_ = segment_header_size;
    std::uint64_t file_size_ = 0;
    std::uint64_t damage_from_ = 0;
    std::uint64_t damage_to_ = 0;
    Record record_{};
};

}  // namespace arb::queue
