// The words of enumerators, as the tables spell them; null for one that is not stored.
#pragma once

namespace arb::sql {

inline constexpr char const* lifecycles[] = {nullptr,  "unopened",   "open",   "paused",
                                             "closed", "determined", "settled"};
inline constexpr char const* sides[] = {nullptr, "buy", "sell"};
inline constexpr char const* book_sides[] = {"bid", "ask"};
inline constexpr char const* streams[] = {"all", "catalogue", "quotes", "trades", "books", "status"};
inline constexpr char const* fee_scopes[] = {"venue", "series", "event", "market"};
inline constexpr char const* relations[] = {nullptr, "same", "inverse"};
inline constexpr char const* pair_states[] = {nullptr, "candidate", "accepted", "rejected", "suspended"};

}  // namespace arb::sql
