// Collects packets on the venue's executor and pushes them in batches: a push costs one lock and one system
// call whether it carries 1 packet or 64. What comes alone goes at once, else within 2 ms.
//
//     outbox.packets().add<arb_quote>(...)      as many packets as the frame holds
//     outbox.added();                           after the drafts are finished
//
// Thread safety: none; on the thread that runs the executor. Holds no packet across `flush`.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>

#include "arbitrage/host.hpp"

namespace arb {

namespace asio = boost::asio;

class Outbox {
  public:
    // A push of 64 small packets costs little more than one of 1; more would only add waiting.
    static constexpr std::size_t packets_max = 64;
    // Catalogue packets carry raw JSON; a batch of them is pushed before it grows past this.
    static constexpr std::size_t bytes_max = 1 << 20;
    // How long the first packet of a batch may wait for others, if any came as shortly before.
    static constexpr std::chrono::milliseconds wait_max{2};
    // A push that waited longer kept the venue's socket unread: what the venue dropped meanwhile is not
    // known.
    static constexpr std::chrono::seconds blocked_max{1};

    struct Events {
        // The queue was full and the venue unread from `from` to `to` for more than `blocked_after`: record a
        // gap. Packets may be added here.
        std::function<void(arb_time from, arb_time to)> blocked;
        // A batch was not accepted and is gone: ARB_CLOSED, the pipeline is stopping (stop, too), or
        // ARB_PERMANENT, a packet is malformed; the host counted the batch as rejected.
        std::function<void(Error const& error)> refused;
    };

    // `blocked_after`: when `blocked` is told; only tests have no time for the usual.
    Outbox(asio::any_io_executor executor, Host host, Events events,
           std::chrono::milliseconds blocked_after = blocked_max);
    // Packets that were not flushed are discarded; flush before the instance ends.
    ~Outbox() = default;
    Outbox(Outbox const&) = delete;
    Outbox& operator=(Outbox const&) = delete;

    // Where packets are added. Call `added` after each frame or page, when no draft is open.
    Packets& packets() { return packets_; }

    // Pushes if the batch is full or comes alone, else makes sure that it is pushed within `wait_max`.
    void added() {
        if (packets_.count() >= packets_max || packets_.bytes().size() >= bytes_max)
            flush();
        else if (!waiting_ && !packets_.empty())
            wait();
    }

    // Pushes what there is. Waits while the queue is full: that is how the venue comes to read slower.
    void flush();

    // Time spent waiting in pushes that took longer than `blocked_after`.
    std::chrono::nanoseconds blocked() const { return blocked_; }

  private:
    void wait();

    Host const host_;
    Events const events_;
    std::chrono::milliseconds const blocked_after_;
    asio::steady_timer timer_;
    std::shared_ptr<char> const alive_ =
        std::make_shared<char>();  // a timer's handler may come after our end
    Packets packets_;
    std::chrono::nanoseconds blocked_{0};
    bool waiting_ = false;
};

}  // namespace arb
