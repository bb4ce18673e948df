#include "chaos/acts.hpp"

#include <signal.h>

#include <boost/json/string.hpp>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace arb::chaos {

namespace {

constexpr int failpoint_code = 86;         // failpoints.cpp ends the host with it
constexpr auto failpoint_within = 40s;     // a segment that can go is looked for every few seconds
constexpr auto first_commit_within = 35s;  // after the database is back
constexpr auto stall_noticed_within = 60s;
constexpr auto pause_of_host = 15s;
constexpr double freeze_seconds = 600;  // longer than the test: nothing thaws by itself

// Of an outage of the database: at so many packets of kalshi, of 200 bytes each, the host's 32 MiB of newest
// packets are full; at so many more than 20 MiB have come on top of them.
constexpr std::int64_t outage_full_packets = 100'000, outage_packets = 180'000;
constexpr std::int64_t outage_growth_kib = 6 << 10;
constexpr auto outage_within = 150s;
constexpr unsigned flood_rate = 8'000;

std::string number(auto value) { return std::to_string(value); }

void pause(Milliseconds time) { std::this_thread::sleep_for(time); }

void kill_host(Arena& arena) {
    // A random moment is the point here.
    pause(arena.random(Milliseconds{0}, Milliseconds{700}));
    arena.kill();
    arena.restart();
    arena.await_progress(5);
}

void kill_in_recovery(Arena& arena) {
    arena.kill();
    for (int n = 0; n != 10; ++n) {
        arena.host().start();
        pause(arena.random(Milliseconds{1}, Milliseconds{60}));
        arena.host().kill();
    }
    arena.restart();
    arena.await_progress(5);
}

void end_at(Arena& arena, std::string const& point, int nth) {
    arena.kill();
    arena.host().start(
        {{"LD_PRELOAD", arena.failpoints()}, {"ARBITRAGE_FAILPOINT", point + ":" + number(nth)}});
    auto const code = arena.host().ended(failpoint_within);
    if (!code)
        throw std::runtime_error("the point " + point + " was never reached a " + number(nth) + ". time");
    if (*code != failpoint_code)
        throw std::runtime_error("at " + point + " the host ended with " + number(*code));
    arena.restart();
    arena.await_progress(5);
}

void failpoints(Arena& arena) {
    for (auto const* const point : {"write_before", "write_torn", "write_after", "sync_before", "sync_after",
                                    "spare_allocated", "rename_before", "rename_after", "meta_written",
                                    "ack_written", "ack_synced", "unlink_before", "unlink_after"})
        end_at(arena, point, 1);
    for (auto const* const point : {"write_torn", "write_after", "sync_before", "sync_after", "ack_written"})
        end_at(arena, point, arena.random(2, 20));
    if (arena.postgres() == nullptr) return;
    for (auto const* const point : {"commit_before", "commit_sent", "commit_after"}) {
        end_at(arena, point, 1);
        end_at(arena, point, arena.random(2, 10));
    }
}

// A call that fails once: the host goes on by itself.
void disk_errors(Arena& arena) {
    for (auto const* const point : {"write_error", "sync_error"}) {
        arena.kill();
        arena.restart({{"LD_PRELOAD", arena.failpoints()},
                       {"ARBITRAGE_FAILPOINT", std::string{point} + ":" + number(arena.random(2, 10))}});
        arena.await_progress(100);
        if (!arena.host().running())
            throw std::runtime_error(std::string{"the host did not survive "} + point);
    }
    arena.kill();
    arena.restart();
    arena.await_progress(5);
}

void stop_host(Arena& arena) {
    arena.hurt();
    if (int const code = arena.host().stop(20s); code != 0)
        throw std::runtime_error("TERM under load: ended with " + number(code));
    arena.restart();
    arena.await_progress(5);
}

void second_host(Arena& arena) {
    auto const second = arena.host().run({"run"}, 10s);
    if (second.code != 75)
        throw std::runtime_error("a second host on the same queue ended with " + number(second.code) +
                                 " instead of 75: " + second.errors);
}

void await_commit(Arena& arena) { arena.await_progress(1, first_commit_within); }

void stop_database(Arena& arena) {
    arena.postgres()->stop(arena.random(0, 1) == 1);
    if (!test::eventually(20s, [&] { return arena.host().state("postgres") == "retrying"; }))
        throw std::runtime_error("the database is gone and the sink is " + arena.host().state("postgres"));
    pause(arena.random(Milliseconds{500}, Milliseconds{4000}));
    arena.postgres()->start();
    await_commit(arena);
}

void kill_backend(Arena& arena) {
    auto const rows = arena.postgres()->query(
        "rows",
        "SELECT pid FROM pg_stat_activity WHERE datname = 'rows' AND pid <> pg_backend_pid() AND "
        "application_name LIKE '%arbitrage%' LIMIT 1");
    if (rows.empty()) throw std::runtime_error("no connection of the host is known to the server");
    // The server restarts itself: its memory may be damaged.
    ::kill(static_cast<pid_t>(std::stol(rows[0][0].value())), SIGKILL);
    test::eventually(20s, [&] {
        try {
            arena.trades();
            return true;
        } catch (std::exception const&) {
            return false;
        }
    });
    await_commit(arena);
}

void terminate_backend(Arena& arena) {
    arena.postgres()->query("rows",
                            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'rows' "
                            "AND pid <> pg_backend_pid()");
    await_commit(arena);
}

// Longer than every deadline of the sink: the server's own timers are frozen with it.
void freeze_database(Arena& arena) {
    auto const rows = arena.postgres()->query(
        "rows",
        "SELECT pid FROM pg_stat_activity WHERE datname = 'rows' AND pid <> pg_backend_pid() AND "
        "application_name LIKE '%arbitrage%'");
    if (rows.empty()) throw std::runtime_error("no connection of the host is known to the server");
    auto const pid = static_cast<pid_t>(std::stol(rows[0][0].value()));
    ::kill(pid, SIGSTOP);
    bool const noticed = test::eventually(45s, [&] { return arena.host().state("postgres") == "retrying"; });
    ::kill(pid, SIGCONT);
    if (!noticed) throw std::runtime_error("a frozen database was not noticed within 45 s");
    await_commit(arena);
}

void ambiguous_commit(Arena& arena) {
    arena.proxy()->cut_after_sending("COMMIT");
    arena.await_progress(20);
}

void cut_database(Arena& arena) {
    arena.proxy()->cut();
    await_commit(arena);
}

void black_hole_database(Arena& arena) {
    arena.proxy()->set(test::FaultProxy::Mode::refuse);
    arena.proxy()->cut();
    test::eventually(20s, [&] { return arena.host().state("postgres") == "retrying"; });
    pause(arena.random(Milliseconds{200}, Milliseconds{2000}));
    arena.proxy()->set(test::FaultProxy::Mode::pass);
    await_commit(arena);
}

void venue_fault(Arena& arena, char const* kind, char const* venue, double seconds) {
    arena.hurt();
    arena.venues().fault(kind, venue, seconds);
    pause(Milliseconds{static_cast<int>(seconds * 1000)} + 300ms);
    arena.await_progress(20, stall_noticed_within + 10s, "kalshi");
    arena.await_progress(20, stall_noticed_within + 10s, "polymarket");
    arena.healed();
}

char const* some_venue(Arena& arena) { return arena.random(0, 1) == 0 ? "kalshi" : "polymarket"; }

void cut_venue(Arena& arena) { venue_fault(arena, "cut", some_venue(arena), arena.random(1, 3)); }
void refuse_venue(Arena& arena) { venue_fault(arena, "accept_then_drop", some_venue(arena), 3); }
void lose_frames(Arena& arena) { venue_fault(arena, "seq_gap", "kalshi", 0.5); }
void double_frames(Arena& arena) { venue_fault(arena, "duplicate", "kalshi", 0.5); }
void reorder_frames(Arena& arena) { venue_fault(arena, "reorder", "kalshi", 0.5); }
void mangle_frames(Arena& arena) { venue_fault(arena, "malformed", "kalshi", 0.5); }
void limit_rest(Arena& arena) { venue_fault(arena, "http_429", "all", 2); }
void break_rest(Arena& arena) { venue_fault(arena, "http_500", "all", 2); }

// Open, answering pings, and silent: what venues do for hours. Only a connection made afterwards has data.
void freeze_venue(Arena& arena, char const* venue) {
    arena.hurt();
    arena.venues().fault("freeze", venue, freeze_seconds, "&connection=open");
    pause(2s);  // what was on its way
    // Not trades: those are also read over REST.
    auto const before = arena.quotes(venue);
    if (!test::eventually(stall_noticed_within + 10s, [&] { return arena.quotes(venue) > before + 50; }))
        throw std::runtime_error(std::string{"a silent "} + venue + " was not replaced within 70 s");
    arena.venues().stop_faults(venue);
    arena.healed();
}
void freeze_kalshi(Arena& arena) { freeze_venue(arena, "kalshi"); }
void freeze_polymarket(Arena& arena) { freeze_venue(arena, "polymarket"); }

// Whether the host as a whole says that venues wait for room in the queue.
bool says_full(Arena& arena) {
    auto const said = arena.host().status();
    return said.contains("sentence") &&
           said.at("sentence").as_string().find("wait for room") != boost::json::string::npos;
}

// Nothing is left on a file system of the queue's own. A segment that exists could still be filled; a start
// needs a new one.
void fill_disk(Arena& arena) {
    auto const filler = arena.disk() / "filler";
    arena.kill();
    {
        std::ofstream out{filler, std::ios::binary};
        std::string const block(1 << 20, 'x');
        while (out.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {}
    }
    arena.host().start();
    auto const said = test::eventually(20s, [&] { return says_full(arena); });
    std::filesystem::remove(filler);
    if (!said) throw std::runtime_error("a full disk is not said");
    auto const accepted = [&] { return arena.host().counter("kalshi", "accepted"); };
    if (!test::eventually(10s, [&] { return accepted() > 20; }))
        throw std::runtime_error("nothing was accepted within 10 s of the disk's having room again");
    arena.host().await_ready(40s);
    arena.await_progress(20);
    arena.healed();
}

// What was on its way to the disk is gone, for the file system, too. The database is elsewhere and may be
// ahead of the queue.
void lose_power(Arena& arena) {
    pause(arena.random(Milliseconds{0}, Milliseconds{700}));
    arena.hurt();
    bool const cut = arena.loop_disk().cut_power();
    arena.kill();
    if (!cut || !arena.loop_disk().unmount() || !arena.loop_disk().mount())
        throw std::runtime_error("the power of the loop device could not be cut");
    arena.restart();
    arena.await_progress(5);
}

// As a laptop that is closed, or a virtual machine that is moved. What came meanwhile waited in the kernel,
// if it did, and is no longer the present.
void pause_host(Arena& arena) {
    arena.hurt();
    ::kill(arena.host().pid(), SIGSTOP);
    pause(pause_of_host);
    ::kill(arena.host().pid(), SIGCONT);
    arena.await_progress(20, stall_noticed_within + 10s, "kalshi");
    arena.await_progress(20, stall_noticed_within + 10s, "polymarket");
    arena.healed();
}

void slow_disk(Arena& arena) {
    arena.kill();
    arena.restart({{"LD_PRELOAD", arena.failpoints()}, {"ARBITRAGE_FAILPOINT", "sync_slow:1"}});
    arena.await_progress(200);
    arena.kill();
    arena.restart();
    arena.await_progress(5);
}

std::int64_t resident_kib(pid_t process) {
    std::ifstream in{"/proc/" + number(process) + "/status"};
    for (std::string word; in >> word;)
        if (word == "VmRSS:") {
            std::int64_t kib = 0;
            in >> kib;
            return kib;
        }
    throw std::runtime_error("the host's memory cannot be read");
}

// While the database is away packets go to the disk and the newest of them stay in memory, up to a bound:
// once that is reached memory does not grow.
void long_outage(Arena& arena) {
    arena.postgres()->stop(true);
    auto const from = arena.host().counter("kalshi", "accepted");
    auto const await_waiting = [&](std::int64_t packets) {
        if (!test::eventually(outage_within,
                              [&] { return arena.host().counter("kalshi", "accepted") - from >= packets; }))
            throw std::runtime_error("fewer than " + number(packets) +
                                     " packets of kalshi came during the outage");
    };
    await_waiting(outage_full_packets);
    auto const full = resident_kib(arena.host().pid());
    await_waiting(outage_packets);
    auto const later = resident_kib(arena.host().pid());
    arena.postgres()->start();
    await_commit(arena);
    if (later - full > outage_growth_kib)
        throw std::runtime_error("memory grew from " + number(full) + " to " + number(later) +
                                 " KiB while the database was away");
}

constexpr Act all[] = {
    {"kill", "kill -9 at a random moment, and start again", kill_host},
    {"kill_in_recovery", "kill -9, then ten more during the start", kill_in_recovery, false, false},
    {"failpoints", "ends the host at each named point between two calls", failpoints, false, false},
    {"disk_errors", "a write and a sync of the queue fail once", disk_errors, false, false},
    {"stop", "TERM under load, and start again", stop_host},
    {"second_host", "a second host on the same queue", second_host},
    {"stop_database", "the server stops, fast or at once, and comes back", stop_database, true},
    {"kill_backend", "kill -9 of the server's process", kill_backend, true},
    {"terminate_backend", "the server ends the connection", terminate_backend, true},
    {"freeze_database", "the server's process is stopped with SIGSTOP", freeze_database, true, false},
    {"ambiguous_commit", "the connection dies between COMMIT and its answer", ambiguous_commit, true},
    {"cut_database", "the connection is reset", cut_database, true},
    {"refuse_database", "connections are accepted and closed", black_hole_database, true},
    {"cut_venue", "connections are cut and refused for seconds", cut_venue},
    {"refuse_venue", "connections are accepted and dropped", refuse_venue},
    {"lose_frames", "a frame is lost", lose_frames},
    {"double_frames", "frames come twice", double_frames},
    {"reorder_frames", "frames come in another order", reorder_frames},
    {"mangle_frames", "frames are no JSON", mangle_frames},
    {"limit_rest", "REST says 429", limit_rest},
    {"break_rest", "REST says 500", break_rest},
    {"freeze_kalshi", "open, answering pings, and silent", freeze_kalshi, false, false},
    {"freeze_polymarket", "the same", freeze_polymarket, false, false},
    {"pause_host", "the host's process is stopped with SIGSTOP for a while", pause_host, false, false},
    {"slow_disk", "each sync of the queue takes 200 ms", slow_disk, false, false},
    {"fill_disk", "the queue's disk is full and then is not", fill_disk, false, false, {Disk::memory}},
    {"lose_power", "the machine of the queue loses its power", lose_power, false, false, {Disk::loop}},
    {"long_outage",
     "the database is away while much comes",
     long_outage,
     true,
     false,
     {Disk::own, flood_rate}},
};

}  // namespace

std::span<Act const> acts() { return all; }

Act const* find_act(std::string_view name) {
    for (auto const& act : all)
        if (act.name == name) return &act;
    return nullptr;
}

}  // namespace arb::chaos
