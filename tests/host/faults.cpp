// Preloaded into the host: memory and descriptors that run out, a disk that fails in several ways, a machine
// that sleeps, and a wall clock that jumps or races.
//
//   ARBITRAGE_MALLOC=N:once | N:on     the Nth allocation fails, or all from there on
//   ARBITRAGE_MALLOC_COUNT=FILE        how many allocations there were, written at exit
//   ARBITRAGE_DESCRIPTORS=N            there are no more than N descriptors
//   ARBITRAGE_DISK=FILE                while FILE says "slow", a sync takes 200 ms; "broken", every sync
//   fails;
//                                      "readonly", nothing below a folder q can be written or made;
//                                      "unreadable", the thread filing can open nothing below it
//   ARBITRAGE_CLOCK=FILE               FILE holds seconds that are added to the wall clock; "x60" lets it run
//                                      sixty times as fast
//   ARBITRAGE_SUSPENDED=FILE           FILE holds seconds that the machine slept: all clocks but the one of
//                                      intervals went on
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

#define EXPORTED extern "C" __attribute__((visibility("default")))

extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
}

namespace {

constexpr long slow_sync_us = 200'000;
constexpr long reread_ns = 20'000'000;  // a file that steers is looked at so often

template<class Function>
Function* next(char const* name) {
    return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

std::atomic<long> allocations{0};
std::atomic<long> fails_at{0};  // 0: never
std::atomic<bool> fails_on{false};

struct Start {
    Start() {
        if (char const* const descriptors = getenv("ARBITRAGE_DESCRIPTORS"); descriptors != nullptr) {
            auto const most = static_cast<rlim_t>(atol(descriptors));
            rlimit const limit{most, most};
            setrlimit(RLIMIT_NOFILE, &limit);
        }
        char const* const said = getenv("ARBITRAGE_MALLOC");
        if (said == nullptr) return;
        fails_on = strstr(said, ":on") != nullptr && strstr(said, ":once") == nullptr;
        fails_at = atol(said);
        allocations = 0;
    }
    ~Start() {
        char const* const file = getenv("ARBITRAGE_MALLOC_COUNT");
        if (file == nullptr) return;
        char text[32];
        int const length = snprintf(text, sizeof text, "%ld\n", allocations.load());
        int const descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        if (descriptor < 0 || write(descriptor, text, static_cast<size_t>(length)) < 0) return;
        close(descriptor);
    }
} const start;

bool no_memory() {
    auto const n = ++allocations;
    auto const at = fails_at.load(std::memory_order_relaxed);
    return at != 0 && (fails_on ? n >= at : n == at);
}

long monotonic_ns() {
    static auto* const whole = next<int(clockid_t, timespec*)>("clock_gettime");
    timespec time{};
    whole(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1'000'000'000L + time.tv_nsec;
}

// What the file says now, a word or a number, or a letter before a number; read again after reread_ns.
class Steering {
  public:
    explicit Steering(char const* variable) : file_{getenv(variable)} {}
    long number() { return look(), number_.load(); }
    long last_number() const { return number_; }  // as of the last look
    bool says(char first) { return look(), word_ == first; }

  private:
    void look() {
        if (file_ == nullptr) return;
        auto const now = monotonic_ns();
        auto due = due_.load();
        if (now < due || !due_.compare_exchange_strong(due, now + reread_ns)) return;
        static auto* const whole = next<int(char const*, int, ...)>("open64");
        char text[32] = {};
        int const descriptor = whole(file_, O_RDONLY | O_CLOEXEC);
        if (descriptor >= 0) {
            if (read(descriptor, text, sizeof text - 1) < 0) text[0] = '\0';
            close(descriptor);
        }
        word_ = text[0];
        number_ = atol(text[0] >= 'a' && text[0] <= 'z' ? text + 1 : text);
    }

    char const* const file_;
    std::atomic<long> due_{0};
    std::atomic<long> number_{0};
    std::atomic<char> word_{'\0'};
};

// The time as a clock tells it that has run so many times as fast since the first call.
void race(timespec* time, long times) {
    static long const since = monotonic_ns();
    auto const ns = time->tv_nsec + (monotonic_ns() - since) * (times - 1);
    time->tv_sec += ns / 1'000'000'000;
    time->tv_nsec = ns % 1'000'000'000;
}

Steering& disk() {
    static Steering steering{"ARBITRAGE_DISK"};
    return steering;
}

bool of_queue(char const* path) { return strstr(path, "/q/") != nullptr || strncmp(path, "q/", 2) == 0; }

bool read_only(char const* path) { return of_queue(path) && disk().says('r'); }

bool read_only(int descriptor) {
    if (!disk().says('r')) return false;
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    auto const size = readlink(link, path, sizeof path - 1);
    if (size <= 0) return false;
    path[size] = '\0';
    return of_queue(path);
}

bool unreadable(char const* path) {
    char thread[16] = {};
    prctl(PR_GET_NAME, thread);
    return strcmp(thread, "filing") == 0 && of_queue(path) && disk().says('u');
}

}  // namespace

EXPORTED void* malloc(size_t size) { return no_memory() ? errno = ENOMEM, nullptr : __libc_malloc(size); }
EXPORTED void* calloc(size_t count, size_t size) {
    return no_memory() ? errno = ENOMEM, nullptr : __libc_calloc(count, size);
}
EXPORTED void* realloc(void* old, size_t size) {
    return no_memory() ? errno = ENOMEM, nullptr : __libc_realloc(old, size);
}

EXPORTED int clock_gettime(clockid_t clock, timespec* time) {
    static auto* const whole = next<int(clockid_t, timespec*)>("clock_gettime");
    static Steering wall{"ARBITRAGE_CLOCK"}, suspended{"ARBITRAGE_SUSPENDED"};
    int const done = whole(clock, time);
    // One look for both clocks: whoever compares them asks for the time since boot first.
    if (clock == CLOCK_BOOTTIME) time->tv_sec += suspended.number();
    if (clock == CLOCK_REALTIME) {
        time->tv_sec += suspended.last_number();
        auto const number = wall.number();
        wall.says('x') ? race(time, number) : static_cast<void>(time->tv_sec += number);
    }
    return done;
}

EXPORTED int fdatasync(int descriptor) {
    static auto* const whole = next<int(int)>("fdatasync");
    if (disk().says('b')) return errno = EIO, -1;
    if (disk().says('s')) usleep(slow_sync_us);
    while (disk().says('h')) usleep(reread_ns / 1000);
    return whole(descriptor);
}

EXPORTED ssize_t pwrite64(int descriptor, void const* data, size_t size, off_t at) {
    static auto* const whole = next<ssize_t(int, void const*, size_t, off_t)>("pwrite64");
    return read_only(descriptor) ? errno = EROFS, -1 : whole(descriptor, data, size, at);
}
EXPORTED ssize_t pwrite(int descriptor, void const* data, size_t size, off_t at) {
    return pwrite64(descriptor, data, size, at);
}
EXPORTED ssize_t pwritev64(int descriptor, iovec const* parts, int count, off_t at) {
    static auto* const whole = next<ssize_t(int, iovec const*, int, off_t)>("pwritev64");
    return read_only(descriptor) ? errno = EROFS, -1 : whole(descriptor, parts, count, at);
}
EXPORTED ssize_t pwritev(int descriptor, iovec const* parts, int count, off_t at) {
    return pwritev64(descriptor, parts, count, at);
}
EXPORTED int posix_fallocate64(int descriptor, off_t from, off_t size) {
    static auto* const whole = next<int(int, off_t, off_t)>("posix_fallocate64");
    return read_only(descriptor) ? EROFS : whole(descriptor, from, size);
}
EXPORTED int posix_fallocate(int descriptor, off_t from, off_t size) {
    return posix_fallocate64(descriptor, from, size);
}
EXPORTED int ftruncate64(int descriptor, off_t size) {
    static auto* const whole = next<int(int, off_t)>("ftruncate64");
    return read_only(descriptor) ? errno = EROFS, -1 : whole(descriptor, size);
}
EXPORTED int ftruncate(int descriptor, off_t size) { return ftruncate64(descriptor, size); }
EXPORTED int rename(char const* from, char const* to) {
    static auto* const whole = next<int(char const*, char const*)>("rename");
    return read_only(from) ? errno = EROFS, -1 : whole(from, to);
}
EXPORTED int unlink(char const* path) {
    static auto* const whole = next<int(char const*)>("unlink");
    return read_only(path) ? errno = EROFS, -1 : whole(path);
}
EXPORTED int open64(char const* path, int flags, ...) {
    static auto* const whole = next<int(char const*, int, ...)>("open64");
    va_list more;
    va_start(more, flags);
    auto const mode = va_arg(more, mode_t);
    va_end(more);
    if ((flags & (O_WRONLY | O_RDWR | O_CREAT)) != 0 && read_only(path)) return errno = EROFS, -1;
    if (unreadable(path)) return errno = EMFILE, -1;
    return whole(path, flags, mode);
}
EXPORTED int open(char const* path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    auto const mode = va_arg(more, mode_t);
    va_end(more);
    return open64(path, flags, mode);
}
