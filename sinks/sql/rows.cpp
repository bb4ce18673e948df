#include "sinks/sql/rows.hpp"

#include <algorithm>
#include <new>

#include "arbitrage/fields.hpp"
#include "arbitrage/time.hpp"
#include "sinks/sql/cells.hpp"
#include "sinks/sql/text.hpp"

namespace arb::sql {

using namespace cells;

namespace {

// So many changes of one market or event in one batch become rows of its history; of more than that the last.
// Each round is a merge of its own, and all but a few markets have one.
constexpr std::size_t rounds_max = 32;

std::string name_of(TableId id, std::string_view venue, std::string_view key) {
    std::string name;
    name.reserve(venue.size() + key.size() + 3);
    return name.append(1, static_cast<char>(id)).append(venue).append(1, '\0').append(key);
}

}  // namespace

void Rows::clear() {
    for (auto* const each : filled_) {
        each->cells.clear();
        each->rows = 0;
    }
    filled_.clear();
    std::fill(std::begin(recent_), std::end(recent_), nullptr);
    key_rows_.clear();
    rounds_.clear();
    remembered_.clear();
    memory_.release();
    buried_ = 0;
}

Group& Rows::group(TableId id, std::string_view venue, std::size_t round) {
    auto*& recent = recent_[static_cast<std::size_t>(id)];
    if (recent != nullptr && recent->venue == venue && recent->round == round) return *recent;
    for (auto const& each : groups_) {
        if (each->table->id != id || each->venue != venue || each->round != round) continue;
        if (each->rows == 0 && std::find(filled_.begin(), filled_.end(), each.get()) == filled_.end())
            filled_.push_back(each.get());
        return *(recent = each.get());
    }
    groups_.push_back(std::make_unique<Group>(Group{&table(id), std::string{venue}, {}, 0, round}));
    filled_.push_back(groups_.back().get());
    return *(recent = groups_.back().get());
}

Cell* Rows::append(TableId id, std::string_view venue, std::size_t round) {
    auto& to = group(id, venue, round);
    auto const columns = to.table->columns.size();
    to.cells.resize(to.cells.size() + columns);
    return to.cells.data() + columns * to.rows++;
}

// A row that its key names once in a batch. The later packet takes the place of the earlier one, except in a
// table where the first counts: there it is null.
Cell* Rows::keyed(TableId id, std::string_view venue, std::string_view key, std::size_t round) {
    auto name = name_of(id, venue, key);
    name.append(1, static_cast<char>(round));
    auto& to = group(id, venue, round);
    auto const [found, is_new] = key_rows_.try_emplace(std::move(name), to.rows);
    if (is_new) return append(id, venue, round);
    if (to.table->way == Way::once) return nullptr;
    return to.cells.data() + found->second * to.table->columns.size();
}

// A row that changes the row of `key` in table `whose`. Each comes after the one before it, so that each is
// seen by the history.
Cell* Rows::in_turn(TableId id, TableId whose, std::string_view venue, std::string_view key) {
    auto const before = rounds_[name_of(whose, venue, key)]++;
    return keyed(id, venue, key, std::min(before, rounds_max - 1));
}

std::string_view Rows::kept(std::string_view text) {
    auto* const copy = static_cast<char*>(memory_.allocate(text.size(), 1));
    std::memcpy(copy, text.data(), text.size());
    return {copy, text.size()};
}

Cell Rows::text(arb_packet const& packet, arb_ref ref) {
    if (ref.length == 0) return {};
    auto const value = arb::text(packet, ref);
    if (is_clean(value)) return of(value);
    text_flags_ |= flag_text_cleaned;
    return of(kept(cleaned(value)));
}

Cell Rows::json(arb_packet const& packet, arb_ref ref) {
    if (ref.length == 0) return {};
    auto const value = arb::text(packet, ref);
    if (is_clean(value) && is_storable_json(value)) return of(value);
    text_flags_ |= flag_json_as_text;
    std::string quoted;
    append_json_string(quoted, cleaned(value));
    return of(kept(quoted));
}

Cell Rows::texts(arb_packet const& packet, arb_array ref) {
    auto const refs = array<arb_ref>(packet, ref);
    auto* const out = static_cast<std::string_view*>(memory_.allocate(
        std::max<std::size_t>(1, refs.size()) * sizeof(std::string_view), alignof(std::string_view)));
    for (std::size_t i = 0; i != refs.size(); ++i) {
        auto const cell = text(packet, refs[i]);
        new (out + i) std::string_view{cell.is_null() ? std::string_view{} : cell.text()};
    }
    return {static_cast<std::int64_t>(refs.size()), out};
}

// Flags come last in every row: by then the row's texts have been looked at.
Cell Rows::flags(arb_packet const& packet) const {
    constexpr std::int64_t packet_flags = ARB_FLAG_BACKFILLED | ARB_FLAG_ANOMALY | ARB_FLAG_POLLED;
    return number((packet.flags & packet_flags) | text_flags_);
}

void Rows::add(arb_packet const& packet, std::int32_t market_key, std::uint64_t content) {
    text_flags_ = 0;
    switch (packet.kind) {
        case ARB_KIND_EVENT:
            return event(*as<arb_event>(packet), content);
        case ARB_KIND_MARKET:
            return market(*as<arb_market>(packet), market_key, content);
        case ARB_KIND_QUOTE:
            return quote(*as<arb_quote>(packet), market_key);
        case ARB_KIND_TRADE:
            return trade(*as<arb_trade>(packet), market_key);
        case ARB_KIND_BOOK:
            return book(*as<arb_book>(packet), market_key);
        case ARB_KIND_BOOK_CHANGE:
            return book_change(*as<arb_book_change>(packet), market_key);
        case ARB_KIND_STATUS:
            return status(*as<arb_status_change>(packet), market_key);
        case ARB_KIND_GAP:
            return gap(*as<arb_gap>(packet), market_key);
        case ARB_KIND_PAIR:
            return pair(*as<arb_pair>(packet));
        case ARB_KIND_OPPORTUNITY:
            return opportunity(*as<arb_opportunity>(packet));
        case ARB_KIND_CUSTOM:
            return custom(*as<arb_custom>(packet));
        case ARB_KIND_SERIES:
            return series(*as<arb_series>(packet), content);
        case ARB_KIND_FEE_SCHEDULE:
            return fee_schedule(*as<arb_fee_schedule>(packet), content);
        case ARB_KIND_MESSAGE:
            return message(*as<arb_message>(packet));
        default:
            return bury(packet, "the kind is not known to this version", packet.received_time);
    }
}

void Rows::bury(arb_packet const& packet, std::string_view reason, arb_time now) {
    auto const kind = packet.kind < ARB_KIND_COUNT ? std::string_view{kind_names[packet.kind]} : "unknown";
    Cell const row[] = {of(instance_),          position(packet), of(kind), of(kept(cleaned(reason))),
                        {packet.size, &packet}, number(now)};
    std::copy(std::begin(row), std::end(row), append(TableId::dead_letters, {}));
    ++buried_;
}

void Rows::quote(arb_quote const& p, std::int32_t key) {
    auto const& h = p.header;
    auto* to = append(TableId::tick_history, arb::venue(h));
    *to++ = venue(h);
    *to++ = number(key);
    *to++ = number(p.outcome);
    *to++ = time(h.venue_time);
    *to++ = number(h.received_time);
    for (auto const value :
         {p.bid, p.bid_size, p.ask, p.ask_size, p.last_price, p.last_size, p.volume, p.open_interest})
        *to++ = number(value);
    *to++ = position(h);
    *to++ = flags(h);
}

void Rows::trade(arb_trade const& p, std::int32_t key) {
    auto const& h = p.header;
    auto const id = text(h, p.trade_id);
    auto* const to = id.is_null() ? append(TableId::prints, arb::venue(h))
                                  : keyed(TableId::trades, arb::venue(h), id.text());
    if (to == nullptr) return;
    Cell const row[] = {venue(h),
                        number(key),
                        number(p.outcome),
                        id,
                        number(p.price),
                        number(p.size),
                        word(words::sides, p.taker_side),
                        known(p.block),
                        time(h.venue_time),
                        number(h.received_time),
                        position(h),
                        flags(h)};
    std::copy(std::begin(row), std::end(row), to);
}

void Rows::book(arb_book const& p, std::int32_t key) {
    auto const& h = p.header;
    auto const prices = [&](arb_array side) -> Cell {
        return {side.length,
                reinterpret_cast<std::byte const*>(&p) + side.offset + offsetof(arb_level, price)};
    };
    auto const sizes = [&](arb_array side) -> Cell {
        return {side.length,
                reinterpret_cast<std::byte const*>(&p) + side.offset + offsetof(arb_level, size)};
    };
    auto const hash = text(h, p.venue_hash);
    Cell const row[] = {venue(h),
                        number(key),
                        number(p.outcome),
                        prices(p.bids),
                        sizes(p.bids),
                        prices(p.asks),
                        sizes(p.asks),
                        hash,
                        time(h.venue_time),
                        number(h.received_time),
                        position(h),
                        number(static_cast<std::int64_t>(p.epoch)),
                        flags(h)};
    std::copy(std::begin(row), std::end(row), append(TableId::book_snapshots, arb::venue(h)));
}

void Rows::book_change(arb_book_change const& p, std::int32_t key) {
    auto const& h = p.header;
    Cell const row[] = {venue(h),
                        number(key),
                        number(p.outcome),
                        word(words::book_sides, p.side),
                        number(p.price),
                        number(p.size),
                        time(h.venue_time),
                        number(h.received_time),
                        position(h),
                        number(static_cast<std::int64_t>(p.epoch)),
                        flags(h)};
    std::copy(std::begin(row), std::end(row), append(TableId::book_changes, arb::venue(h)));
}

void Rows::gap(arb_gap const& p, std::int32_t key) {
    auto const& h = p.header;
    auto const instance = text(h, p.instance);
    std::string name{arb::venue(h)};
    name.append(1, '\0').append(instance.text()).append(1, '\0');
    for (std::int64_t const part : {std::int64_t{p.stream}, std::int64_t{key}, p.from_time / 1000})
        name.append(reinterpret_cast<char const*>(&part), sizeof part);
    auto const reason = text(h, p.reason), detail = text(h, p.detail);
    Cell const row[] = {venue(h),
                        instance,
                        word(words::streams, p.stream),
                        key == 0 ? Cell{} : number(key),
                        number(p.from_time),
                        time(p.to_time),
                        reason,
                        number(p.recovered == ARB_YES ? 1 : 0),
                        detail,
                        position(h),
                        flags(h)};
    std::copy(std::begin(row), std::end(row), keyed(TableId::gaps, {}, name));
}

void Rows::pair(arb_pair const& p) {
    auto const& h = p.header;
    auto const id = text(h, p.pair_id);
    Cell const row[] = {id,
                        text(h, p.venue_a),
                        text(h, p.market_id_a),
                        text(h, p.venue_b),
                        text(h, p.market_id_b),
                        word(words::relations, p.relation),
                        word(words::pair_states, p.status),
                        number(p.score),
                        json(h, p.evidence),
                        number(h.received_time),
                        position(h),
                        flags(h)};
    auto* const to = keyed(TableId::market_pairs, {}, id.text());
    std::copy(std::begin(row), std::end(row), to);
}

void Rows::opportunity(arb_opportunity const& p) {
    auto const& h = p.header;
    auto const id = text(h, p.opportunity_id);
    Cell const row[] = {id,
                        text(h, p.pair_id),
                        text(h, p.opportunity_kind),
                        json(h, p.legs),
                        time(p.opened_at),
                        time(p.closed_at),
                        number(p.size_max),
                        number(p.edge_peak),
                        number(p.profit_peak),
                        number(p.annualised_peak),
                        json(h, p.detail),
                        position(h),
                        flags(h)};
    auto* const to = keyed(TableId::opportunities, {}, id.text());
    std::copy(std::begin(row), std::end(row), to);
}

void Rows::custom(arb_custom const& p) {
    auto const& h = p.header;
    Cell const row[] = {
        venue(h),    text(h, p.topic), json(h, p.body), time(h.venue_time), number(h.received_time),
        position(h), flags(h)};
    auto* const to = append(TableId::custom_packets, {});
    std::copy(std::begin(row), std::end(row), to);
}

// What the venue could not understand belongs beside what the database refused; it is no failure to store it.
void Rows::message(arb_message const& p) {
    auto const& h = p.header;
    auto const instance = text(h, p.instance), reason = text(h, p.reason);
    Cell const row[] = {instance.is_null() ? venue(h) : instance,
                        position(h),
                        of(kind_names[ARB_KIND_MESSAGE]),
                        reason.is_null() ? of("the venue's plugin did not say why") : reason,
                        {h.size, &p},
                        number(h.received_time)};
    std::copy(std::begin(row), std::end(row), append(TableId::dead_letters, {}));
}

// The newest tick of each market and outcome, in key order, so that two writers never wait for each other in
// a ring. What was obtained afterwards is history, not the latest price.
void Rows::latest(Group const& history) {
    auto const& columns = *history.table;
    auto const key = columns.column("market_key"), outcome = columns.column("outcome");
    auto const received = columns.column("received_at"), marks = columns.column("flags");
    ticks_.clear();
    for (std::size_t i = 0; i != history.rows; ++i) {
        auto const* const row = history.row(i);
        if ((row[marks].number & ARB_FLAG_BACKFILLED) != 0) continue;
        auto const order = static_cast<std::uint64_t>(row[key].number) << 16 |
                           static_cast<std::uint64_t>(row[outcome].number);
        ticks_.push_back({order, i});
    }
    std::sort(ticks_.begin(), ticks_.end(), [](Tick const& a, Tick const& b) {
        return a.order != b.order ? a.order < b.order : a.row < b.row;
    });
    for (std::size_t i = 0; i != ticks_.size();) {
        auto newest = ticks_[i].row;
        auto const order = ticks_[i].order;
        for (; i != ticks_.size() && ticks_[i].order == order; ++i)
            if (history.row(ticks_[i].row)[received].number >= history.row(newest)[received].number)
                newest = ticks_[i].row;
        auto const* const row = history.row(newest);
        std::copy(row, row + columns.columns.size(), append(TableId::latest_prices, history.venue));
    }
}

void Rows::finish() {
    auto const groups = filled_;
    for (auto const* const each : groups)
        if (each->table->id == TableId::tick_history) latest(*each);
    std::erase_if(filled_, [](Group const* each) { return each->rows == 0; });
}

}  // namespace arb::sql
