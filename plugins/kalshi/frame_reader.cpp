#include "frame_reader.hpp"

#include "arbitrage/decimal.hpp"

namespace arb::kalshi {

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
