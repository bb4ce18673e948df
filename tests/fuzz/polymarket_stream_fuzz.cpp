// libFuzzer entry: lines of the input are frames of one connection. Each goes through the decoder, and what
// it says into a book. Whatever comes in, no book may hold a level that cannot be, and nothing that was read
// may lie outside the frame.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "polymarket/book.hpp"
#include "polymarket/decode.hpp"

namespace {

using namespace arb;
using namespace arb::polymarket;

void require(bool holds) {
    if (!holds) std::abort();
}

void check_side(std::vector<arb_level> const& levels, bool ascending) {
    require(levels.size() <= book_levels_max);
    for (std::size_t n = 0; n != levels.size(); ++n) {
        require(levels[n].price > 0 && levels[n].price < ARB_UNIT && levels[n].size > 0);
        require(n == 0 || (levels[n - 1].price < levels[n].price) == ascending);
    }
}

class Books final : public EventSink {
  public:
    void event(StreamEvent const& event) override {
        auto const time = read_milliseconds(event.timestamp).value_or(0);
        require(time >= 0);
        for (auto const text :
             {event.event_type, event.market, event.asset_id, event.transaction_hash, event.slug})
            for (auto const c : text) sum_ += static_cast<unsigned char>(c);
        if (reader_.read(event)) book_.replace(reader_, time, fresh_);
        fresh_ = false;
        for (auto const& change : event.changes) {
            auto const side = read_side(change.side);
            arb_level level{};
            if (!side || read_level({change.price, change.size}, level) != LevelError::none) continue;
            if (book_.set(*side, level, time) == Set::applied)
                require(book_.size_at(*side, level.price) == level.size);
        }
        check_side(book_.bids(), true);
        check_side(book_.asks(), false);
    }
    unsigned sum() const { return sum_; }

  private:
    BookReader reader_;
    Book book_;
    unsigned sum_ = 0;  // so that every text is looked at
    bool fresh_ = true;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view left{reinterpret_cast<char const*>(data), size};
    StreamDecoder decoder;
    Books books;
    while (!left.empty()) {
        auto const end = left.find('\n');
        decoder.decode(left.substr(0, end), books);
        left = end == std::string_view::npos ? std::string_view{} : left.substr(end + 1);
    }
    volatile unsigned const read = books.sum();
    return static_cast<int>(read & 0);
}
