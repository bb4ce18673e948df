// The live side without the network: keeps the book of each subscribed market from the stream's events and
// turns events into packets.
//
// A binary market is kept by its outcome 0: the venue shows every order in both books, so the book of outcome
// 1 is an exact mirror. Markets with more outcomes are kept by each outcome.
//
// Thread safety: none; on the venue's thread. Memory: a book per market, bounded by `select` and
// book_levels_max.
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "arbitrage/host.hpp"
#include "polymarket/book.hpp"
#include "polymarket/drift.hpp"
#include "polymarket/trade_ids.hpp"
#include "venue/outbox.hpp"

namespace arb::polymarket {

inline constexpr std::string_view venue_name = "polymarket";

// What is recorded; the option `record`.
struct Record {
    bool quotes = true;
    bool trades = true;
    bool books = false;
};

// A market as the stream needs to know it.
struct MarketNames {
    std::string id;  // condition id, lower case
    std::vector<std::string> tokens;
    std::vector<std::string> outcomes;
    // What the venue's book hash covers beside the book; without it books are not checked by hash.
    std::string min_order_size;
    std::optional<bool> neg_risk;
};

struct Market;

// The stored values of a quote, absent where there is none.
struct QuoteValues {
    std::int64_t bid = ARB_ABSENT, bid_size = ARB_ABSENT, ask = ARB_ABSENT, ask_size = ARB_ABSENT;
    std::int64_t last_price = ARB_ABSENT, last_size = ARB_ABSENT;
    bool operator==(QuoteValues const&) const = default;
};

// The best prices the venue named beside the book, as long as the book has others.
struct Witness {
    std::int64_t bid = ARB_ABSENT, ask = ARB_ABSENT;
    arb_time time = 0;  // the venue's, of the change that causes them; 0: nothing is waiting
    arb_time received = 0;
    bool passed = false;         // the book went past that time with others
    arb_time differs_since = 0;  // when the first came of those passed one after the other
};

struct Token {
    std::string id;
    Market* market = nullptr;
    int outcome = 0;
    bool keeps_book = false;
    bool live = false;       // its opening book has come since it was last subscribed
    bool unproven = false;   // it changed since it was compared with the venue's hash
    bool witnessed = false;  // its id is among those that check_books looks at
    bool quoted = false;     // `pushed` holds what was last pushed
    Book book;
    std::array<char, 40> hash{};   // the venue's, of the book as it last said; zeros: it said none
    arb_time right_at = 0;         // when it was last known to be as the venue's
    arb_time contradicted_at = 0;  // when REST first had another since then, of the same time
    arb_time crossed_at = 0;       // since when bids are not below asks; 0: they are
    arb_time written = 0;          // when the book was last pushed whole
    std::uint64_t epoch = 0;       // when the opening book came: grows over restarts, too
    QuoteValues pushed;
    std::int64_t last_price = ARB_ABSENT, last_size = ARB_ABSENT;
    Witness witness;
};

struct Market {
    std::string id;
    std::vector<std::string> outcomes;
    std::string min_order_size;
    std::optional<bool> neg_risk;
    std::vector<Token> tokens;
    std::int64_t tick_size = ARB_ABSENT;  // as the stream last said
    // What the venue's book hash covers beside the book: the tick, and the price of the newest trade on
    // either outcome, as it was printed.
    std::int64_t hash_tick = ARB_ABSENT, hash_price = ARB_ABSENT;
    bool resolved = false;
    std::int64_t paid = ARB_ABSENT;  // by outcome 0, where the stream said so
    bool announced = false;          // a moment ago: it may be tradable before its book is there
    bool over = false;               // its end was written, and no book has come since
    bool past_wanted = false;        // its trades of before were asked for; set and read by Collector alone
    arb_time heard = 0;              // when the stream last said something of its book or trades
    void* shard = nullptr;           // the connection it is subscribed on; set and read by Shards alone
};

// What a status says of a market that ended before its time.
std::string early_end(arb_time closes_at);

// What is particular to one connection.
struct Feed {
    Occurrences prints;
    bool overlaps = false;  // another connection carries the same markets
};

class Prices {
  public:
    struct Events {
        // The first book of a token since it was subscribed has come.
        std::function<void(Token&)> opened;
        // The kept book cannot be trusted (why: a word of our own): ask for a fresh one.
        std::function<void(Token&, std::string_view reason)> doubtful;
        // A trade of the market could not be read. May be empty.
        std::function<void(Market&)> trade_lost;
        // A book is not the one the venue hashed: to be compared with REST soon. May be empty.
        std::function<void(Token&)> hash_differs;
        std::function<void(Market&)> resolved;
        // When the listing says that it ends; 0: it does not say. May be empty.
        std::function<arb_time(Market const&)> closes_at;
        std::function<void(Market&, std::int64_t tick_size)> tick_changed;
        std::function<void(StreamEvent const&)> new_market;
    };

    Prices(Host host, Outbox& outbox, Record record, Events events);

    // Follows a market; the one already followed under this id stays as it is, and may resolve again. One
    // whose tokens are others now is to be removed before.
    Market& add(MarketNames const& names);
    void remove(std::string_view market_id);
    Market* market(std::string_view market_id);
    Token* token(std::string_view asset_id);
    std::size_t market_count() const { return markets_.size(); }

    // Nobody can order in it any more: a quote without bid and ask and a book without levels, so that what
    // was stored last, perhaps by an earlier run, is not taken for the present. `last_price`: where this run
    // heard of none.
    void ended(Market& market, std::int64_t last_price, arb_time received);

    // The listing names other tokens for its outcomes, or another order of them: a row of status says it.
    void tokens_changed(Market const& market, std::vector<std::string> const& tokens, arb_time received);

    // Its subscription ended or is made anew: books are kept no further until the next opening book.
    static void lost(Market& market);

    void apply(StreamEvent const& event, arb_time received, Feed& feed);
    // The same where there is one connection.
    void apply(StreamEvent const& event, arb_time received) { apply(event, received, feed_); }

    // A trade read over REST; false if it is not one. `alike` counts the prints of this reading. One that is
    // known already is not pushed again.
    bool take_past(Print const& print, Occurrences& alike, arb_time received);

    // A book that reached the time of the best prices the venue named beside it, and is different again and
    // again, has missed a change. So has one whose bids are not below its asks for long.
    void check_books(arb_time now);

    // Compares some of the books that changed with the hash the venue gave them, as a hint: see hash_differs.
    // `calls` calls look at all.
    void check_hashes(arb_time now, std::size_t calls);

    // Writes again, whole, some of the books that were not for `every`. Each call looks at a share of them,
    // so that `calls` calls look at all.
    void snapshot(arb_time now, std::chrono::nanoseconds every, std::size_t calls);

    // Calls `visit` with the markets of the next of `parts` parts, of which `at` counts what was visited;
    // true when that was the last one. What comes or goes meanwhile may be met in the next round only.
    template<class Visit>
    bool visit_part(std::size_t& at, std::size_t parts, Visit const& visit) const {
        auto const buckets = markets_.bucket_count();
        for (auto left = buckets / parts + 1; left != 0 && at < buckets; --left, ++at)
            for (auto found = markets_.begin(at); found != markets_.end(at); ++found) visit(*found->second);
        if (at < buckets) return false;
        at = 0;
        return true;
    }

    // Where it says what of the venue's messages it does not know; for others that read them, too.
    Drift& drift() { return drift_; }
    // What all markets and their books take.
    std::size_t bytes() const { return bytes_; }

  private:
    struct Hash {
        // Token ids are digits of a hash themselves: the last sixteen tell them apart.
        std::size_t operator()(std::string_view id) const;
    };

    void book(StreamEvent const& event, arb_time received, Feed const& feed);
    void price_change(StreamEvent const& event, arb_time received, Feed const& feed);
    bool change(Token& token, ChangeText const& text, arb_time time, arb_time received, Feed const& feed);
    bool set_level(Token& token, int side, arb_level level, std::string_view hash, arb_time time,
                   arb_time received, Feed const& feed);
    // Changes that only the other outcome's book is said to have.
    void mirrored_changes(StreamEvent const& event, arb_time time, arb_time received, Feed const& feed);
    // What came is older than the book it is about.
    void went_back(Token& token, arb_time time, Feed const& feed);
    void best_bid_ask(StreamEvent const& event, arb_time received);
    void trade(StreamEvent const& event, arb_time received, Feed& feed);
    void push_trade(Token const& token, Print const& print, unsigned occurrence, arb_time received,
                    std::uint16_t flags);
    void tick_size_change(StreamEvent const& event, arb_time received);
    void market_resolved(StreamEvent const& event, arb_time received);
    void read_hashed(Market& market, StreamEvent const& event, arb_time received);
    bool is_hashed(Token const& token) const;
    void check_hash(Token& token);
    void look_at_witness(Token& token);
    static void witness_passed(Token& token);
    void push_quote(Token& token, arb_time time, arb_time received);
    void push_book(Token& token, std::string_view hash, arb_time time, arb_time received);
    Market* market_of(StreamEvent const& event);
    // An event's time, with the flag that says it was unreadable.
    struct Stamp {
        arb_time time = 0;
        std::uint16_t flags = 0;
    };
    Stamp stamp(StreamEvent const& event);
    void set_tick(Market& market, std::int64_t tick, std::int64_t old_tick, Stamp stamp, arb_time received);
    // A hash of the venue's, or nothing if it is too long to be one.
    std::string_view bounded(StreamEvent const& event, char const* field, std::string_view text);
    // An event said something that cannot be read: its market's books are asked for again.
    void reject(StreamEvent const& event, std::string_view reason);
    // An event of a token nobody follows (any more), or one that names none.
    void unknown(StreamEvent const& event);

    Host const host_;
    Outbox& outbox_;
    Drift drift_{host_, outbox_};
    Record const record_;
    Events const events_;
    std::unordered_map<std::string_view, std::unique_ptr<Market>> markets_;  // keys lie in the values
    std::unordered_map<std::string_view, Token*, Hash> tokens_;
    std::size_t bytes_ = 0;
    BookReader reader_;
    std::vector<arb_level> best_first_;
    std::vector<std::string> witnessed_;  // ids of tokens whose witness waits
    std::vector<std::string> crossed_;    // ids of tokens with crossed_at
    KnownTrades known_;
    std::size_t snapshot_at_ = 0;  // how far the round of snapshots is
    std::size_t hash_at_ = 0;      // and that of hashes
    Feed feed_;
};

}  // namespace arb::polymarket
