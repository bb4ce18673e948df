#include "polymarket/decode.hpp"

#include "arbitrage/decimal.hpp"
#include "polymarket/frame_handler.hpp"

namespace arb::polymarket {

namespace {

// Deeper nesting than any frame of the venue has.
constexpr std::size_t depth_max = 16;

// The venue's own words are shorter, a trade or a change is longer.
constexpr std::size_t word_bytes_max = 64;

constexpr arb_time year_2000_ms = 946'684'800'000;
constexpr arb_time year_2100_ms = 4'102'444'800'000;

json::parse_options frame_options() {
    json::parse_options options;
    options.max_depth = depth_max;
    options.allow_invalid_utf8 = true;  // a bad byte in a title must not cost the prices beside it
    return options;
}

}  // namespace

class StreamDecoder::Parser {
  public:
    Parser() : parser_{frame_options()} {}

    bool parse(std::string_view frame, EventSink& sink) {
        parser_.reset();
        parser_.handler().begin(frame, sink);
        json::error_code ec;
        auto const read = parser_.write_some(false, frame.data(), frame.size(), ec);
        return !ec && read == frame.size();
    }

  private:
    json::basic_parser<FrameHandler> parser_;
};

StreamDecoder::StreamDecoder() : parser_{std::make_unique<Parser>()} {}
StreamDecoder::~StreamDecoder() = default;

Frame StreamDecoder::decode(std::string_view frame, EventSink& sink) {
    auto const space = [](char c) { return c == '\n' || c == '\r' || c == ' ' || c == '\t'; };
    while (!frame.empty() && space(frame.back())) frame.remove_suffix(1);
    while (!frame.empty() && space(frame.front())) frame.remove_prefix(1);
    if (frame.empty()) return Frame::unknown_word;
    if (frame.front() == '{' || frame.front() == '[')
        return parser_->parse(frame, sink) ? Frame::events : Frame::unreadable;
    if (frame == "PONG") return Frame::pong;
    if (frame == "NO NEW ASSETS") return Frame::no_new_assets;
    if (frame == "INVALID OPERATION") return Frame::invalid_operation;
    bool const word = frame.size() <= word_bytes_max && frame.find_first_of("{}[]") == frame.npos;
    return word ? Frame::unknown_word : Frame::unreadable;
}

LevelError read_level(LevelText const& text, arb_level& level) {
    auto const price = parse_decimal(text.price);
    if (!price || price.millionths <= 0 || price.millionths >= ARB_UNIT) return LevelError::price;
    auto const size = parse_decimal(text.size);
    if (!size || size.millionths < 0) return LevelError::size;
    level = {price.millionths, size.millionths};
    return LevelError::none;
}

std::optional<arb_time> read_milliseconds(std::string_view text) {
    if (text.empty() || text.size() > 13) return {};
    arb_time value = 0;
    for (auto const c : text) {
        if (c < '0' || c > '9') return {};
        value = value * 10 + (c - '0');
    }
    if (value < year_2000_ms || value >= year_2100_ms) return {};
    return value * millisecond_ns;
}

std::optional<arb_time> read_book_time(std::string_view text) {
    return text == "0" ? std::optional<arb_time>{0} : read_milliseconds(text);
}

std::optional<int> read_side(std::string_view text) {
    if (text == "BUY") return ARB_BOOK_BID;
    if (text == "SELL") return ARB_BOOK_ASK;
    return {};
}

}  // namespace arb::polymarket
