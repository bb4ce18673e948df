// A place in the queue from which packets are read: out of the tail while the reader keeps up, else out of
// the file.
#pragma once

#include "queue/journal.hpp"

namespace arb::queue {

class JournalReader final : public Reader {
  public:
    JournalReader(Journal& journal, std::shared_ptr<Place> place)
        : journal_{journal}, place_{std::move(place)} {}

    Result<Batch> read(Limits const& limits, std::chrono::milliseconds wait) override;
    void acknowledge(arb_position stored) override;
    Result<std::uint64_t> seek(arb_position position) override;
    arb_position acknowledged() const override;
    std::uint64_t lag_packets() const override;
    std::uint64_t skipped_packets() const override;
    void interrupt() override;

  private:
    struct Collected {
        Batch batch;
        std::uint64_t next = 0;  // the packet behind the batch
        std::uint64_t bytes = 0;
    };
    std::uint64_t skip_what_is_gone();
    void collect_from_tail(Tail::View view, std::uint64_t published, Limits const& limits, Collected& out);
    Result<> collect_from_file(std::uint64_t published, Limits const& limits, Collected& out);
    Result<std::shared_ptr<Segment>> find_segment(std::uint64_t number, std::uint64_t published,
                                                  std::uint64_t& last);
    bool add(std::byte const* packet, std::uint64_t length, Limits const& limits, Collected& out);

    Journal& journal_;
    std::shared_ptr<Place> const place_;
    std::unique_ptr<Scanner> scanner_;
    bool segment_grows_ = false;  // what find_segment found last is still written to
    bool record_waits_ = false;   // the scanner's record did not fit the batch before
    // Where the packet to be read next begins, if the chunk is still the same.
    Tail::View chunk_;
    std::uint64_t chunk_number_ = 0;
    std::size_t chunk_offset_ = 0;
};

}  // namespace arb::queue
