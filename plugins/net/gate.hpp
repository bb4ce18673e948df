// Lets a number of coroutines in at a time, in the order in which they came.
//
// Thread safety: none; on the thread that runs the executor. The line is as long as coroutines wait in it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>

namespace arb::net {

namespace asio = boost::asio;

class Gate {
  public:
    explicit Gate(unsigned room) : room_{room} {}

    // A place in the line, then inside; leaves when destroyed.
    class Pass {
      public:
        Pass(Gate& gate, asio::any_io_executor const& executor)
            : gate_{gate},
              called_{executor, asio::steady_timer::time_point::max()},
              inside_{gate.room_ != 0} {
            if (inside_)
                --gate_.room_;
            else
                gate_.line_.push_back(this);
        }
        Pass(Pass const&) = delete;
        Pass& operator=(Pass const&) = delete;
        ~Pass() {
            if (!inside_) {
                std::erase(gate_.line_, this);
            } else if (gate_.line_.empty()) {
                ++gate_.room_;
            } else {
                auto* const next = gate_.line_.front();
                gate_.line_.pop_front();
                next->inside_ = true;
                next->called_.cancel();
            }
        }
        asio::awaitable<void> admitted() {
            boost::system::error_code called;
            while (!inside_) co_await called_.async_wait(asio::redirect_error(asio::use_awaitable, called));
        }

      private:
        Gate& gate_;
        asio::steady_timer called_;
        bool inside_;
    };

  private:
    unsigned room_;
    std::deque<Pass*> line_;
};

}  // namespace arb::net
