#include "host/table.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "arbitrage/time.hpp"
#include "host/log.hpp"

namespace arb::host {

namespace json = boost::json;

namespace {

constexpr std::size_t table_rows_max =
    10'000;                                 // beyond it nobody reads a table: --format json has no such bound
constexpr std::size_t cell_width_max = 80;  // a longer text is cut in a table

std::string cell(json::value const& value) {
    if (value.is_null()) return "";
    if (value.is_double()) return fmt::format("{}", value.get_double());  // 26.5, where JSON may say 2.65E1
    auto text =
        value.is_string() ? std::string{std::string_view{value.get_string()}} : json::serialize(value);
    return escape(text, cell_width_max);
}

bool numeric(std::string_view text) {
    // A version has two points, a time has other signs.
    if (std::count(text.begin(), text.end(), '.') > 1) return false;
    return text.find_first_not_of("0123456789.,-+%") == std::string_view::npos &&
           text.find_first_of("0123456789") != std::string_view::npos;
}

}  // namespace

std::string thousands(std::uint64_t value) {
    auto digits = std::to_string(value);
    for (auto at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
    return digits;
}

std::string bytes_text(std::uint64_t bytes) {
    if (bytes < 1024) return fmt::format("{} B", bytes);
    auto value = static_cast<double>(bytes);
    char const* unit = "B";
    for (char const* const next : {"KiB", "MiB", "GiB", "TiB"}) {
        if (value < 1024) break;
        value /= 1024;
        unit = next;
    }
    return fmt::format("{:.1f} {}", value, unit);
}

std::string duration_text(arb_time time) {
    auto const s = time / second_ns;
    if (s < 60) return fmt::format("{} s", s);
    if (s < 3600) return fmt::format("{} min", s / 60);
    if (s < 86400) return fmt::format("{} h {} min", s / 3600, s / 60 % 60);
    return fmt::format("{} d {} h", s / 86400, s / 3600 % 24);
}

std::size_t width(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string Table::print() const {
    std::vector<std::size_t> widths(headings_.size(), 0);
    std::vector<bool> used(headings_.size(), false);
    for (auto const& row : rows_)
        for (std::size_t i = 0; i != row.size(); ++i) {
            widths[i] = std::max(widths[i], width(row[i]));
            used[i] = used[i] || !row[i].empty();
        }
    std::string out;
    auto const line = [&](std::vector<std::string> const& row) {
        std::string text;
        for (std::size_t i = 0; i != row.size(); ++i) {
            if (!used[i]) continue;
            auto const wide = std::max(widths[i], width(headings_[i]));
            std::string const blank(wide - width(row[i]), ' ');
            if (!text.empty()) text += "  ";
            text += right_[i] ? blank + row[i] : row[i] + blank;
        }
        text.erase(text.find_last_not_of(' ') + 1);
        out += text + "\n";
    };
    line(headings_);
    for (auto const& row : rows_) line(row);
    return out;
}

bool RowPrinter::row(json::object const& object) {
    if (json_) {
        out_ << (count_++ == 0 ? "[\n" : ",\n") << json::serialize(object);
        return static_cast<bool>(out_);
    }
    for (auto const& item : object) {
        std::string const key{item.key()};
        if (std::find(columns_.begin(), columns_.end(), key) == columns_.end()) columns_.push_back(key);
    }
    rows_.push_back(object);
    return ++count_ < table_rows_max;
}

void RowPrinter::finish() {
    if (json_) {
        out_ << (count_ == 0 ? "[]\n" : "\n]\n");
        return;
    }
    if (rows_.empty()) {
        out_ << "no rows\n";
        return;
    }
    std::vector<std::string> headings;
    for (auto column : columns_) {
        std::transform(column.begin(), column.end(), column.begin(),
                       [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
        headings.push_back(column);
    }
    Table table{headings};
    std::vector<bool> numbers(columns_.size(), true);
    for (auto const& object : rows_) {
        std::vector<std::string> row;
        for (std::size_t i = 0; i != columns_.size(); ++i) {
            auto const* const value = object.if_contains(columns_[i]);
            row.push_back(value != nullptr ? cell(*value) : "");
            if (!row.back().empty() && !numeric(row.back())) numbers[i] = false;
        }
        table.add(std::move(row));
    }
    for (std::size_t i = 0; i != numbers.size(); ++i)
        if (numbers[i]) table.align_right(i);
    out_ << table.print();
    if (count_ >= table_rows_max)
        out_ << fmt::format("(the first {} rows; --format json prints all)\n", count_);
}

}  // namespace arb::host
