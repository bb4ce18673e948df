#include "fees.hpp"

#include "arbitrage/decimal.hpp"
#include "member.hpp"

namespace arb::kalshi {

namespace json = boost::json;

std::optional<Fee> read_fee(json::object const& object, std::string_view type_key,
                            std::string_view multiplier_key) {
    auto const type = text(object, type_key);
    if (type.empty() || type.size() > word_size_max) return {};
    Member const member{object, multiplier_key};
    Field const multiplier = member;
    if (multiplier.kind != Field::Kind::number && multiplier.kind != Field::Kind::text)
        return Fee{std::string{type}, {}};
    auto const value = parse_decimal(multiplier.text);
    return Fee{std::string{type},
               value && value.millionths >= 0 ? format_decimal(value.millionths) : std::string{}};
}

std::optional<Fee> read_override(json::object const& object) {
    auto const* const type = object.if_contains("fee_type_override");
    bool const none = type == nullptr || type->is_null() || (type->is_string() && type->get_string().empty());
    if (!none) return read_fee(object, "fee_type_override", "fee_multiplier_override");
    Member const member{object, "fee_multiplier_override"};
    Field const multiplier = member;
    auto const value = parse_decimal(multiplier.text);
    if (!multiplier.given() || !value || value.millionths < 0) return {};
    return Fee{{}, format_decimal(value.millionths)};
}

std::string fee_json(Fee const& fee, std::string_view waived_until) {
    if (fee.type.empty()) return {};
    auto out = R"({"type":)" + json::serialize(json::string{fee.type});
    if (!fee.multiplier.empty()) out += R"(,"multiplier":)" + fee.multiplier;
    if (!waived_until.empty()) out += R"(,"waived_until":)" + json::serialize(json::string{waived_until});
    return out + "}";
}

namespace {

// Id and date of an announced change.
std::optional<FeeSchedule> read_change(json::value const& value, char const* id_key,
                                       std::string_view& reason) {
    auto const* const object = value.if_object();
    FeeSchedule out;
    if (object != nullptr) out.id = std::string{text(*object, id_key)};
    if (!is_id(out.id)) {
        reason = "fee_change_without_ticker";
        return {};
    }
    out.effective_from =
        read_time(Member{*object, "scheduled_ts"}, "scheduled_ts", Need::required, out.doubts);
    if (out.effective_from == 0) {
        reason = "fee_change_without_date";
        return {};
    }
    out.raw = json_text(value);
    return out;
}

}  // namespace

std::optional<FeeSchedule> read_series_fee_change(json::value const& value, std::string_view& reason) {
    auto out = read_change(value, "series_ticker", reason);
    if (!out) return out;
    auto fee = read_fee(value.get_object(), "fee_type", "fee_multiplier");
    if (!fee) {
        reason = "fee_change_without_type";
        return {};
    }
    out->fee = std::move(*fee);
    if (out->fee.multiplier.empty()) out->doubts.add("fee_multiplier");
    out->source = "fee_changes";
    return out;
}

std::optional<FeeSchedule> read_event_fee_change(json::value const& value, std::string_view& reason) {
    auto out = read_change(value, "event_ticker", reason);
    if (!out) return out;
    // Null ends the override; anything else that is no text is not understood.
    auto const* const type = value.get_object().if_contains("fee_type_override");
    auto fee = read_override(value.get_object());
    if (type == nullptr || (!type->is_null() && !fee.has_value())) {
        reason = "fee_change_without_type";
        return {};
    }
    out->scope = ARB_SCOPE_EVENT;
    out->fee = std::move(fee).value_or(Fee{});
    if (!out->fee.type.empty() && out->fee.multiplier.empty()) out->doubts.add("fee_multiplier_override");
    out->source = "event_fee_changes";
    return out;
}

void write_fee_schedule(Packets& packets, FeeSchedule const& schedule, arb_time received) {
    auto packet =
        packets.add<arb_fee_schedule>(venue_name, received, schedule.effective_from, schedule.doubts.flag());
    packet->scope = schedule.scope;
    packet->effective_from = schedule.effective_from != 0 ? schedule.effective_from : received;
    if (auto const multiplier = parse_decimal(schedule.fee.multiplier))
        packet->multiplier = multiplier.millionths;
    packet.text(&arb_fee_schedule::scope_id, schedule.id);
    packet.text(&arb_fee_schedule::type, schedule.fee.type);
    packet.text(&arb_fee_schedule::source, schedule.source);
    packet.text(&arb_fee_schedule::raw, schedule.raw);
}

void Fees::holds(FeeSchedule schedule) {
    if (schedule.scope == ARB_SCOPE_EVENT) {
        // What was never overridden has nothing to end.
        if (schedule.fee == Fee{} && held_.erase({schedule.scope, schedule.id}) == 0) return;
    } else if (schedule.fee.type.empty()) {
        return;
    }
    if (schedule.fee != Fee{}) held_.insert_or_assign({schedule.scope, schedule.id}, schedule.fee);
    auto const key = std::to_string(schedule.scope) + ":" + schedule.id;
    if (filter_.changed(key, {schedule.fee.type, schedule.fee.multiplier})) push(schedule);
}

void Fees::announced(FeeSchedule const& schedule, bool wanted) {
    auto const known = to_come_.find({schedule.scope, schedule.id});
    bool const comes = known != to_come_.end() && known->second.contains(schedule.effective_from);
    if (!wanted && !comes) return;
    if (comes || schedule.effective_from > host_.now())
        to_come_[{schedule.scope, schedule.id}][schedule.effective_from] = {schedule.fee};
    if (wanted) push_dated(schedule);
}

void Fees::push_dated(FeeSchedule const& schedule) {
    auto const key =
        std::to_string(schedule.scope) + ":" + schedule.id + ":" + std::to_string(schedule.effective_from);
    if (filter_.changed(key, {schedule.fee.type, schedule.fee.multiplier})) push(schedule);
}

void Fees::all_announced(int scope) {
    for (auto at = to_come_.begin(); at != to_come_.end();) {
        auto const& [of, id] = at->first;
        auto& changes = at->second;
        for (auto change = changes.begin(); of == scope && change != changes.end();) {
            auto const from = change->first;
            if (std::exchange(change->second.listed, false)) {
                // What began and is listed still is past.
                change = from > host_.now() ? std::next(change) : changes.erase(change);
                continue;
            }
            FeeSchedule instead{of, id, {}, from, "fee_changes_withdrawn", {}, {}};
            change = changes.erase(change);
            instead.fee = before(at->first, instead.effective_from);
            // A series whose fee is not known has none to go back to.
            if (of == ARB_SCOPE_EVENT || !instead.fee.type.empty()) push_dated(instead);
        }
        at = changes.empty() ? to_come_.erase(at) : std::next(at);
    }
}

// The fee that was to hold until then. Empty: of an event that of its series.
Fee Fees::before(Name const& name, arb_time time) const {
    if (auto const changes = to_come_.find(name); changes != to_come_.end()) {
        auto const later = changes->second.lower_bound(time);
        if (later != changes->second.begin()) return std::prev(later)->second.fee;
    }
    auto const held = held_.find(name);
    return held != held_.end() ? held->second : Fee{};
}

void Fees::push(FeeSchedule schedule) {
    // Of an override that has a multiplier alone the type is that of the series.
    if (schedule.fee.type.empty() && !schedule.fee.multiplier.empty() && type_of_) {
        schedule.fee.type = type_of_(schedule.id);
        if (schedule.raw.empty()) schedule.raw = fee_json(schedule.fee, {});
    }
    if (schedule.doubts.any()) host_.count("anomalies", 1, schedule.doubts.first());
    write_fee_schedule(outbox_.packets(), schedule, host_.now());
    outbox_.added();
}

}  // namespace arb::kalshi
