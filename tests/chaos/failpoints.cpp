// Preloaded into the host, ends it or fails a call at a named point, so that what follows a death or an error
// there can be tested in the very program that is shipped: it has no test code in it.
//
//   LD_PRELOAD=arbitrage_failpoints.so ARBITRAGE_FAILPOINT=NAME:NTH   the NTH time NAME is reached, exit with
//   code 86
//
// A process that ends with _exit leaves the disk as kill -9 does. README.md lists the names.
#include <dlfcn.h>
#include <errno.h>
#include <libpq-fe.h>
#include <limits.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace {

constexpr int exit_code = 86;  // no other end of the host has it
constexpr unsigned slow_sync_us = 200'000;

enum class Point {
    none,
    write_before,
    write_torn,
    write_after,
    write_error,
    sync_before,
    sync_after,
    sync_error,
    sync_slow,
    spare_allocated,
    rename_before,
    rename_after,
    meta_written,
    ack_written,
    ack_synced,
    unlink_before,
    unlink_after,
    commit_before,
    commit_sent,
    commit_after,
};

struct Name {
    std::string_view text;
    Point point;
};
constexpr Name names[] = {
    {"write_before", Point::write_before},   {"write_torn", Point::write_torn},
    {"write_after", Point::write_after},     {"write_error", Point::write_error},
    {"sync_before", Point::sync_before},     {"sync_after", Point::sync_after},
    {"sync_error", Point::sync_error},       {"spare_allocated", Point::spare_allocated},
    {"rename_before", Point::rename_before}, {"rename_after", Point::rename_after},
    {"meta_written", Point::meta_written},   {"ack_written", Point::ack_written},
    {"ack_synced", Point::ack_synced},       {"unlink_before", Point::unlink_before},
    {"unlink_after", Point::unlink_after},   {"commit_before", Point::commit_before},
    {"commit_sent", Point::commit_sent},     {"commit_after", Point::commit_after},
    {"sync_slow", Point::sync_slow},
};

// What was asked for; nothing if there was no word or a wrong one.
struct Plan {
    Point point = Point::none;
    unsigned nth = 1;
    Plan() {
        char const* const said = std::getenv("ARBITRAGE_FAILPOINT");
        if (said == nullptr) return;
        std::string_view const text{said};
        auto const colon = text.find(':');
        for (auto const& name : names)
            if (name.text == text.substr(0, colon)) point = name.point;
        if (colon != std::string_view::npos)
            std::from_chars(text.data() + colon + 1, text.data() + text.size(), nth);
        if (point == Point::none) {
            fprintf(stderr, "ARBITRAGE_FAILPOINT: there is no point %s\n", said);
            _exit(64);
        }
    }
};

Plan const& plan() {
    static Plan const once;
    return once;
}

// Whether this is the time.
bool due(Point point) {
    static std::atomic<unsigned> reached{0};
    return plan().point == point && reached.fetch_add(1) + 1 == plan().nth;
}

void pass(Point point) {
    if (due(point)) _exit(exit_code);
}

enum class Kind { other, segment, spare, ack, meta };

Kind kind_of(std::string_view path) {
    auto const name = path.substr(path.rfind('/') + 1);
    if (name.starts_with("seg-")) return Kind::segment;
    if (name.starts_with("spare")) return Kind::spare;
    if (name.starts_with("ack-")) return Kind::ack;
    if (name == "META") return Kind::meta;
    return Kind::other;
}

Kind kind_of(int descriptor) {
    if (plan().point == Point::none) return Kind::other;
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    auto const size = readlink(link, path, sizeof path);
    return size <= 0 ? Kind::other : kind_of(std::string_view{path, static_cast<std::size_t>(size)});
}

template<class Function>
Function* next(char const* symbol) {
    return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, symbol));
}

// The plugin that loads libpq keeps it to itself: it is not among the next in line.
template<class Function>
Function* next_in_libpq(char const* symbol) {
    static void* const library = dlopen("libpq.so.5", RTLD_NOW | RTLD_NOLOAD);
    return reinterpret_cast<Function*>(dlsym(library, symbol));
}

template<class Write>
ssize_t write_at(int descriptor, void const* first, std::size_t first_size, off_t offset, Write write_all) {
    auto const kind = kind_of(descriptor);
    if (kind == Kind::segment) {
        pass(Point::write_before);
        if (due(Point::write_torn)) {
            static auto* const whole = next<ssize_t(int, void const*, size_t, off_t)>("pwrite64");
            whole(descriptor, first, first_size / 2, offset);
            _exit(exit_code);
        }
        if (due(Point::write_error)) return errno = EIO, -1;
    }
    auto const done = write_all();
    if (kind == Kind::segment) pass(Point::write_after);
    if (kind == Kind::meta) pass(Point::meta_written);
    if (kind == Kind::ack) pass(Point::ack_written);
    return done;
}

std::atomic<int> commits_open{0};

}  // namespace

extern "C" {

__attribute__((visibility("default"))) ssize_t pwrite64(int descriptor, void const* data, size_t size,
                                                        off_t at) {
    static auto* const whole = next<ssize_t(int, void const*, size_t, off_t)>("pwrite64");
    return write_at(descriptor, data, size, at, [&] { return whole(descriptor, data, size, at); });
}
__attribute__((visibility("default"))) ssize_t pwrite(int descriptor, void const* data, size_t size,
                                                      off_t at) {
    return pwrite64(descriptor, data, size, at);
}
__attribute__((visibility("default"))) ssize_t pwritev64(int descriptor, iovec const* parts, int count,
                                                         off_t at) {
    static auto* const whole = next<ssize_t(int, iovec const*, int, off_t)>("pwritev64");
    return write_at(descriptor, parts[0].iov_base, parts[0].iov_len, at,
                    [&] { return whole(descriptor, parts, count, at); });
}
__attribute__((visibility("default"))) ssize_t pwritev(int descriptor, iovec const* parts, int count,
                                                       off_t at) {
    return pwritev64(descriptor, parts, count, at);
}

__attribute__((visibility("default"))) int fdatasync(int descriptor) {
    static auto* const whole = next<int(int)>("fdatasync");
    auto const kind = kind_of(descriptor);
    if (kind == Kind::segment) {
        pass(Point::sync_before);
        if (due(Point::sync_error)) return errno = EIO, -1;
        if (plan().point == Point::sync_slow) usleep(slow_sync_us);
    }
    int const done = whole(descriptor);
    if (kind == Kind::segment) pass(Point::sync_after);
    if (kind == Kind::ack) pass(Point::ack_synced);
    return done;
}

__attribute__((visibility("default"))) int posix_fallocate64(int descriptor, off_t from, off_t size) {
    static auto* const whole = next<int(int, off_t, off_t)>("posix_fallocate64");
    int const done = whole(descriptor, from, size);
    if (kind_of(descriptor) == Kind::spare) pass(Point::spare_allocated);
    return done;
}
__attribute__((visibility("default"))) int posix_fallocate(int descriptor, off_t from, off_t size) {
    return posix_fallocate64(descriptor, from, size);
}

__attribute__((visibility("default"))) int rename(char const* from, char const* to) {
    static auto* const whole = next<int(char const*, char const*)>("rename");
    bool const rolls = plan().point != Point::none && kind_of(from) == Kind::spare;
    if (rolls) pass(Point::rename_before);
    int const done = whole(from, to);
    if (rolls) pass(Point::rename_after);
    return done;
}

__attribute__((visibility("default"))) int unlink(char const* path) {
    static auto* const whole = next<int(char const*)>("unlink");
    bool const segment = plan().point != Point::none && kind_of(path) == Kind::segment;
    if (segment) pass(Point::unlink_before);
    int const done = whole(path);
    if (segment) pass(Point::unlink_after);
    return done;
}

// The transaction that stores a batch ends with COMMIT in a pipeline.
__attribute__((visibility("default"))) int PQsendQueryParams(PGconn* connection, char const* command,
                                                             int count, Oid const* types,
                                                             char const* const* values, int const* lengths,
                                                             int const* formats, int result_format) {
    using Send = int(PGconn*, char const*, int, Oid const*, char const* const*, int const*, int const*, int);
    static auto* const whole = next_in_libpq<Send>("PQsendQueryParams");
    bool const commit = std::strcmp(command, "COMMIT") == 0;
    if (commit) pass(Point::commit_before);
    int const done = whole(connection, command, count, types, values, lengths, formats, result_format);
    if (commit) commits_open = 1;
    return done;
}

__attribute__((visibility("default"))) int PQpipelineSync(PGconn* connection) {
    static auto* const whole = next_in_libpq<int(PGconn*)>("PQpipelineSync");
    int const done = whole(connection);
    if (commits_open == 1) pass(Point::commit_sent);
    return done;
}

__attribute__((visibility("default"))) int PQexitPipelineMode(PGconn* connection) {
    static auto* const whole = next_in_libpq<int(PGconn*)>("PQexitPipelineMode");
    if (commits_open.exchange(0) == 1) pass(Point::commit_after);
    return whole(connection);
}

}  // extern "C"
