// What a WebSocket frame says, by key: the handler of the SAX pass. Keys of the envelope and of `msg` that
// this project uses have a slot each; everything else is skipped. Values are kept as they stand in the text,
// because prices are decimal texts that must not pass through a double.
//
// Thread safety: none. Texts live until the next `begin` and not longer than the bytes of the frame.
#pragma once

#include <boost/json/error.hpp>
#include <boost/json/string_view.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "decode.hpp"

namespace arb::kalshi {

enum class Slot : std::uint8_t {
    none,
    // The envelope.
    id,
    sid,
    seq,
    msg,
    type,
    sending_ts_ms,
    // Inside msg.
    market_ticker,
    price_dollars,
    yes_bid_dollars,
    yes_ask_dollars,
    yes_bid_size_fp,
    yes_ask_size_fp,
    last_trade_size_fp,
    volume_fp,
    open_interest_fp,
    ts,
    ts_ms,
    trade_id,
    yes_price_dollars,
    no_price_dollars,
    count_fp,
    taker_side,
    taker_outcome_side,
    taker_book_side,
    is_block_trade,
    delta_fp,
    side,
    yes_dollars_fp,
    no_dollars_fp,
    channel,
    msg_sid,
    code,
    msg_text,
    event_type,
    event_ticker,
    series_ticker,
    result,
    settlement_value,
    determination_ts,
    settled_ts,
    open_ts,
    close_ts,
    fee_type_override,
    fee_multiplier_override,
    count,
};

// The key of a slot, for people.
std::string_view name_of(Slot slot);

// A set of slots.
using Slots = std::uint64_t;
template<class... Each>
constexpr Slots slots(Each... each) {
    return ((Slots{1} << static_cast<unsigned>(each)) | ... | Slots{0});
}

class FrameReader {
  public:
    static constexpr std::size_t max_object_size = SIZE_MAX;
    static constexpr std::size_t max_array_size = SIZE_MAX;
    static constexpr std::size_t max_key_size = SIZE_MAX;
    static constexpr std::size_t max_string_size = SIZE_MAX;
    // Levels of a side: twice what the finest grid has.
    static constexpr std::size_t levels_max = 20'000;

    void begin(std::string_view bytes);

    bool has(Slot slot) const { return (present_ >> static_cast<unsigned>(slot) & 1) != 0; }
    Field field(Slot slot) const {
        if (!has(slot)) return {};
        auto const& value = values_[static_cast<std::size_t>(slot)];
        return {value.kind,
                {value.data != nullptr ? value.data : scratch_.data() + value.offset, value.size}};
    }
    // A whole number, or 0 where there is none.
    std::int64_t number(Slot slot) const {
        return has(slot) ? values_[static_cast<std::size_t>(slot)].number : 0;
    }
    // What a string holds; empty where there is none.
    std::string_view text(Slot slot) const {
        auto const value = field(slot);
        return value.kind == Field::Kind::text ? value.text : std::string_view{};
    }

    Slots present() const { return present_; }
    // The first key that no message of the venue is known to have; empty if there was none.
    std::string_view unknown() const { return unknown_; }

    bool levels_ok() const { return levels_ok_; }
    std::vector<arb_level> const& yes() const { return yes_; }
    std::vector<arb_level> const& no() const { return no_; }

    // The calls of boost::json::basic_parser.
    using error_code = boost::json::error_code;
    using sv = boost::json::string_view;
    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code&) { return open(false); }
    bool on_object_end(std::size_t, error_code&) { return close(); }
    bool on_array_begin(error_code&) { return open(true); }
    bool on_array_end(std::size_t, error_code&) { return close(); }
    bool on_key_part(sv, std::size_t, error_code&) { return true; }
    bool on_key(sv key, std::size_t size, error_code&) {
        // A key in parts has escapes, which none of ours need: it is somebody else's.
        if (key.size() != size)
            current_ = Slot::none;
        else if (depth_ == msg_depth && in_msg_)
            current_ = msg_slot({key.data(), key.size()});
        else if (depth_ == envelope_depth)
            current_ = envelope_slot({key.data(), key.size()});
        else
            return true;
        if (current_ == Slot::none && unknown_.empty()) note_unused({key.data(), key.size()});
        return true;
    }
    bool on_string_part(sv part, std::size_t, error_code&) { return on_part(part); }
    bool on_string(sv last, std::size_t, error_code&) { return on_text(last, 0, Field::Kind::text); }
    bool on_number_part(sv part, error_code&) { return on_part(part); }
    bool on_int64(std::int64_t number, sv last, error_code&) {
        return on_text(last, number, Field::Kind::number);
    }
    bool on_uint64(std::uint64_t, sv last, error_code&) { return on_text(last, 0, Field::Kind::number); }
    bool on_double(double, sv last, error_code&) { return on_text(last, 0, Field::Kind::number); }
    bool on_bool(bool value, error_code&);
    bool on_null(error_code&);
    bool on_comment_part(sv, error_code&) { return true; }
    bool on_comment(sv, error_code&) { return true; }

  private:
    struct Value {
        char const* data;  // null: at `offset` of scratch_
        std::uint32_t offset, size;
        std::int64_t number;
        Field::Kind kind;
    };

    // The depth of the envelope's members, of the members of msg, and of the arrays within a book side.
    static constexpr unsigned envelope_depth = 1, msg_depth = 2, side_depth = 3, level_depth = 4;

    static Slot envelope_slot(std::string_view key);
    static Slot msg_slot(std::string_view key);

    bool on_text(sv last, std::int64_t number, Field::Kind kind) {
        if (current_ == Slot::none && levels_ == nullptr) return true;
        // The parser hands over a piece of the frame itself, except for texts with escapes.
        if (part_size_ != 0 || last.data() < begin_ || last.data() > end_) [[unlikely]]
            return on_copied(last, number, kind);
        if (current_ != Slot::none)
            keep({last.data(), 0, static_cast<std::uint32_t>(last.size()), number, kind});
        else
            level({last.data(), last.size()});
        return true;
    }
    void keep(Value const& value) {
        values_[static_cast<std::size_t>(current_)] = value;
        present_ |= std::uint64_t{1} << static_cast<unsigned>(current_);
        current_ = Slot::none;
    }
    void note_unused(std::string_view key);
    bool on_part(sv part);
    bool on_copied(sv last, std::int64_t number, Field::Kind kind);
    bool open(bool array);
    bool close();
    void level(std::string_view text);
    void close_level();

    char const* begin_ = nullptr;
    char const* end_ = nullptr;
    Slots present_ = 0;
    std::string_view unknown_;
    unsigned depth_ = 0;
    Slot current_ = Slot::none;  // of the key whose value comes next
    bool in_msg_ = false;
    std::vector<arb_level>* levels_ = nullptr;  // the side whose array is being read
    bool levels_ok_ = true;
    int level_values_ = 0;
    arb_level level_{};
    Value values_[static_cast<std::size_t>(Slot::count)];
    std::string scratch_;  // texts that had escapes
    std::size_t part_size_ = 0;
    std::vector<arb_level> yes_, no_;
};

inline Slot FrameReader::envelope_slot(std::string_view key) {
    switch (key.size()) {
        case 2:
            return key == "id" ? Slot::id : Slot::none;
        case 3:
            return key == "msg"   ? Slot::msg
                   : key == "sid" ? Slot::sid
                   : key == "seq" ? Slot::seq
                                  : Slot::none;
        case 4:
            return key == "type" ? Slot::type : Slot::none;
        case 13:
            return key == "sending_ts_ms" ? Slot::sending_ts_ms : Slot::none;
        default:
            return Slot::none;
    }
}

// Length and one letter leave at most one candidate; the whole key is compared only with that.
inline Slot FrameReader::msg_slot(std::string_view key) {
    auto const is = [key](char const* text, Slot slot) {
        return key == std::string_view{text, key.size()} ? slot : Slot::none;
    };
    switch (key.size()) {
        case 2:
            return is("ts", Slot::ts);
        case 3:
            return key[0] == 's' ? is("sid", Slot::msg_sid) : is("msg", Slot::msg_text);
        case 4:
            return key[0] == 's' ? is("side", Slot::side) : is("code", Slot::code);
        case 5:
            return is("ts_ms", Slot::ts_ms);
        case 6:
            return is("result", Slot::result);
        case 7:
            return key[0] == 'c' ? is("channel", Slot::channel) : is("open_ts", Slot::open_ts);
        case 8:
            return key[1] == 'l'   ? is("close_ts", Slot::close_ts)
                   : key[0] == 't' ? is("trade_id", Slot::trade_id)
                   : key[0] == 'c' ? is("count_fp", Slot::count_fp)
                                   : is("delta_fp", Slot::delta_fp);
        case 9:
            return is("volume_fp", Slot::volume_fp);
        case 10:
            return key[0] == 't'   ? is("taker_side", Slot::taker_side)
                   : key[0] == 'e' ? is("event_type", Slot::event_type)
                                   : is("settled_ts", Slot::settled_ts);
        case 12:
            return is("event_ticker", Slot::event_ticker);
        case 13:
            return key[0] == 'm'   ? is("market_ticker", Slot::market_ticker)
                   : key[0] == 'p' ? is("price_dollars", Slot::price_dollars)
                   : key[0] == 's' ? is("series_ticker", Slot::series_ticker)
                                   : is("no_dollars_fp", Slot::no_dollars_fp);
        case 14:
            return key[0] == 'y' ? is("yes_dollars_fp", Slot::yes_dollars_fp)
                                 : is("is_block_trade", Slot::is_block_trade);
        case 15:
            return key[0] == 't'   ? is("taker_book_side", Slot::taker_book_side)
                   : key[4] == 'a' ? (key[8] == 's' ? is("yes_ask_size_fp", Slot::yes_ask_size_fp)
                                                    : is("yes_ask_dollars", Slot::yes_ask_dollars))
                   : key[8] == 's' ? is("yes_bid_size_fp", Slot::yes_bid_size_fp)
                                   : is("yes_bid_dollars", Slot::yes_bid_dollars);
        case 16:
            return key[0] == 'o'   ? is("open_interest_fp", Slot::open_interest_fp)
                   : key[0] == 'n' ? is("no_price_dollars", Slot::no_price_dollars)
                   : key[0] == 's' ? is("settlement_value", Slot::settlement_value)
                                   : is("determination_ts", Slot::determination_ts);
        case 17:
            return key[0] == 'y' ? is("yes_price_dollars", Slot::yes_price_dollars)
                                 : is("fee_type_override", Slot::fee_type_override);
        case 18:
            return key[0] == 'l' ? is("last_trade_size_fp", Slot::last_trade_size_fp)
                                 : is("taker_outcome_side", Slot::taker_outcome_side);
        case 23:
            return is("fee_multiplier_override", Slot::fee_multiplier_override);
        default:
            return Slot::none;
    }
}

static_assert(static_cast<unsigned>(Slot::count) <= 64, "present_ has a bit for each slot");

}  // namespace arb::kalshi
