// Which rows of a catalogue changed since they were last seen: a sweep of 50,000 markets that stayed the same
// pushes nothing. Keeps two 64-bit hashes a row, never the row: 1,000,000 rows take about 40 MB.
//
// Thread safety: none; on the venue's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <unordered_map>

namespace arb {

class ChangeFilter {
  public:
    // Beyond so many rows new ones are no longer remembered and count as changed each time: more rows are
    // written than need be, none is left out. Four times the largest catalogue seen.
    static constexpr std::size_t rows_max = 4'000'000;

    // Whether `content` differs from what was last given for `id`; remembers it. An id that is new has
    // changed. Name ids of different kinds apart ("event:KXFED"). Two contents are taken for equal when their
    // hashes are: one time in 2^64.
    bool changed(std::string_view id, std::string_view content);

    // The same for content in parts; the borders between them count.
    bool changed(std::string_view id, std::initializer_list<std::string_view> parts);

    // The next content of `id` counts as changed: the row did not reach the queue, or is gone.
    void forget(std::string_view id);
    void forget_all() { content_by_id_.clear(); }

    std::size_t size() const { return content_by_id_.size(); }

  private:
    bool remember(std::string_view id, std::uint64_t content);

    std::unordered_map<std::uint64_t, std::uint64_t> content_by_id_;  // both as hashes
};

}  // namespace arb
