#include "sinks/postgres/binary.hpp"

#include <bit>
#include <cstring>
#include <type_traits>

namespace arb::postgres {
namespace {

using sql::Cell;
using sql::Type;

constexpr std::int64_t epoch_2000_us = 946'684'800'000'000;
constexpr std::size_t numeric_size_max = 4 + 8 + 6 * 2;  // length, head, four whole and two fractional groups

template<class Integer>
void put(char* to, Integer value) {
    auto bits = static_cast<std::make_unsigned_t<Integer>>(value);
    for (auto i = sizeof bits; i-- != 0; bits = static_cast<decltype(bits)>(bits >> 4 >> 4))
        to[i] = static_cast<char>(bits & 0xFF);
}

}  // namespace

TypeNames const& names(Type type) {
    static constexpr TypeNames all[] = {
        {"smallint", oid::int2, oid::int2_array},
        {"integer", oid::int4, oid::int4_array},
        {"bigint", oid::int8, oid::int8_array},
        {"numeric", oid::numeric, oid::numeric_array},
        {"timestamptz", oid::timestamptz, oid::timestamptz_array},
        {"boolean", oid::boolean, oid::boolean_array},
        {"text", oid::text, oid::text_array},
        {"jsonb", oid::jsonb, oid::jsonb_array},
        {"text[]", oid::text_array, 0},
        {"numeric[]", oid::numeric_array, 0},
        {"bytea", oid::bytea, oid::bytea_array},
    };
    return all[static_cast<std::size_t>(type)];
}

std::int64_t timestamp(std::int64_t nanoseconds) {
    auto const micros = nanoseconds / 1000 - (nanoseconds % 1000 < 0 ? 1 : 0);
    return micros - epoch_2000_us;
}

char* Binary::room(std::size_t bytes) {
    if (size_ + bytes > bytes_.size()) bytes_.resize(std::max(size_ + bytes, bytes_.size() * 2));
    auto* const at = bytes_.data() + size_;
    size_ += bytes;
    return at;
}

template<class Integer>
void Binary::integer(Integer value) {
    put(room(sizeof value), value);
}

template<class Integer>
void Binary::field_of(Integer value) {
    auto* const at = room(4 + sizeof value);
    put(at, static_cast<std::int32_t>(sizeof value));
    put(at + 4, value);
}

void Binary::bytes(std::string_view value) {
    auto* const at = room(4 + value.size());
    put(at, static_cast<std::int32_t>(value.size()));
    std::memcpy(at + 4, value.data(), value.size());
}

// numeric is groups of four decimal digits: those of whole dollars, then two of the six decimals. The scale
// says how many decimals are shown, so that 0.42 stays "0.42".
void Binary::numeric(std::int64_t value) {
    auto const magnitude =
        value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
    auto whole = magnitude / ARB_UNIT;
    auto const fraction = static_cast<std::uint32_t>(magnitude % ARB_UNIT);
    std::int16_t groups[6];
    int first = 4;  // where the groups begin; groups[3] is the ones
    for (; whole != 0; whole /= 10000) groups[--first] = static_cast<std::int16_t>(whole % 10000);
    groups[4] = static_cast<std::int16_t>(fraction / 100);
    groups[5] = static_cast<std::int16_t>(fraction % 100 * 100);
    int last = groups[5] != 0 ? 6 : groups[4] != 0 ? 5 : 4;
    while (first < last && first >= 4 && groups[first] == 0) ++first;  // 0.0000xx begins behind its zeros
    auto const weight = first == last ? 0 : 3 - first;
    while (last > first && last <= 4 && groups[last - 1] == 0) --last;  // so does 10000 end before them

    std::int16_t scale = fraction == 0 ? 0 : 6;
    if (fraction != 0)
        for (auto rest = fraction; rest % 10 == 0; rest /= 10) --scale;
    auto const count = static_cast<std::size_t>(last - first);
    auto* at = room(12 + count * 2);
    put(at, static_cast<std::int32_t>(8 + count * 2));
    put(at + 4, static_cast<std::int16_t>(count));
    put(at + 6, static_cast<std::int16_t>(weight));
    put(at + 8, static_cast<std::uint16_t>(value < 0 ? 0x4000 : 0));
    put(at + 10, scale);
    at += 12;
    for (auto i = first; i != last; ++i, at += 2) put(at, groups[i]);
}

void Binary::array_header(std::size_t elements, bool has_null, std::uint32_t element) {
    integer<std::int32_t>(elements == 0 ? 0 : 1);  // dimensions
    integer<std::int32_t>(has_null ? 1 : 0);
    integer<std::uint32_t>(element);
    if (elements == 0) return;
    integer<std::int32_t>(static_cast<std::int32_t>(elements));
    integer<std::int32_t>(1);  // index of the first element
}

void Binary::field(Cell const& cell, Type type) {
    if (cell.is_null()) return integer<std::int32_t>(-1);
    switch (type) {
        case Type::small:
            return field_of(static_cast<std::int16_t>(cell.number));
        case Type::integer:
            return field_of(static_cast<std::int32_t>(cell.number));
        case Type::big:
            return field_of(cell.number);
        case Type::decimal:
            return numeric(cell.number);
        case Type::time:
            return field_of(timestamp(cell.number));
        case Type::boolean:
            return field_of(static_cast<std::int8_t>(cell.number != 0 ? 1 : 0));
        case Type::text:
        case Type::bytes:
            return bytes(cell.text());
        case Type::json: {
            auto const value = cell.text();
            auto* const at = room(5 + value.size());
            put(at, static_cast<std::int32_t>(1 + value.size()));
            at[4] = 1;  // version of the format
            std::memcpy(at + 5, value.data(), value.size());
            return;
        }
        case Type::texts:
        case Type::decimals: {
            auto const begin = size_;
            integer<std::int32_t>(0);
            auto const count = static_cast<std::size_t>(cell.number);
            array_header(count, false, type == Type::texts ? oid::text : oid::numeric);
            for (std::size_t i = 0; i != count; ++i) {
                if (type == Type::texts)
                    bytes(cell.texts()[i]);
                else
                    numeric(cell.decimal(i));
            }
            put(bytes_.data() + begin, static_cast<std::int32_t>(size_ - begin - 4));
            return;
        }
    }
}

void Binary::copy_header() {
    constexpr char signature[] =
        "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";  // 11 bytes, flags and the length of extensions
    std::memcpy(room(19), signature, 19);
}

void Binary::copy_trailer() { integer<std::int16_t>(-1); }

void Binary::copy_row(Cell const* cells, sql::Table const& table) {
    integer(static_cast<std::int16_t>(table.columns.size()));
    for (std::size_t i = 0; i != table.columns.size(); ++i) field(cells[i], table.columns[i].type);
}

void Binary::array(sql::Group const& group, std::size_t column) {
    auto const type = group.table->columns[column].type;
    bool has_null = false;
    for (std::size_t i = 0; i != group.rows && !has_null; ++i) has_null = group.row(i)[column].is_null();
    array_header(group.rows, has_null, names(type).element);
    for (std::size_t i = 0; i != group.rows; ++i) field(group.row(i)[column], type);
}

void Binary::text_array(std::vector<std::string_view> const& texts) {
    array_header(texts.size(), false, oid::text);
    for (auto const each : texts) bytes(each);
}

void Binary::int4_array(std::vector<std::int32_t> const& numbers) {
    array_header(numbers.size(), false, oid::int4);
    for (auto const each : numbers) field_of(each);
}

}  // namespace arb::postgres
