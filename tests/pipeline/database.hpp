// Rows as texts, from either database.
//
// Thread safety: none. Failures throw std::runtime_error with the database's words.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace arb::test {

using Row = std::vector<std::optional<std::string>>;

class Database {
  public:
    virtual ~Database() = default;
    virtual std::vector<Row> rows(std::string const& query) = 0;
    // The first column of the first row, or "".
    std::string one(std::string const& query) {
        auto const all = rows(query);
        return all.empty() ? "" : all[0].at(0).value_or("");
    }
};

// Opens read-only; the file must exist.
std::unique_ptr<Database> open_sqlite(std::string const& file);
std::unique_ptr<Database> open_postgres(std::string const& url);

}  // namespace arb::test
