// The live feed: one signed WebSocket for everything, opened again for ever. Each interruption is a gap row
// per stream; trades missed are read over REST, books begin anew.
//
// Thread safety: none; on the venue's thread.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "auth.hpp"
#include "books.hpp"
#include "catalogue.hpp"
#include "decode_frame.hpp"
#include "health.hpp"
#include "net/pace.hpp"
#include "net/session.hpp"
#include "sequence.hpp"
#include "subscriptions.hpp"
#include "trades.hpp"
#include "venue/gaps.hpp"
#include "venue/outbox.hpp"
#include "venue/silence.hpp"

namespace arb::kalshi {

class Stream {
  public:
    struct Parts {
        Host host;
        Settings const& settings;
        net::asio::any_io_executor executor;
        std::shared_ptr<net::Tls> tls;
        std::shared_ptr<Signer const> signer;
        Outbox& outbox;
        Gaps& gaps;
        Trades& trades;
        Catalogue& catalogue;
        Health& health;
    };
    explicit Stream(Parts parts);

    // Both run until the instance stops.
    net::asio::awaitable<void> run();
    net::asio::awaitable<void> watch();

    // The markets to be subscribed to; ignored for channels that carry all of them.
    void want(std::vector<std::string> const& tickers);

  private:
    // ARB_STREAM_* as an index.
    static constexpr std::size_t streams = ARB_STREAM_STATUS + 1;

    net::asio::awaitable<Error> session();
    void opened();
    void lost(Error const& why);
    std::chrono::milliseconds pause_after(Error const& why);

    void take(std::string_view bytes, arb_time received);
    void book(Frame const& frame, arb_time received);
    void status(Frame const& frame);
    void reply(Frame const& frame, arb_time received);
    void missed(std::int64_t sid, arb_time received);
    void close_gaps(arb_time now);
    void report();

    void send_commands();
    void send(std::string command);
    void ask_for_books(arb_time now);
    void drop(std::string reason, std::string sentence);
    net::asio::awaitable<void> backfill(arb_time from, arb_time to, std::string reason);
    net::asio::awaitable<void> look_for_stall();

    Parts const parts_;
    FrameDecoder decoder_;
    Subscriptions subscriptions_;
    Sequence sequence_;
    Books books_;
    Silence silence_;
    net::Backoff backoff_, denied_backoff_;
    std::shared_ptr<net::WebSocket> socket_;
    std::array<arb_time, streams> last_{};  // when the stream last gave a frame, or was known to be whole
    struct {
        arb_time wall = 0;
        Silence::Clock::time_point steady;
    } now_;  // when the frames at hand were received
    arb_time connected_at_ = 0;
    arb_time last_frame_ = 0;
    arb_time last_data_ = 0;     // of any connection; replies and pings are not data
    arb_time command_sent_ = 0;  // the oldest command without an answer; 0: none
    arb_time books_asked_ = 0;
    std::size_t commands_open_ = 0;
    bool checking_stall_ = false;
    bool ever_connected_ = false;
    bool data_came_ = false;  // on this connection
    std::string drop_reason_, drop_sentence_, lost_reason_;
    std::string trouble_;  // what the venue refused, for the status
};

}  // namespace arb::kalshi
