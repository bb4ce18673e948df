// The handler of the one pass over a frame: it knows where in the frame it is and where the next value
// belongs. For decode.cpp alone.
//
// Thread safety: none. Ownership: events point into the frame and into `unescaped_`, until the next one.
#pragma once

#include <boost/json/basic_parser_impl.hpp>
#include <deque>
#include <string>

#include "polymarket/decode.hpp"
#include "polymarket/frame_fields.hpp"

namespace arb::polymarket {

namespace json = boost::json;

class FrameHandler {
  public:
    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
    using Ec = json::error_code;

    void begin(std::string_view frame, EventSink& sink) {
        event_.frame = frame;
        event_.number = 0;
        sink_ = &sink;
        where_ = Where::top;
        in_array_ = false;
        target_ = nullptr;
        part_.clear();
        unescaped_used_ = 0;
    }

    bool on_document_begin(Ec&) { return true; }
    bool on_document_end(Ec&) { return true; }

    bool on_object_begin(Ec&) {
        refuse_container();
        switch (where_) {
            case Where::top:
            case Where::array:
                begin_event();
                break;
            case Where::levels:
                level_ = {};
                where_ = Where::level;
                break;
            case Where::changes:
                change_ = {};
                where_ = Where::change;
                break;
            case Where::event:
                if (container_ == Container::message)
                    where_ = Where::message;
                else if (container_ == Container::fees)
                    where_ = Where::fees;
                else
                    skip();
                break;
            case Where::skipped:
                ++skipped_depth_;
                break;
            default:
                skip();
        }
        return true;
    }

    bool on_object_end(std::size_t, Ec&) {
        target_ = nullptr;
        switch (where_) {
            case Where::level:
                levels_->push_back(level_);
                where_ = Where::levels;
                break;
            case Where::change:
                event_.changes.push_back(change_);
                where_ = Where::changes;
                break;
            case Where::message:
            case Where::fees:
                where_ = Where::event;
                break;
            case Where::event:
                event_.type = type_of(event_);
                event_.in_array = in_array_;
                sink_->event(event_);
                ++event_.number;
                where_ = in_array_ ? Where::array : Where::top;
                break;
            default:
                unskip();
        }
        return true;
    }

    bool on_array_begin(Ec&) {
        refuse_container();
        switch (where_) {
            case Where::top:
                in_array_ = true;
                where_ = Where::array;
                break;
            case Where::event:
                begin_list();
                break;
            case Where::skipped:
                ++skipped_depth_;
                break;
            default:
                if (where_ == Where::levels || where_ == Where::changes) event_.odd = true;
                skip();
        }
        return true;
    }

    bool on_array_end(std::size_t, Ec&) {
        target_ = nullptr;
        switch (where_) {
            case Where::array:
                where_ = Where::top;
                break;
            case Where::levels:
            case Where::changes:
            case Where::texts:
                where_ = Where::event;
                break;
            default:
                unskip();
        }
        return true;
    }

    bool on_key_part(json::string_view s, std::size_t, Ec&) {
        part_.append(s.data(), s.size());
        return true;
    }
    bool on_key(json::string_view s, std::size_t, Ec&) {
        key(part_.empty() ? std::string_view{s.data(), s.size()} : whole(s));
        return true;
    }
    bool on_string_part(json::string_view s, std::size_t, Ec&) {
        if (target_ != nullptr || where_ == Where::texts) part_.append(s.data(), s.size());
        return true;
    }
    bool on_string(json::string_view s, std::size_t, Ec&) {
        value(part_.empty() ? std::string_view{s.data(), s.size()} : whole(s));
        return true;
    }
    bool on_number_part(json::string_view s, Ec&) {
        part_.append(s.data(), s.size());
        return true;
    }
    // A number where a text is usual is taken by its digits, so it stays exact.
    bool on_int64(std::int64_t, json::string_view s, Ec&) { return number(s); }
    bool on_uint64(std::uint64_t, json::string_view s, Ec&) { return number(s); }
    bool on_double(double, json::string_view s, Ec&) { return number(s); }
    bool on_bool(bool is, Ec&) {
        if (target_ == &event_.fees_enabled || target_ == &event_.fee_taker_only)
            *target_ = is ? "true" : "false";
        else if (target_ != nullptr || expects_container())
            event_.retyped.push_back(key_);
        return no_value();
    }
    bool on_null(Ec&) { return no_value(); }
    bool on_comment_part(json::string_view, Ec&) { return true; }
    bool on_comment(json::string_view, Ec&) { return true; }

  private:
    enum class Where : std::uint8_t {
        top,      // outside everything
        array,    // between the events of an array
        event,    // in an event
        levels,   // in bids or asks
        level,    // in one level
        changes,  // in price_changes
        change,   // in one change
        texts,    // in a list of texts
        message,  // in event_message
        fees,     // in fee_schedule
        skipped,  // in something we do not read
    };
    void begin_event() {
        static_cast<EventTexts&>(event_) = EventTexts{};
        event_.has_bids = event_.has_asks = event_.has_changes = event_.odd = false;
        event_.bids.clear();
        event_.asks.clear();
        event_.changes.clear();
        event_.assets_ids.clear();
        event_.token_ids.clear();
        event_.outcomes.clear();
        event_.tags.clear();
        event_.unknown.clear();
        event_.retyped.clear();
        container_ = Container::none;
        where_ = Where::event;
    }

    void begin_list() {
        switch (container_) {
            case Container::bids:
                return begin_levels(event_.bids, event_.has_bids);
            case Container::asks:
                return begin_levels(event_.asks, event_.has_asks);
            case Container::changes:
                event_.changes.clear();
                event_.has_changes = true;
                where_ = Where::changes;
                return;
            case Container::assets_ids:
                return begin_texts(event_.assets_ids);
            case Container::token_ids:
                return begin_texts(event_.token_ids);
            case Container::outcomes:
                return begin_texts(event_.outcomes);
            case Container::tags:
                return begin_texts(event_.tags);
            default:
                skip();
        }
    }
    void begin_levels(std::vector<LevelText>& levels, bool& has) {
        levels.clear();
        levels_ = &levels;
        has = true;
        where_ = Where::levels;
    }
    void begin_texts(std::vector<std::string_view>& texts) {
        texts.clear();
        texts_ = &texts;
        where_ = Where::texts;
    }

    void skip() {
        resume_ = where_;
        where_ = Where::skipped;
        skipped_depth_ = 1;
    }
    void unskip() {
        if (where_ == Where::skipped && --skipped_depth_ == 0) where_ = resume_;
    }

    bool expects_container() const {
        return where_ == Where::event && container_ != Container::none && target_ == nullptr;
    }
    // An object or array where a text belongs.
    void refuse_container() {
        if (target_ != nullptr && container_ == Container::none) event_.retyped.push_back(key_);
        target_ = nullptr;
    }

    bool number(json::string_view s) {
        // These few are numbers now and then.
        bool const usual = where_ == Where::fees || where_ == Where::skipped;
        if (target_ != nullptr && !usual) event_.retyped.push_back(key_);
        value(part_.empty() ? std::string_view{s.data(), s.size()} : whole(s));
        return true;
    }

    void value(std::string_view text) {
        if (expects_container()) event_.retyped.push_back(key_);
        if (target_ != nullptr)
            *target_ = text;
        else if (where_ == Where::texts)
            texts_->push_back(text);
        else if (where_ == Where::levels || where_ == Where::changes)
            event_.odd = true;
    }
    bool no_value() {
        part_.clear();
        if (where_ == Where::levels || where_ == Where::changes) event_.odd = true;
        return true;
    }

    // A text that came in parts because it has escapes; kept until the next frame.
    std::string_view whole(json::string_view last) {
        part_.append(last.data(), last.size());
        if (unescaped_used_ == unescaped_.size()) unescaped_.emplace_back();
        auto& kept = unescaped_[unescaped_used_++];
        kept.swap(part_);
        part_.clear();
        return kept;
    }

    void key(std::string_view name) {
        part_.clear();
        key_ = name;
        switch (where_) {
            case Where::level:
                return go_to(level_field(level_, name), name);
            case Where::change:
                return go_to(change_field(change_, name), name);
            case Where::event:
                return go_to(event_field(event_, name), name);
            case Where::message:
                target_ = message_field(event_, name);
                return;
            case Where::fees:
                return go_to(fee_field(event_, name), name);
            default:
                target_ = nullptr;
        }
    }
    void go_to(Place const& place, std::string_view name) {
        target_ = place.text;
        if (where_ == Where::event) container_ = place.container;
        if (!place.known) event_.unknown.push_back(name);
    }

    EventSink* sink_ = nullptr;
    Where where_ = Where::top;
    Where resume_ = Where::top;
    Container container_ = Container::none;
    bool in_array_ = false;
    std::size_t skipped_depth_ = 0;
    std::string_view* target_ = nullptr;  // where the next text or number goes; null: nowhere
    std::vector<LevelText>* levels_ = nullptr;
    std::vector<std::string_view>* texts_ = nullptr;
    LevelText level_;
    ChangeText change_;
    StreamEvent event_;
    std::string_view key_;  // the last one
    std::string part_;
    std::deque<std::string> unescaped_;  // a deque, so that views stay valid while it grows
    std::size_t unescaped_used_ = 0;
};

}  // namespace arb::polymarket
