// Rows for people: aligned columns, and the same rows as JSON for programs.
//
// Thread safety: none; one thread.
#pragma once

#include <boost/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "arbitrage/abi/base.h"

namespace arb::host {

class Table {
  public:
    explicit Table(std::vector<std::string> headings)
        : headings_{std::move(headings)}, right_(headings_.size(), false) {}

    void align_right(std::size_t column) { right_[column] = true; }
    void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
    bool empty() const { return rows_.empty(); }
    // A heading line and a line a row; columns without any text are left out.
    std::string print() const;

  private:
    std::vector<std::string> headings_;
    std::vector<bool> right_;
    std::vector<std::vector<std::string>> rows_;
};

// 1,234,567; 1.2 GiB; 3 h 12 min: figures for people.
std::string thousands(std::uint64_t value);
std::string bytes_text(std::uint64_t bytes);
std::string duration_text(arb_time time);

// How many columns of a terminal the text takes.
std::size_t width(std::string_view text);

// Rows of a command. As a table they wait for the last one, to know the widths; as JSON each is printed at
// once, one a line, in a list.
class RowPrinter {
  public:
    RowPrinter(std::ostream& out, bool as_json) : out_{out}, json_{as_json} {}
    // False: the table is full; a table is for looking at.
    bool row(boost::json::object const& object);
    void finish();
    // There would be more rows, but for an error: shows those that came, and nothing if none did.
    void give_up() {
        if (count_ != 0) finish();
    }

  private:
    std::ostream& out_;
    bool const json_;
    std::size_t count_ = 0;
    std::vector<std::string> columns_;
    std::vector<boost::json::object> rows_;
};

}  // namespace arb::host
