// The newest records in memory, exactly as they lie in the file: what a push writes from, what readers that
// keep up read from, and what is written again should the disk fail before the records are durable.
//
// Thread safety: place, commit, abandon and pending by the one thread that appends; the rest by any. Memory
// is shared: a reader holds on to what its packets lie in.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

namespace arb::queue {

// Big enough that a chunk is rarely changed, small enough that a slow reader holds little more than it needs.
inline constexpr std::size_t chunk_size = 1 << 20;

// Chunks that come back are used again: fresh memory costs a page fault for each 4 KiB, more than the write
// itself.
class ChunkPool : public std::enable_shared_from_this<ChunkPool> {
  public:
    ChunkPool();
    // `size` bytes, aligned for packets; chunks of chunk_size come back to the pool.
    std::shared_ptr<std::byte[]> take(std::size_t size);

  private:
    void give_back(std::byte* memory);

    std::mutex mutex_;
    std::vector<std::unique_ptr<std::byte[]>> free_;
};

class Tail {
  public:
    explicit Tail(std::shared_ptr<ChunkPool> pool) : pool_{std::move(pool)} {}

    // Room for the record of packet `sequence`, behind the record before it.
    std::byte* place(std::size_t size, std::uint64_t sequence);
    // What was placed since the last commit, in pieces to write; used up by the writer.
    std::span<iovec> pending() { return pending_; }
    void commit();
    void abandon();

    struct View {
        std::shared_ptr<std::byte[]> memory;
        std::uint64_t first = 0;  // packet at its beginning
        std::uint64_t last = 0;   // last packet of the chunk; UINT64_MAX for the newest chunk
    };
    // The chunk that holds a packet that was published; nothing if it is no longer in memory.
    std::optional<View> find(std::uint64_t sequence) const;

    // Lets go of chunks up to packet `needless`, and up to `durable` while more than `size_max` bytes are
    // held.
    void trim(std::uint64_t needless, std::uint64_t durable, std::size_t size_max);

  private:
    struct Chunk {
        std::shared_ptr<std::byte[]> memory;
        std::size_t size;
        std::size_t used;
        std::uint64_t first;
    };

    std::shared_ptr<ChunkPool> const pool_;
    mutable std::mutex
        mutex_;  // the list of chunks; not what the appending thread does inside the newest one
    std::deque<Chunk> chunks_;
    Chunk* newest_ = nullptr;  // for the appending thread, without the mutex: trim never takes the newest
    std::size_t size_ = 0;
    std::vector<iovec> pending_;
    std::size_t added_ = 0;      // chunks since the last commit
    std::size_t kept_used_ = 0;  // of the chunk that was the newest at the last commit
};

}  // namespace arb::queue
