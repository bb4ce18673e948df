#include "frame_reader.hpp"

#include "arbitrage/decimal.hpp"

namespace arb::kalshi {

Slot FrameReader::envelope_slot(std::string_view key) {
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
        default:
            return Slot::none;
    }
}

// Length and one letter leave at most one candidate; the whole key is compared only with that.
Slot FrameReader::msg_slot(std::string_view key) {
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
            return is("channel", Slot::channel);
        case 8:
            return key[0] == 't'   ? is("trade_id", Slot::trade_id)
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
            return is("yes_price_dollars", Slot::yes_price_dollars);
        case 18:
            return key[0] == 'l' ? is("last_trade_size_fp", Slot::last_trade_size_fp)
                                 : is("taker_outcome_side", Slot::taker_outcome_side);
        default:
            return Slot::none;
    }
}

void FrameReader::begin(std::string_view bytes) {
    begin_ = bytes.data();
    end_ = bytes.data() + bytes.size();
    present_ = 0;
    depth_ = 0;
    current_ = Slot::none;
    in_msg_ = false;
    levels_ = nullptr;
    levels_ok_ = true;
    scratch_.clear();
    part_size_ = 0;
    yes_.clear();
    no_.clear();
}

bool FrameReader::on_part(sv part) {
    if (current_ == Slot::none && levels_ == nullptr) return true;
    scratch_.append(part.data(), part.size());
    part_size_ += part.size();
    return true;
}

bool FrameReader::on_copied(sv last, std::int64_t number, Field::Kind kind) {
    scratch_.append(last.data(), last.size());
    auto const size = part_size_ + last.size();
    auto const offset = scratch_.size() - size;
    part_size_ = 0;
    if (current_ != Slot::none)
        keep({nullptr, static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(size), number, kind});
    else
        level(std::string_view{scratch_}.substr(offset));
    return true;
}

bool FrameReader::on_bool(bool value, error_code&) {
    if (current_ != Slot::none)
        keep({begin_, 0, 0, value ? 1 : 0, Field::Kind::other});
    else if (levels_ != nullptr)
        levels_ok_ = false;
    return true;
}

bool FrameReader::on_null(error_code&) {
    if (current_ != Slot::none)
        keep({begin_, 0, 0, 0, Field::Kind::null});
    else if (levels_ != nullptr)
        levels_ok_ = false;
    return true;
}

bool FrameReader::open(bool array) {
    ++depth_;
    if (levels_ != nullptr) {
        if (!array || depth_ != level_depth) levels_ok_ = false;
        level_values_ = 0;
        return true;
    }
    if (current_ == Slot::none) return true;
    auto const slot = current_;
    keep({begin_, 0, 0, 0, Field::Kind::other});
    if (depth_ == msg_depth) {
        in_msg_ = slot == Slot::msg && !array;
    } else if (depth_ == side_depth && array) {
        levels_ = slot == Slot::yes_dollars_fp ? &yes_ : slot == Slot::no_dollars_fp ? &no_ : nullptr;
        if (levels_ != nullptr) levels_->clear();
    }
    return true;
}

bool FrameReader::close() {
    if (levels_ != nullptr) {
        if (depth_ == level_depth)
            close_level();
        else if (depth_ == side_depth)
            levels_ = nullptr;
    }
    if (depth_ == msg_depth) in_msg_ = false;
    --depth_;
    return true;
}

void FrameReader::level(std::string_view text) {
    auto const number =
        depth_ == level_depth ? parse_decimal(text) : Decimal{ARB_ABSENT, DecimalError::not_a_number};
    if (!number) levels_ok_ = false;
    if (level_values_ == 0)
        level_.price = number.millionths;
    else
        level_.size = number.millionths;
    ++level_values_;
}

void FrameReader::close_level() {
    if (level_values_ != 2 || level_.price <= 0 || level_.price >= ARB_UNIT || level_.size < 0)
        levels_ok_ = false;
    // A level without size is no level.
    if (levels_ok_ && level_.size > 0) levels_->push_back(level_);
}

}  // namespace arb::kalshi
