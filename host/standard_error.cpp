#include "host/standard_error.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace arb::host {

namespace {

bool is_socket(int descriptor) {
    struct stat about {};
    return ::fstat(descriptor, &about) == 0 && S_ISSOCK(about.st_mode);
}

}  // namespace

StandardError::StandardError(int descriptor) : descriptor_{descriptor}, socket_{is_socket(descriptor)} {}

std::uint64_t StandardError::take_lost() {
    std::lock_guard const lock{mutex_};
    if (lost_ == 0 || !ready(std::chrono::milliseconds{0})) return 0;
    return std::exchange(lost_, 0);
}

void StandardError::sink_it_(spdlog::details::log_msg const& message) {
    auto const wait = stuck_ ? std::chrono::milliseconds{0} : patience;
    write(wait);
    if (!unwritten_.empty()) {
        ++lost_;
        return;
    }
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    unwritten_.assign(line.data(), line.size());
    write(wait);
    if (unwritten_.size() == line.size()) {  // not begun: nothing has to be completed
        unwritten_.clear();
        ++lost_;
    }
}

bool StandardError::ready(std::chrono::milliseconds wait) const {
    pollfd ask{descriptor_, POLLOUT, 0};
    return ::poll(&ask, 1, static_cast<int>(wait.count())) == 1;
}

void StandardError::write(std::chrono::milliseconds wait) {
    while (!unwritten_.empty()) {
        stuck_ = !ready(wait);
        if (stuck_) return;
        // A pipe that is ready takes so much without waiting; a socket may have less room, and says so.
        auto const size = std::min<std::size_t>(unwritten_.size(), PIPE_BUF);
        auto const written = socket_
                                 ? ::send(descriptor_, unwritten_.data(), size, MSG_DONTWAIT | MSG_NOSIGNAL)
                                 : ::write(descriptor_, unwritten_.data(), size);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0 && errno == EAGAIN) {
            stuck_ = true;
            return;
        }
        // A reader that is gone or a disk that is full does not come back for this line.
        if (written < 0) return unwritten_.clear();
        unwritten_.erase(0, static_cast<std::size_t>(written));
    }
}

}  // namespace arb::host
