// What a connection should be subscribed to, and what of it has still to be asked for or given up. The wanted
// set is the only truth: after a reconnect everything wanted is asked for again.
//
//     for (auto ids = wanted.additions(chunk); !ids.empty(); ids = wanted.additions(chunk)) send
//     subscribe(ids)
//
// Thread safety: none; on the venue's thread. Bounded by what the venue's `select` lets in.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace arb {

class Wanted {
  public:
    void want(std::string_view id);
    void unwant(std::string_view id);
    // Wants exactly these.
    void replace(std::vector<std::string> const& ids);

    // Up to `count_max` ids that are wanted and not yet asked for, in order of id; from now on they count as
    // asked for.
    std::vector<std::string> additions(std::size_t count_max);
    // Up to `count_max` ids that were asked for and are no longer wanted; from now on they are forgotten.
    std::vector<std::string> removals(std::size_t count_max);

    // The connection is gone: nothing is asked for any more.
    void disconnected();
    // The venue did not take it: ask for it again at the next chance.
    void refused(std::string_view id);

    bool wants(std::string_view id) const;
    bool asked(std::string_view id) const;
    std::size_t wanted_count() const { return wanted_count_; }
    std::size_t to_add() const { return to_add_.size(); }
    std::size_t to_remove() const { return to_remove_.size(); }

  private:
    struct State {
        bool wanted = false, asked = false;
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view id) const { return std::hash<std::string_view>{}(id); }
    };
    using States = std::unordered_map<std::string, State, Hash, std::equal_to<>>;
    void unwant(States::iterator at);

    States states_;                    // every id is wanted, asked or both
    std::set<std::string> to_add_;     // wanted, not asked
    std::set<std::string> to_remove_;  // asked, not wanted
    std::size_t wanted_count_ = 0;
};

}  // namespace arb
