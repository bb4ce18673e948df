#include "scale/proof.hpp"

#include <algorithm>

#include "arbitrage/time.hpp"
#include "scale/asked.hpp"

namespace arb::scale {
namespace {

constexpr double first_quote_ms_max = 5'000;  // of 99 in a hundred new markets
constexpr double books_in_gaps_percent_max = 1;
constexpr std::int64_t settled_in_ms = 10'000;  // after the start of trading: what waited to open has opened
constexpr std::int64_t last_births_ms =
    5'000;                          // before the steady end: their first quotes are not the burst's
constexpr double sweep_ms = 5'000;  // a sweep takes no longer, and what it found is followed
// What was sent last may be on its way while nothing is queued.
constexpr auto last_arrive_within = 60s;

}  // namespace

Proof::Proof(Stage& stage, Figures& figures, Times const& times, Thoroughness const& thoroughness)
    : stage_{stage},
      figures_{figures},
      times_{times},
      thoroughness_{thoroughness},
      rows_{stage.database()},
      told_{read_ledger(stage.ledger_file())},
      random_{thoroughness.seed} {}

long long Proof::count(std::string const& rows) {
    return std::stoll(rows_->one("SELECT count(*) FROM " + rows));
}

void Proof::trades() {
    test::Ledger const ledger{stage_.ledger_file()};
    test::Problems problems;
    stage_.await(last_arrive_within, [&] {
        problems = ledger.trades(*rows_);
        return problems.empty();
    });
    Figures::tell("trades", static_cast<double>(ledger.count("trade")), "");
    auto const time = [](std::int64_t ms) { return "'" + format_time(ms * millisecond_ns) + "'"; };
    Figures::tell("trades stored of the burst",
                  static_cast<double>(count("trades WHERE venue_time BETWEEN " + time(times_.burst_begin_ms) +
                                            " AND " + time(times_.burst_end_ms))),
                  "");
    figures_.exactly("trades missing or doubled", static_cast<long long>(problems.size()), 0);
    if (!problems.empty()) Figures::say(test::told(problems));
    figures_.exactly("dead letters", count("dead_letters"), 0);
}

void Proof::gaps() {
    Figures::tell("gaps written", static_cast<double>(count("gaps")), "");
    for (auto const& gap : rows_->rows("SELECT venue, stream, coalesce(reason, '?'), recovered, count(*), "
                                       "min(from_time), max(to_time) FROM gaps GROUP BY 1, 2, 3, 4"))
        Figures::say("  gaps: " + gap[0].value_or("") + ' ' + gap[1].value_or("") + ' ' +
                     gap[2].value_or("") + (gap[3] == "t" ? " recovered " : " not recovered ") +
                     gap[4].value_or("") + ", " + gap[5].value_or("?") + " to " + gap[6].value_or("?"));
}

// Every change somebody was sent, once. Of books there is nothing to read again: what a gap lost is lost. And
// what Polymarket sends after a market's end need not be heard (see Told::ended).
void Proof::changes() {
    for (std::string const venue : {"kalshi", "polymarket"}) {
        auto const stored = [&] {
            return count("book_changes WHERE outcome = 0 AND venue = '" + venue + "'");
        };
        auto const sent = stage_.counted(venue + ".book_change");
        auto const late = venue == "polymarket" ? stage_.counted(venue + ".book_change.after_end") : 0;
        bool const gap = count("gaps WHERE stream IN ('all', 'books') AND venue = '" + venue +
                               "' AND (to_time IS NULL OR to_time > '" +
                               format_time(times_.begun_ms * millisecond_ns) + "')") != 0;
        stage_.await(gap ? 0s : last_arrive_within, [&] { return stored() >= sent - late; });
        auto const lost = std::clamp(sent - stored(), 0LL, late);
        if (lost != 0)
            Figures::tell("changes after a market's end, not heard", static_cast<double>(lost), "");
        if (!gap || figures_.strict())
            figures_.exactly("changes of books of " + venue, stored(), sent - lost);
        else
            figures_.at_most("changes of books of " + venue + ", with gaps", static_cast<double>(stored()),
                             static_cast<double>(sent), "");
    }
}

void Proof::books() {
    stored_ = read_stored(told_, *rows_);
    auto const all = sample(told_, stored_, times_.begun_ms + settled_in_ms, times_.end_ms);
    Figures::tell("markets whose books were rebuilt", static_cast<double>(all.markets.size()), "");
    figures_.exactly("markets without any book", static_cast<long long>(all.never_stored.size()), 0);
    if (!all.never_stored.empty()) Figures::say(test::told(all.never_stored));
    figures_.speed("a silent opening found after", static_cast<double>(all.found_after_ms_max),
                   stage_.settings().sweep_seconds * 1000.0 + sweep_ms, "ms");
    compare(all);
    ask(all);
}

void Proof::compare(Sample const& sample) {
    auto const result = compare_books(sample, stored_, thoroughness_.instants, random_);
    Figures::tell("books compared", static_cast<double>(result.instants), "");
    figures_.speed("instants that lie in gaps",
                   100.0 * static_cast<double>(result.in_gaps) /
                       static_cast<double>(std::max(1LL, result.in_gaps + result.instants)),
                   books_in_gaps_percent_max, "%");
    if (result.instants == 0) figures_.wrong("no book was compared");
    figures_.exactly("books that differ", static_cast<long long>(result.different.size()), 0);
    if (!result.different.empty()) Figures::say(test::told(result.different));
}

void Proof::ask(Sample const& sample) {
    auto const result = ask_books(sample, stored_, stage_.host(), thoroughness_.asked_books, random_);
    Figures::tell("books of the command compared", static_cast<double>(result.compared), "");
    figures_.exactly("books of the command that differ", static_cast<long long>(result.different.size()), 0);
    if (!result.different.empty()) Figures::say(test::told(result.different));
    // After a gap of a whole feed the command cannot know of which markets it was.
    if (stored_.gaps.empty())
        figures_.exactly("books the command does not know", static_cast<long long>(result.refused.size()), 0);
    else
        Figures::tell("books the command does not know, with gaps",
                      static_cast<double>(result.refused.size()), "");
    if (!result.refused.empty()) Figures::say(test::told(result.refused));
    if (result.compared == 0) return;
    Figures::tell("an answer of the command, mean",
                  result.milliseconds / static_cast<double>(result.compared), "ms");
    Figures::tell("an answer of the command, slowest", result.milliseconds_max, "ms");
}

void Proof::new_markets() {
    FirstQuotes result;
    stage_.await(last_arrive_within, [&] {
        result = first_quotes(told_, *rows_, times_.steady_end_ms - last_births_ms);
        return result.missing.empty();
    });
    Figures::tell("new markets", static_cast<double>(result.ms.size() + result.missing.size()), "");
    figures_.exactly("new markets without a quote", static_cast<long long>(result.missing.size()), 0);
    if (!result.missing.empty()) Figures::say(test::told(result.missing));
    if (result.ms.empty()) return figures_.wrong("no new market was quoted");
    auto const at = [&](double share) {
        return result.ms[static_cast<std::size_t>(share * static_cast<double>(result.ms.size() - 1))].first;
    };
    Figures::tell("first quote, median", at(0.5), "ms");
    figures_.speed("first quote, 99 in a hundred", at(0.99), first_quote_ms_max, "ms");
    Figures::tell("first quote, slowest", at(1), "ms");
    for (auto const& [ms, market] : result.ms)
        if (ms > first_quote_ms_max)
            Figures::say("  " + market.first + ' ' + market.second + " after " +
                         std::to_string(static_cast<long long>(ms)) + " ms");
}

}  // namespace arb::scale
