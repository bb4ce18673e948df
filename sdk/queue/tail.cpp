#include "queue/tail.hpp"

#include <algorithm>

namespace arb::queue {

namespace {

// Returned chunks kept for the next, 32 MiB: what flat-out pushing has in memory until it is durable. They
// were in use at the same time, so keeping them raises no peak.
constexpr std::size_t free_chunks_max = 32;

}  // namespace

ChunkPool::ChunkPool() { free_.reserve(free_chunks_max); }

std::shared_ptr<std::byte[]> ChunkPool::take(std::size_t size) {
    if (size != chunk_size) return std::make_unique_for_overwrite<std::byte[]>(size);
    std::unique_ptr<std::byte[]> memory;
    {
        std::scoped_lock const lock{mutex_};
        if (!free_.empty()) {
            memory = std::move(free_.back());
            free_.pop_back();
        }
    }
    if (!memory) memory = std::make_unique_for_overwrite<std::byte[]>(chunk_size);
    return {memory.release(), [pool = shared_from_this()](std::byte* bytes) { pool->give_back(bytes); }};
}

void ChunkPool::give_back(std::byte* memory) {
    std::unique_ptr<std::byte[]> owned{memory};
    std::scoped_lock const lock{mutex_};
    if (free_.size() < free_chunks_max) free_.push_back(std::move(owned));
}

std::byte* Tail::place(std::size_t size, std::uint64_t sequence) {
    if (newest_ == nullptr || newest_->size - newest_->used < size) {
        auto const room = std::max(size, chunk_size);
        pending_.reserve(pending_.size() + 1);
        Chunk chunk{pool_->take(room), room, 0, sequence};
        std::scoped_lock const lock{mutex_};
        chunks_.push_back(std::move(chunk));
        newest_ = &chunks_.back();
        size_ += room;
        ++added_;
    }
    auto& chunk = *newest_;
    auto* const at = chunk.memory.get() + chunk.used;
    if (!pending_.empty() &&
        static_cast<std::byte*>(pending_.back().iov_base) + pending_.back().iov_len == at)
        pending_.back().iov_len += size;
    else
        pending_.push_back({at, size});
    chunk.used += size;
    return at;
}

void Tail::commit() {
    pending_.clear();
    added_ = 0;
    kept_used_ = newest_ == nullptr ? 0 : newest_->used;
}

void Tail::abandon() {
    std::scoped_lock const lock{mutex_};
    for (; added_ != 0; --added_) {
        size_ -= chunks_.back().size;
        chunks_.pop_back();
    }
    newest_ = chunks_.empty() ? nullptr : &chunks_.back();
    if (newest_ != nullptr) newest_->used = kept_used_;
    pending_.clear();
}

std::optional<Tail::View> Tail::find(std::uint64_t sequence) const {
    std::scoped_lock const lock{mutex_};
    for (auto chunk = chunks_.rbegin(); chunk != chunks_.rend(); ++chunk) {
        if (chunk->first > sequence) continue;
        auto const last = chunk == chunks_.rbegin() ? UINT64_MAX : std::prev(chunk)->first - 1;
        return View{chunk->memory, chunk->first, last};
    }
    return {};
}

void Tail::trim(std::uint64_t needless, std::uint64_t durable, std::size_t size_max) {
    std::vector<std::shared_ptr<std::byte[]>> gone;  // freed after the lock is
    std::scoped_lock const lock{mutex_};
    while (chunks_.size() > 1) {
        auto const last = chunks_[1].first - 1;
        if (last > durable || (last > needless && size_ <= size_max)) break;
        size_ -= chunks_.front().size;
        gone.push_back(std::move(chunks_.front().memory));
        chunks_.pop_front();
    }
}

}  // namespace arb::queue
