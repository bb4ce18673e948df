#include "simulator/faults.hpp"

#include <algorithm>
#include <array>

#include "simulator/drift.hpp"

namespace arb::simulator {
namespace {

constexpr std::array fault_kinds = std::to_array<std::string_view>(
    {// Strike a connection as long as they last.
     "freeze", "silent_market", "duplicate", "reorder", "renamed_field",
     // Strike frames and answers.
     "drift_renamed", "drift_retyped", "drift_null", "drift_missing", "drift_unknown",
     // Strike each connection once.
     "lost_change", "seq_gap", "seq_restart", "overflow", "malformed", "bad_utf8", "cut", "reset",
     // Strike whoever connects or subscribes.
     "accept_then_drop", "no_snapshot",
     // Strike requests.
     "http_403", "http_429", "http_500", "http_503", "http_html", "http_empty", "http_redirect"});

// Fields without which a frame says nothing, of both venues.
constexpr std::array renamed_fields =
    std::to_array<std::string_view>({"\"yes_bid_dollars\"", "\"delta_fp\"", "\"count_fp\"", "\"size\""});

}  // namespace

bool Faults::known(std::string const& kind) {
    return std::find(fault_kinds.begin(), fault_kinds.end(), kind) != fault_kinds.end();
}

void Faults::start(Fault fault) {
    // Ordered again it lasts as the last word says: "seconds=0" ends it.
    for (auto& order : orders_)
        if (order.kind == fault.kind && order.venue == fault.venue && order.connection == fault.connection &&
            order.market == fault.market && order.message == fault.message && order.field == fault.field)
            order.until_ms = 0;
    fault.number = ++number_;
    orders_.push_back(std::move(fault));
}

void Faults::stop(std::string const& kind, Venue venue) {
    for (auto& order : orders_)
        if (order.venue == venue && (kind.empty() || order.kind == kind)) order.until_ms = 0;
}

bool Faults::active(std::string_view kind, Venue venue, unsigned connection) const {
    if (idle()) return false;
    auto const now = now_ms();
    return std::any_of(orders_.begin(), orders_.end(), [&](Fault const& order) {
        return now < order.until_ms && order.venue == venue && order.kind == kind &&
               (order.connection == 0 || order.connection == connection);
    });
}

bool Faults::silent(Venue venue, unsigned connection, std::string_view market) const {
    auto const now = now_ms();
    return std::any_of(orders_.begin(), orders_.end(), [&](Fault const& order) {
        return now < order.until_ms && order.venue == venue && order.kind == "silent_market" &&
               order.market == market && (order.connection == 0 || order.connection == connection);
    });
}

std::uint64_t Faults::newest(std::string_view kind, Venue venue, unsigned connection) const {
    std::uint64_t number = 0;
    for (auto const& order : orders_)
        if (order.venue == venue && order.kind == kind &&
            (order.connection == 0 || order.connection == connection))
            number = order.number;
    return number;
}

std::optional<HttpResponse> Faults::answer(Venue venue) const {
    if (idle()) return {};
    if (active("malformed", venue)) return HttpResponse{200, R"({"events":[{"id":"6)"};
    auto const now = now_ms();
    for (auto const& order : orders_) {
        if (now >= order.until_ms || order.venue != venue || !order.kind.starts_with("http_")) continue;
        auto const pause = std::to_string(order.retry_after_s);
        auto const html = [](int status, std::string const& title) {
            return HttpResponse{status, "<html><head><title>" + title + "</title></head></html>",
                                "text/html"};
        };
        auto what = order.kind == "http_403"     ? html(403, "Forbidden")
                    : order.kind == "http_429"   ? HttpResponse{429, "error code: 1015", "text/html"}
                    : order.kind == "http_500"   ? html(500, "Internal Server Error")
                    : order.kind == "http_503"   ? html(503, "Service Unavailable")
                    : order.kind == "http_html"  ? html(200, "Just a moment...")
                    : order.kind == "http_empty" ? HttpResponse{200, ""}
                                                 : HttpResponse{302, "", "text/plain"};
        bool const busy = what.status == 429 || what.status == 503;
        if (busy && order.retry_after_s != 0) what.headers = {{"Retry-After", pause}};
        if (what.status == 302) what.headers = {{"Location", "https://127.0.0.1:1/elsewhere"}};
        return what;
    }
    return {};
}

void Faults::drift_answer(Venue venue, std::string_view path, std::string& body) const {
    auto const now = now_ms();
    for (auto const& order : orders_)
        if (now < order.until_ms && order.venue == venue && order.kind.starts_with("drift_") &&
            order.message.starts_with('/') && path.ends_with(order.message))
            drift(body, order.kind, order.field, order.every);
}

bool Faults::drift_frame(Venue venue, unsigned connection, std::string& frame) const {
    auto const now = now_ms();
    bool spoilt = false;
    for (auto const& order : orders_) {
        if (now >= order.until_ms || order.venue != venue || !order.kind.starts_with("drift_") ||
            (order.connection != 0 && order.connection != connection) || !is_of_type(frame, order.message))
            continue;
        bool const struck = drift(frame, order.kind, order.field, order.every);
        // A new field takes nothing away.
        spoilt = spoilt || (struck && order.kind != "drift_unknown");
    }
    return spoilt;
}

std::string Faults::json() const {
    std::vector<std::string> out;
    auto const now = now_ms();
    for (auto const& order : orders_)
        if (now < order.until_ms)
            out.push_back(R"({"kind":")" + order.kind + R"(","venue":")" + name_of(order.venue) +
                          R"(","connection":)" + std::to_string(order.connection) + R"(,"market":)" +
                          json_text(order.market) + R"(,"message":)" + json_text(order.message) +
                          R"(,"field":)" + json_text(order.field) + R"(,"ms_left":)" +
                          std::to_string(order.until_ms - now) + '}');
    return '[' + joined(out) + ']';
}

Line::Line(std::shared_ptr<Socket> socket, Venue venue, Faults& faults)
    : socket_{std::move(socket)}, venue_{venue}, faults_{faults}, number_{faults.next_connection(venue)} {
    // What was ordered before this connection was there does not strike it.
    for (auto const kind : fault_kinds)
        if (auto const number = faults_.newest(kind, venue_, number_); number != 0)
            struck_[std::string{kind}] = number;
}

bool Line::strikes_once(std::string const& kind) {
    if (faults_.idle()) return false;
    auto const newest = faults_.newest(kind, venue_, number_);
    auto& struck = struck_[kind];
    bool const strikes = newest > struck;
    struck = newest;
    return strikes;
}

void Line::send_malformed(std::string const& frame) {
    socket_->send(frame.substr(0, frame.size() / 2));
    socket_->send(R"({"type":"surprise","sid":1,"event_type":"surprise","msg":{"unknown":[1,2,3]}})");
    socket_->send(R"([[],42,"text",null])");
}

bool Line::send_renamed(std::string& frame) {
    for (auto const name : renamed_fields) {
        auto const at = frame.find(name);
        if (at == std::string::npos) continue;
        frame.replace(at, name.size(), "\"renamed\"");
        socket_->send(std::move(frame));
        return true;
    }
    return false;
}

bool Line::data(std::string frame, std::string_view market, bool print) {
    if (faults_.idle()) {
        socket_->send(std::move(frame));
        return true;
    }
    if (faults_.active("freeze", venue_, number_)) return false;
    if (!market.empty() && faults_.silent(venue_, number_, market)) return false;
    if (strikes_once("seq_gap")) return false;
    if (strikes_once("malformed")) send_malformed(frame);
    if (strikes_once("bad_utf8")) socket_->send_frames(websocket_frame("{\"broken\":\"\xFF\xFE\xC3(\"}"), {});
    if (faults_.active("renamed_field", venue_, number_) && send_renamed(frame)) return false;
    if (faults_.drift_frame(venue_, number_, frame)) {
        socket_->send(std::move(frame));
        return false;
    }
    bool const reorder = faults_.active("reorder", venue_, number_);
    if (reorder && held_.empty()) {
        held_ = std::move(frame);
        return true;
    }
    if (!print && faults_.active("duplicate", venue_, number_)) socket_->send(frame);
    socket_->send(std::move(frame));
    settle();
    return true;
}

void Line::settle() {
    if (held_.empty()) return;
    socket_->send(std::move(held_));
    held_.clear();
}

}  // namespace arb::simulator
