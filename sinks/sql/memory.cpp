// What the sink remembers of the catalogue, so that a packet that says nothing new costs the database
// nothing: the keys of markets, and hashes of what is stored of markets and events.
#include <algorithm>

#include "sinks/sql/admission.hpp"
#include "sinks/sql/sink.hpp"
#include "sinks/sql/text.hpp"

namespace arb::sql {
namespace {

// Of a new connection nothing is known. When so many markets had to be asked for by name, a venue's whole
// catalogue is coming, as it does after every start.
constexpr std::size_t asked_max = 2000;
// Then the newest are read at once, in the order of their keys, which costs the server a fraction of finding
// each by its name. Older ones are still asked for: few of them are traded any more.
constexpr std::int32_t recalled_max = 500'000;     // of at most 32 MB of the cache
constexpr std::int32_t recalled_at_once = 20'000;  // keys asked for at once; a row has some 100 bytes

}  // namespace

void DatabaseSink::recall_newest() {
    if (recalled_ || asked_ < asked_max) return;
    recalled_ = true;
    std::int32_t newest = 0;
    dialect_->session() << "SELECT coalesce(max(market_key), 0) FROM market_keys", soci::into(newest);
    auto const oldest = std::max(0, newest - recalled_max);
    for (auto last = newest; last > oldest; last -= recalled_at_once) {
        auto const before = std::max(oldest, last - recalled_at_once);
        // Row by row: an array of integers passes SOCI's SQLite through 32 bits.
        std::string venue, id;
        std::int32_t key = 0;
        long long content = 0;
        soci::statement page =
            (dialect_->session().prepare << "SELECT venue, market_id, market_key, content_hash FROM markets "
                                            "WHERE market_key > :before AND market_key <= :last",
             soci::into(venue), soci::into(id), soci::into(key), soci::into(content), soci::use(before),
             soci::use(last));
        for (bool more = page.execute(true); more; more = page.fetch()) {
            auto& entry = markets_.at(identity(venue, id));
            entry.key = key;
            entry.content = static_cast<std::uint64_t>(content);
        }
    }
}

// The key of each packet's market, 0 where there is none. Markets nobody has seen get one. After admit.
void DatabaseSink::resolve_keys(Run packets) {
    struct Missing {
        std::string id;
        std::string_view venue;
        Identity identity;
        std::vector<std::size_t> places;
    };
    std::vector<Missing> missing;
    keys_.assign(packets.size(), 0);
    std::string scratch;
    for (std::size_t i = 0; i != packets.size(); ++i) {
        if (problems_[i] != nullptr) continue;
        auto const id = market_id(*packets[i], scratch);
        if (id.empty()) continue;
        auto const whose = identity(venue(*packets[i]), id);
        auto& entry = markets_.at(whose);
        if (entry.key > 0) {
            keys_[i] = entry.key;
            continue;
        }
        // Until it has a key, the entry names its place in `missing` as a negative number.
        if (entry.key == 0 || static_cast<std::size_t>(-entry.key) > missing.size() ||
            !(missing[static_cast<std::size_t>(-entry.key) - 1].identity == whose)) {
            missing.push_back({std::string{id}, venue(*packets[i]), whose, {}});
            entry.key = -static_cast<std::int32_t>(missing.size());
        }
        missing[static_cast<std::size_t>(-entry.key) - 1].places.push_back(i);
    }
    if (missing.empty()) return;
    asked_ += missing.size();
    std::sort(missing.begin(), missing.end(), [](Missing const& a, Missing const& b) {
        return a.venue != b.venue ? a.venue < b.venue : a.id < b.id;
    });
    std::vector<MarketName> names;
    for (auto const& each : missing) names.push_back({each.venue, each.id});
    auto const found = dialect_->market_keys(names);
    for (std::size_t i = 0; i != missing.size(); ++i) {
        markets_.at(missing[i].identity).key = found[i];
        for (auto const place : missing[i].places) keys_[place] = found[i];
    }
}

// Asking for the hashes of what is stored is far cheaper than sending the rows. After resolve_keys.
void DatabaseSink::recall(Run packets) {
    std::vector<MarketKey> markets;
    std::vector<EventName> events;
    std::vector<Identity> market_names, event_names;
    std::string scratch;
    for (std::size_t i = 0; i != packets.size(); ++i) {
        auto const& packet = *packets[i];
        if (problems_[i] != nullptr) continue;
        if (packet.kind == ARB_KIND_MARKET) {
            auto const whose = identity(venue(packet), market_id(packet, scratch));
            if (markets_.at(whose).content != 0) continue;
            markets.push_back({venue(packet), keys_[i]});
            market_names.push_back(whose);
        } else if (auto const* const event = as<arb_event>(packet)) {
            auto const id = text(packet, event->event_id);
            auto const whose = identity(venue(packet), id);
            auto const* const entry = events_.find(whose);
            if ((entry != nullptr && entry->content != 0) || !is_clean(id)) continue;
            events.push_back({venue(packet), id});
            event_names.push_back(whose);
        }
    }
    if (!markets.empty()) {
        auto const found = dialect_->contents(markets);
        for (std::size_t i = 0; i != found.size(); ++i) markets_.at(market_names[i]).content = found[i];
    }
    if (!events.empty()) {
        auto const found = dialect_->contents(events);
        for (std::size_t i = 0; i != found.size(); ++i) events_.at(event_names[i]).content = found[i];
    }
}

// Whether exactly this content of an event or market is stored already, as far as the process remembers.
// Anything else that will change the row is forgotten at once, so that a return to the old content later in
// the same batch is written.
bool DatabaseSink::unchanged(arb_packet const& packet, std::uint64_t content) {
    KeyCache::Entry* entry = nullptr;
    std::string scratch;
    if (auto const* const event = as<arb_event>(packet))
        entry = events_.find(identity(venue(packet), text(packet, event->event_id)));
    else if (packet.kind == ARB_KIND_MARKET || packet.kind == ARB_KIND_STATUS)
        entry = markets_.find(identity(venue(packet), market_id(packet, scratch)));
    if (entry == nullptr) return false;
    if (packet.kind != ARB_KIND_STATUS && entry->content == content) return true;
    entry->content = 0;
    return false;
}

// After a commit. A market whose status a later packet changed is no longer what its content said.
void DatabaseSink::remember() {
    for (auto const& each : rows_.remembered())
        (each.is_market ? markets_ : events_).at(identity(each.venue, each.id)).content = each.content;
}

}  // namespace arb::sql
