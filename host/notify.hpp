// Words to systemd: one datagram each to $NOTIFY_SOCKET. Without that variable nothing is sent.
//
// Thread safety: one thread.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace arb::host {

class Notify {
  public:
    // Reads $NOTIFY_SOCKET and $WATCHDOG_USEC.
    Notify();

    void ready() const { send("READY=1"); }
    void stopping() const { send("STOPPING=1"); }
    void status(std::string_view sentence) const { send(std::string{"STATUS="} + std::string{sentence}); }
    // Sent only while the work gets on; never from a timer of its own.
    void watchdog() const { send("WATCHDOG=1"); }
    // Asks for that much more time to become ready or to stop.
    void extend(std::chrono::seconds time) const;
    // After how long without a word the service is ended; 0: never.
    std::chrono::milliseconds watchdog_period() const { return watchdog_period_; }
    // How often a word is to be sent, so that two may be held back.
    std::chrono::milliseconds watchdog_every() const { return watchdog_period_ / 3; }

  private:
    void send(std::string_view message) const;

    std::string socket_;
    std::chrono::milliseconds watchdog_period_{0};
};

}  // namespace arb::host
