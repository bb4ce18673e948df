#include "frame_reader.hpp"

#include <iterator>

#include "arbitrage/decimal.hpp"

namespace arb::kalshi {

std::string_view name_of(Slot slot) {
    static constexpr std::string_view names[] = {"",
                                                 "id",
                                                 "sid",
                                                 "seq",
                                                 "msg",
                                                 "type",
                                                 "sending_ts_ms",
                                                 "market_ticker",
                                                 "price_dollars",
                                                 "yes_bid_dollars",
                                                 "yes_ask_dollars",
                                                 "yes_bid_size_fp",
                                                 "yes_ask_size_fp",
                                                 "last_trade_size_fp",
                                                 "volume_fp",
                                                 "open_interest_fp",
                                                 "ts",
                                                 "ts_ms",
                                                 "trade_id",
                                                 "yes_price_dollars",
                                                 "no_price_dollars",
                                                 "count_fp",
                                                 "taker_side",
                                                 "taker_outcome_side",
                                                 "taker_book_side",
                                                 "is_block_trade",
                                                 "delta_fp",
                                                 "side",
                                                 "yes_dollars_fp",
                                                 "no_dollars_fp",
                                                 "channel",
                                                 "sid",
                                                 "code",
                                                 "msg",
                                                 "event_type",
                                                 "event_ticker",
                                                 "series_ticker",
                                                 "result",
                                                 "settlement_value",
                                                 "determination_ts",
                                                 "settled_ts",
                                                 "open_ts",
                                                 "close_ts",
                                                 "fee_type_override",
                                                 "fee_multiplier_override"};
    static_assert(std::size(names) == static_cast<std::size_t>(Slot::count));
    return names[static_cast<std::size_t>(slot)];
}

// Keys that the venue documents and this project has no use for are no news.
void FrameReader::note_unused(std::string_view key) {
    auto const is_any = [key](auto const&... known) { return ((key == known) || ...); };
    bool known = false;
    switch (key.size()) {
        case 4:
            known = is_any("time");
            break;
        case 5:
            known = is_any("title");
            break;
        case 8:
            known = is_any("subtitle");
            break;
        case 9:
            known = is_any("market_id");
            break;
        case 10:
            known = is_any("subaccount", "cap_strike", "market_ids");
            break;
        case 11:
            known = is_any("strike_type", "strike_date");
            break;
        case 12:
            known = is_any("floor_strike", "price_ranges");
            break;
        case 13:
            known = is_any("dollar_volume", "custom_strike", "yes_sub_title", "strike_period");
            break;
        case 14:
            known = is_any("exchange_index", "is_deactivated", "market_tickers");
            break;
        case 15:
            known = is_any("client_order_id");
            break;
        case 19:
            known = is_any("additional_metadata");
            break;
        case 20:
            known = is_any("dollar_open_interest");
            break;
        case 21:
            known = is_any("price_level_structure");
            break;
        case 22:
            known = is_any("collateral_return_type");
            break;
        default:
            break;
    }
    if (!known) unknown_ = key;
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
    unknown_ = {};
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
        keep({begin_, 0, 0, value ? 1 : 0, Field::Kind::boolean});
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
    } else if (depth_ == side_depth) {
        levels_ = slot == Slot::yes_dollars_fp ? &yes_ : slot == Slot::no_dollars_fp ? &no_ : nullptr;
        if (levels_ == nullptr) return true;
        levels_->clear();
        if (array) return true;
        levels_ok_ = false;
        levels_ = nullptr;
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
    if (levels_->size() >= levels_max) levels_ok_ = false;
    if (levels_ok_ && level_.size > 0) levels_->push_back(level_);
}

}  // namespace arb::kalshi
