// Packets as rows of tables: typed cells, grouped by table and venue, in journal order.
//
// Ownership: cells point into the packets, which must outlive the rows, and into memory that `clear` frees.
// Thread safety: none.
#pragma once

#include <cstdint>
#include <memory>
#include <memory_resource>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "arbitrage/packet.hpp"
#include "sinks/sql/table.hpp"

namespace arb::sql {

// Bits the sink adds to the packet's own in the column `flags`.
inline constexpr std::int64_t flag_text_cleaned = 1 << 8;  // NUL or bytes that are not UTF-8 became U+FFFD
inline constexpr std::int64_t flag_json_as_text = 1 << 9;  // not storable as JSON: kept as one JSON string

// One value. Integers, decimals, times and booleans are `number`, ARB_ABSENT for NULL. Texts, JSON and bytes
// are `number` bytes at `data`, null for NULL. A list of texts is `number` string_views at `data`; a list of
// decimals is `number` int64 at `data`, level_stride bytes apart.
struct Cell {
    std::int64_t number = ARB_ABSENT;
    void const* data = nullptr;

    bool is_null() const { return number == ARB_ABSENT; }
    std::string_view text() const {
        return {static_cast<char const*>(data), static_cast<std::size_t>(number)};
    }
    std::string_view const* texts() const { return static_cast<std::string_view const*>(data); }
    std::int64_t decimal(std::size_t i) const {
        std::int64_t value;
        std::memcpy(&value, static_cast<char const*>(data) + i * level_stride, sizeof value);
        return value;
    }
    static constexpr std::size_t level_stride = sizeof(arb_level);
};

// The rows of one table, of one venue where the table is kept per venue.
struct Group {
    sql::Table const* table = nullptr;
    std::string venue;  // empty where the table is not per venue
    std::vector<Cell> cells;
    std::size_t rows = 0;
    // Rows of a later round change what those of an earlier one wrote: they are written after them.
    std::size_t round = 0;

    Cell const* row(std::size_t i) const { return cells.data() + i * table->columns.size(); }
};

// What a market or event will be remembered by once its row is committed; content 0: to be forgotten.
struct Remembered {
    std::string_view venue;
    std::string_view id;
    std::uint64_t content;
    bool is_market;
};

class Rows {
  public:
    explicit Rows(std::string instance) : instance_{std::move(instance)} {}

    void clear();
    // Adds the rows of a packet without a problem (admission.hpp). `market_key` is 0 where the packet has
    // no market.
    void add(arb_packet const& packet, std::int32_t market_key, std::uint64_t content_hash);
    // Adds the packet to dead_letters.
    void bury(arb_packet const& packet, std::string_view reason, arb_time now);
    // Call once after the last add: latest prices become one row per market and outcome, in key order.
    void finish();

    // The groups that have rows.
    std::vector<Group*> const& groups() const { return filled_; }
    std::vector<Remembered> const& remembered() const { return remembered_; }
    std::size_t buried() const { return buried_; }

  private:
    // For sorting ticks: market key and outcome, then the row.
    struct Tick {
        std::uint64_t order;
        std::size_t row;
    };

    Group& group(TableId id, std::string_view venue, std::size_t round = 0);
    Cell* append(TableId id, std::string_view venue, std::size_t round = 0);
    Cell* keyed(TableId id, std::string_view venue, std::string_view key, std::size_t round = 0);
    Cell* in_turn(TableId id, TableId whose, std::string_view venue, std::string_view key);

    void event(arb_event const& p, std::uint64_t content_hash);
    void market(arb_market const& p, std::int32_t key, std::uint64_t content_hash);
    void quote(arb_quote const& p, std::int32_t key);
    void trade(arb_trade const& p, std::int32_t key);
    void book(arb_book const& p, std::int32_t key);
    void book_change(arb_book_change const& p, std::int32_t key);
    void status(arb_status_change const& p, std::int32_t key);
    void gap(arb_gap const& p, std::int32_t key);
    void pair(arb_pair const& p);
    void opportunity(arb_opportunity const& p);
    void custom(arb_custom const& p);
    void series(arb_series const& p, std::uint64_t content_hash);
    void fee_schedule(arb_fee_schedule const& p, std::uint64_t content_hash);
    void message(arb_message const& p);

    void latest(Group const& history);

    Cell text(arb_packet const& packet, arb_ref ref);
    Cell json(arb_packet const& packet, arb_ref ref);
    Cell texts(arb_packet const& packet, arb_array ref);
    std::string_view kept(std::string_view text);
    Cell flags(arb_packet const& packet) const;

    std::string const instance_;
    std::vector<std::unique_ptr<Group>> groups_;  // kept between batches for their memory
    std::vector<Group*> filled_;
    Group* recent_[table_count]{};
    std::unordered_map<std::string, std::size_t> key_rows_;  // table, round, venue and key: the row's place
    std::unordered_map<std::string, std::size_t> rounds_;    // table, venue and key: how many rows it has
    std::vector<Tick> ticks_;
    std::vector<Remembered> remembered_;
    std::pmr::monotonic_buffer_resource memory_;
    std::int64_t text_flags_ = 0;  // of the packet being added
    std::size_t buried_ = 0;
};

}  // namespace arb::sql
