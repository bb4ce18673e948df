// PostgreSQL's binary formats: rows of COPY ... (FORMAT binary) and arrays as parameters of a statement.
// All numbers are big-endian; every field begins with its length in bytes, -1 for NULL.
//
// Thread safety: none.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "sinks/sql/rows.hpp"

namespace arb::postgres {

// Types of the server, as pg_type numbers them for ever.
namespace oid {
inline constexpr std::uint32_t boolean = 16, bytea = 17, int8 = 20, int2 = 21, int4 = 23, text = 25,
                               timestamptz = 1184, numeric = 1700, jsonb = 3802;
inline constexpr std::uint32_t boolean_array = 1000, bytea_array = 1001, int2_array = 1005, int4_array = 1007,
                               text_array = 1009, int8_array = 1016, timestamptz_array = 1185,
                               numeric_array = 1231, jsonb_array = 3807;
}  // namespace oid

struct TypeNames {
    char const* sql;
    std::uint32_t element;
    std::uint32_t array;  // 0: there is no array of it
};
TypeNames const& names(sql::Type type);

// Microseconds since 2000-01-01, as timestamptz counts.
std::int64_t timestamp(std::int64_t nanoseconds);

class Binary {
  public:
    void clear() { size_ = 0; }
    std::size_t size() const { return size_; }
    char const* data() const { return bytes_.data(); }

    void copy_header();
    void copy_trailer();
    void copy_row(sql::Cell const* cells, sql::Table const& table);

    // The column of all rows as one array, without the length in front that a field has.
    void array(sql::Group const& group, std::size_t column);
    void text_array(std::vector<std::string_view> const& texts);
    void int4_array(std::vector<std::int32_t> const& numbers);

  private:
    char* room(std::size_t bytes);
    void field(sql::Cell const& cell, sql::Type type);
    void numeric(std::int64_t millionths);
    void bytes(std::string_view value);
    void array_header(std::size_t elements, bool has_null, std::uint32_t element);

    template<class Integer>
    void integer(Integer value);
    template<class Integer>
    void field_of(Integer value);

    std::vector<char> bytes_;
    std::size_t size_ = 0;
};

}  // namespace arb::postgres
