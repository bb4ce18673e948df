#include "sinks/sql/market_name.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sinks/sql/commands.hpp"

namespace arb::sql {
namespace {

constexpr std::size_t token_digits_min = 20;  // no other number names a market
constexpr std::size_t near_size_min = 4;      // what begins alike for fewer characters is not near
constexpr std::string_view slug_characters = "abcdefghijklmnopqrstuvwxyz0123456789-";

using Row = boost::json::object;

std::string text_of(Row const& row, std::string_view key) {
    return std::string{std::string_view{row.at(key).as_string()}};
}

// ASCII, as ids are.
std::string lower(std::string text) {
    for (auto& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    return text;
}

std::string upper(std::string text) {
    for (auto& c : text)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c & ~0x20);
    return text;
}

bool consists_of(std::string_view text, std::string_view characters) {
    return text.find_first_not_of(characters) == std::string_view::npos;
}

class Search {
  public:
    Search(Dialect& dialect, std::string const& name, std::string const& venue)
        : dialect_{dialect}, name_{name}, venue_{venue} {}

    NamedMarket run() {
        for (auto const step :
             {&Search::exactly, &Search::in_other_case, &Search::by_token, &Search::by_slug})
            if (auto const found = (this->*step)(); !found.empty()) return only(found);
        throw Failure{Trouble::held, fmt::format("no market {}{} is stored{}", name_,
                                                 venue_.empty() ? "" : " of " + venue_, near())};
    }

  private:
    static constexpr char const* keys = "SELECT CAST(market_key AS TEXT) AS market_key, venue, market_id";

    std::vector<Row> rows(std::string statement, std::vector<std::string> values, char const* end = "") {
        if (!venue_.empty()) {
            statement += " AND venue = :venue";
            values.push_back(venue_);
        }
        std::vector<Row> out;
        read_texts(dialect_.session(), statement + end, values, [&](Row const& row) {
            out.push_back(row);
            return true;
        });
        return out;
    }

    std::vector<Row> exactly() {
        return rows(std::string{keys} + " FROM market_keys WHERE market_id = :name", {name_});
    }

    // 0xABC... for 0xabc..., a ticker in small letters.
    std::vector<Row> in_other_case() {
        return rows(std::string{keys} + " FROM market_keys WHERE market_id IN (:lower, :upper)",
                    {lower(name_), upper(name_)});
    }

    // A token is one outcome of its market. There is no index: every market is looked at.
    std::vector<Row> by_token() {
        if (name_.size() < token_digits_min || !consists_of(name_, "0123456789")) return {};
        return rows(fmt::format("{}, {} AS tokens FROM markets WHERE CAST(token_ids AS TEXT) LIKE :token",
                                keys, dialect_.list_as_json("token_ids")),
                    {'%' + name_ + '%'});
    }

    // The name in a venue's web addresses. No index either.
    std::vector<Row> by_slug() {
        if (name_.find('-') == std::string::npos || !consists_of(name_, slug_characters)) return {};
        return rows(std::string{keys} + " FROM markets WHERE raw ->> 'slug' = :slug", {name_});
    }

    NamedMarket only(std::vector<Row> const& found) const {
        auto const& one = found.front();
        if (found.size() > 1) {
            auto const& other = found[1];
            bool const of_others = text_of(one, "venue") != text_of(other, "venue");
            throw Failure{Trouble::held,
                          of_others ? fmt::format("market {} is known of {} and {}: say which with --venue",
                                                  name_, text_of(one, "venue"), text_of(other, "venue"))
                                    : fmt::format("{} may be market {} or {}: say which", name_,
                                                  text_of(one, "market_id"), text_of(other, "market_id"))};
        }
        NamedMarket out{text_of(one, "venue"), text_of(one, "market_id"), text_of(one, "market_key"), {}};
        if (!is_identifier(out.venue)) throw Failure{Trouble::held, "the venue's name is not [a-z0-9_]"};
        if (one.contains("tokens")) {
            auto const tokens = boost::json::parse(text_of(one, "tokens")).as_array();
            for (std::size_t i = 0; i != tokens.size(); ++i)
                if (tokens[i].as_string() == name_) out.outcome = static_cast<std::int32_t>(i);
        }
        return out;
    }

    // Neighbours in the order of names, which the index of names has at hand.
    std::string near() {
        auto const wanted = lower(name_).starts_with("0x") ? lower(name_) : upper(name_);
        std::string const ask = "SELECT market_id FROM market_keys WHERE market_id ";
        auto found = rows(ask + "< :name", {wanted}, " ORDER BY market_id DESC LIMIT 1");
        for (auto const& row : rows(ask + "> :name", {wanted}, " ORDER BY market_id LIMIT 2"))
            found.push_back(row);
        std::string out;
        for (auto const& row : found) {
            auto const id = text_of(row, "market_id");
            auto const alike = static_cast<std::size_t>(
                std::mismatch(id.begin(), id.end(), wanted.begin(), wanted.end()).first - id.begin());
            if (alike < near_size_min || 2 * alike < wanted.size()) continue;
            out += (out.empty() ? "; near it are: " : ", ") + id;
        }
        return out;
    }

    Dialect& dialect_;
    std::string const& name_;
    std::string const& venue_;
};

}  // namespace

NamedMarket find_market(Dialect& dialect, std::string const& name, std::string const& venue) {
    return Search{dialect, name, venue}.run();
}

}  // namespace arb::sql
