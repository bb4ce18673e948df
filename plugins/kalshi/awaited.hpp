// Books of one connection that were asked for and have not come. How long one may take counts from the answer
// to its command: that stands in the same line as the book, so that nothing is late while a burst of frames
// waits to be read. Pure: time is given.
//
// Thread safety: none; on the venue's thread. Bounded by the books of the connection. Times in nanoseconds.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "arbitrage/time.hpp"

namespace arb::kalshi {

class Awaited {
  public:
    // Books that were asked for and do not come are asked for again by name after this pause, which doubles
    // up to the other; those that are overdue, after the last.
    static constexpr arb_time again_ns = 5 * second_ns, again_max_ns = 60 * second_ns;

    // A command that is not answered yet asks for this book.
    void asked(std::string const& market, arb_time now);
    // The command was answered.
    void answered(arb_time now);
    // This book is no longer right and has to be asked for by name.
    void spoiled(std::string market, arb_time now);
    // Whether it was the last of those that were asked for by name.
    bool came(std::string_view market, arb_time now);
    // It is no longer wanted here.
    void left(std::string_view market);
    void clear();

    // None is awaited but those that are overdue.
    bool empty() const { return awaited_.empty(); }
    std::size_t size() const { return awaited_.size(); }
    std::size_t overdue() const { return overdue_.size(); }
    // When something last moved: an answer or a book.
    arb_time moved() const { return moved_; }
    bool answers_awaited() const { return unanswered_ != 0; }

    // Up to `count_max` books to be asked for by name now; they count as asked for.
    std::vector<std::string> to_request(std::size_t count_max, arb_time now);

    struct Late {
        std::string market;
        arb_time since = 0;
    };
    // Books whose time is over; from now on they are overdue and no longer awaited. While others come they
    // have three times as long.
    std::vector<Late> take_late(arb_time patience, arb_time now);

  private:
    struct State {
        arb_time since = 0;    // 0: the command is not answered
        bool by_name = false;  // does not come by itself
    };
    void forget(std::map<std::string, State, std::less<>>::iterator at);

    std::map<std::string, State, std::less<>> awaited_;
    std::set<std::string, std::less<>> overdue_, requested_;
    std::size_t unanswered_ = 0;
    arb_time moved_ = 0, requested_at_ = 0;
    arb_time pause_ = again_ns;
};

}  // namespace arb::kalshi
