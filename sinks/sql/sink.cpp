#include "sinks/sql/sink.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "arbitrage/time.hpp"
#include "sinks/sql/admission.hpp"
#include "sinks/sql/commands.hpp"
#include "sinks/sql/migrate.hpp"
#include "sinks/sql/text.hpp"

namespace arb::sql {
namespace {

constexpr int unknown_tries_max = 10;  // an error no one has classified is transient so often, then bisected

std::string uuid_text(std::span<std::uint8_t const, 16> bytes) {
    std::string out;
    for (std::size_t i = 0; i != bytes.size(); ++i)
        out += fmt::format("{}{:02x}", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", bytes[i]);
    return out;
}

arb_position place(arb_packet const& packet, std::uint64_t incarnation) {
    return {incarnation, packet.position};
}

Failure too_many(std::string_view last) {
    return {Trouble::held,
            fmt::format("too many packets cannot be stored (more than 1 in 100, or 100 in a row), so it may "
                        "not be the packets that are wrong. The last: {}",
                        last)};
}

}  // namespace

DatabaseSink::DatabaseSink(Host host, Retention const& retention, std::unique_ptr<Dialect> dialect)
    : host_{host}, retention_{retention}, dialect_{std::move(dialect)}, rows_{std::string{host.instance()}} {
    mark_.sink = host.instance();
}

Result<Position> DatabaseSink::start(std::span<std::uint8_t const, 16> journal) {
    mark_.journal = uuid_text(journal);
    try {
        dialect_->disconnect();
        open(true);
        promised_ = mark_.position;
        before_start_ = mark_.received;
        dialect_->idle();
        say_live();
        return mark_.position;
    } catch (std::exception const& error) {
        return give_up(error);
    }
}

// Everything the process remembers may be wrong after a connection broke: the database could be another one,
// or an older copy of itself.
void DatabaseSink::open(bool starting) {
    markets_.clear();
    events_.clear();
    asked_ = 0;
    recalled_ = false;
    dialect_->connect();
    auto const is_new = schema_version(*dialect_) == 0;
    migrate(*dialect_);
    // Those who start at the same time come one after the other.
    dialect_->begin_exclusive();
    starting ? take_over() : need_own_row();
    read_mark(is_new);
    dialect_->session().commit();
    elsewhere_ = mark_.position.sequence == 0 ? newest_elsewhere() : 0;
    resumed_ = true;
    std::string sentence;
    for (auto const& danger : dialect_->dangers()) {
        if (live_.find(danger) == std::string::npos) host_.warning(danger);
        sentence += (sentence.empty() ? "storing, but: " : "; ") + danger;
    }
    live_ = sentence;
    host_.debug(fmt::format("connected to {}; stored up to {}.{}", dialect_->name(),
                            mark_.position.incarnation, mark_.position.sequence));
}

// The row is there from now on, so that every transaction can tell whether it is the next one. A database
// that was made just now wants all the queue has, whatever another one acknowledged: position {1, 0}. One
// whose row somebody deleted has rows, and goes on where the host says: {0, 0}.
void DatabaseSink::read_mark(bool is_new) {
    auto& session = dialect_->session();
    auto const time = format_time(arb::now());
    long long incarnation = is_new ? 1 : 0, sequence = 0;
    std::string received;
    session << "INSERT INTO ingest_positions (journal_uuid, sink, incarnation, sequence, committed_at) "
               "VALUES (:j, :s, :i, 0, :t) ON CONFLICT DO NOTHING",
        soci::use(mark_.journal), soci::use(mark_.sink), soci::use(incarnation), soci::use(time);
    session << "SELECT incarnation, sequence, coalesce(CAST(received_at AS TEXT), '') FROM ingest_positions "
               "WHERE journal_uuid = :j AND sink = :s",
        soci::use(mark_.journal), soci::use(mark_.sink), soci::into(incarnation), soci::into(sequence),
        soci::into(received);
    mark_.position = {static_cast<std::uint64_t>(incarnation), static_cast<std::uint64_t>(sequence)};
    mark_.received = parse_time(received).value_or(0);
}

// A database stores a queue once, whatever the sink is called that does it: another one goes on behind what
// the last has stored. Two at once would store every packet twice; the one that started first finds its row
// gone.
void DatabaseSink::take_over() {
    auto& session = dialect_->session();
    std::string last;
    session
        << "SELECT sink FROM ingest_positions WHERE journal_uuid = :j ORDER BY incarnation DESC, sequence "
           "DESC LIMIT 1",
        soci::use(mark_.journal), soci::into(last);
    if (!session.got_data()) return;
    session << "DELETE FROM ingest_positions WHERE journal_uuid = :j AND sink <> :l",
        soci::use(mark_.journal), soci::use(last);
    session << "UPDATE ingest_positions SET sink = :s WHERE journal_uuid = :j", soci::use(mark_.sink),
        soci::use(mark_.journal);
    if (last != mark_.sink)
        host_.warning(fmt::format("{} was written by sink {} from the same queue; this one goes on behind it",
                                  dialect_->name(), last));
}

// In the middle of a run.
void DatabaseSink::need_own_row() {
    std::string other;
    auto& session = dialect_->session();
    session << "SELECT sink FROM ingest_positions WHERE journal_uuid = :j ORDER BY CASE sink WHEN :s THEN 0 "
               "ELSE 1 "
               "END LIMIT 1",
        soci::use(mark_.journal), soci::use(mark_.sink), soci::into(other);
    if (session.got_data() && other != mark_.sink)
        throw Failure{
            Trouble::held,
            fmt::format("sink {} stores the same queue in {}, and every packet would be there twice: "
                        "give one of the two a database of its own, or remove it",
                        other, dialect_->name())};
}

// Connects in the middle of a run. A database that knows less than it did must get it again, and only a start
// makes the host read from there.
void DatabaseSink::reopen() {
    open(false);
    if (!(mark_.position < promised_)) return;
    throw Failure{
        Trouble::retry,
        fmt::format(
            "{} was set back to an older state: it holds packets up to {} and had them up to {}. What "
            "the queue still has is stored again once the sink starts anew",
            dialect_->name(), mark_.position.sequence, promised_.sequence),
        "start"};
}

Result<std::uint32_t> DatabaseSink::write(Batch const& batch) {
    for (;;) {
        auto const before = mark_.position;
        try {
            store_rest(batch);
            break;
        } catch (std::exception const& error) {
            auto const failed = give_up(error);
            // The host waits longer with every try that failed. One that stored a part of the batch, as where
            // the connection is lost again and again while a bad packet is looked for, has not failed.
            auto const got_on = before < mark_.position;
            if (failed.status != ARB_RETRY || !failed.where.empty() || !got_on) return failed;
        }
    }
    unknown_tries_ = 0;
    promised_ = std::max(promised_, mark_.position, [](auto a, auto b) { return a < b; });
    expire();
    dialect_->idle();
    say_live();
    return std::exchange(buried_, 0);
}

// What of the batch is not stored yet.
void DatabaseSink::store_rest(Batch const& batch) {
    if (!dialect_->connected()) reopen();
    auto const all = packets(batch);
    auto const incarnation = batch.last.incarnation;
    auto const first = std::find_if(all.begin(), all.end(), [&](arb_packet const* packet) {
        return mark_.position < place(*packet, incarnation);
    });
    auto const known = static_cast<std::size_t>(first - all.begin());
    if (known != 0) host_.count("packets_already_stored", known);
    if (known != all.size()) store(all.subspan(known), incarnation);
}

// Stores the packets; where the data of one is refused, halves them until it is alone. Each half commits with
// its own position, so whatever happens in between, nothing is stored twice.
void DatabaseSink::store(Run packets, std::uint64_t incarnation) {
    try {
        commit(packets, incarnation, {});
    } catch (std::exception const& error) {
        auto const failure = dialect_->explain(error);
        auto const unknown_for_long =
            failure.trouble == Trouble::unknown && unknown_tries_ >= unknown_tries_max;
        if (failure.trouble != Trouble::data && !unknown_for_long) throw failure;
        dialect_->rollback();
        store_halves(packets, incarnation, failure);
    }
}

void DatabaseSink::store_halves(Run packets, std::uint64_t incarnation, Failure const& failure) {
    if (packets.size() > 1) {
        auto const half = packets.size() / 2;
        store(packets.first(half), incarnation);
        store(packets.subspan(half), incarnation);
        return;
    }
    if (breaker_.open()) throw too_many(failure.what());
    commit(packets, incarnation, failure.what());
    auto const sentence = fmt::format("packet {} could not be stored and is in dead_letters: {}",
                                      packets.front()->position, failure.what());
    failure.alarm ? host_.error(sentence) : host_.warning(sentence);
}

// One transaction. With `bury_because`, the one packet becomes a dead letter.
void DatabaseSink::commit(Run packets, std::uint64_t incarnation, std::string_view bury_because) {
    auto const time = host_.now();
    auto mark = mark_;
    rows_.clear();
    if (bury_because.empty()) {
        add_rows(packets, time);
        if (auto const received = newest(packets); received != 0) mark.received = received;
    } else {
        rows_.bury(*packets.front(), bury_because, time);
    }
    if (resumed_) add_gaps(*packets.front());
    rows_.finish();
    mark.position = place(*packets.back(), incarnation);
    dialect_->prepare(rows_.groups(), time);
    dialect_->write(rows_.groups(), {&mark, mark_.position, 0});
    mark_ = mark;
    resumed_ = false;
    remember();
    buried_ += static_cast<std::uint32_t>(rows_.buried());
    if (bury_because.empty())
        breaker_ = trial_;
    else
        breaker_.buried();
}

// Packets as rows, those that cannot be stored as dead letters.
void DatabaseSink::add_rows(Run packets, arb_time time) {
    admit(packets, time);
    recall_newest();
    resolve_keys(packets);
    recall(packets);
    std::size_t skipped = 0;
    for (std::size_t i = 0; i != packets.size(); ++i) {
        auto const& packet = *packets[i];
        if (auto const* const wrong = problems_[i]) {
            rows_.bury(packet, wrong, time);
            continue;
        }
        auto const content = content_hash(packet);
        if (unchanged(packet, content))
            ++skipped;
        else
            rows_.add(packet, keys_[i], content);
    }
    if (skipped != 0) host_.count("packets_unchanged", skipped);
}

// Finds the packets that have a problem of their own; throws where they are too many.
void DatabaseSink::admit(Run packets, arb_time time) {
    trial_ = breaker_;
    problems_.clear();
    for (auto const* const packet : packets) {
        auto const* const wrong = problems_.emplace_back(problem(*packet, time));
        if (wrong == nullptr) {
            trial_.stored(1);
        } else if (trial_.open()) {
            throw too_many(wrong);
        } else {
            trial_.buried();
        }
    }
}

// When the last of the packets without a problem was received; 0 if there is none.
arb_time DatabaseSink::newest(Run packets) const {
    arb_time out = 0;
    for (std::size_t i = 0; i != packets.size(); ++i)
        if (problems_[i] == nullptr) out = std::max(out, packets[i]->received_time);
    return out;
}

// What is missing before the first packet this session stores is a gap of every venue, in this database
// alone.
void DatabaseSink::add_gaps(arb_packet const& first) {
    auto const stored = mark_.position.sequence;
    gaps_.clear();
    if (stored != 0) {
        if (first.position <= stored + 1) return;
        // A database that was set back may lie before what the queue still has. What is missing came after
        // what is stored; where an older version stored it, the commit has to do.
        std::string newest;
        dialect_->session()
            << "SELECT CAST(coalesce(received_at, committed_at) AS TEXT) FROM ingest_positions "
               "WHERE journal_uuid = :j AND sink = :s",
            soci::use(mark_.journal), soci::use(mark_.sink), soci::into(newest);
        add_gap(first, parse_time(newest).value_or(first.received_time), "not_in_queue",
                fmt::format("packets {} to {} are neither in the database nor in the queue", stored + 1,
                            first.position - 1));
    } else if (elsewhere_ != 0 && newest_elsewhere() == elsewhere_ && first.received_time > elsewhere_) {
        // The queue before this one was moved away or lost, unless another host goes on with it.
        add_gap(first, elsewhere_, "another_queue",
                "what came after the last packet of the former queue is not in this one");
    }
}

void DatabaseSink::add_gap(arb_packet const& first, arb_time from, std::string_view reason,
                           std::string const& detail) {
    soci::rowset<std::string> const venues = dialect_->session().prepare
                                             << "SELECT DISTINCT venue FROM market_keys ORDER BY venue";
    for (auto const& venue : venues) {
        auto gap = gaps_.add<arb_gap>(venue, first.received_time);
        gap->header.position = first.position;
        gap->stream = ARB_STREAM_ALL;
        gap->from_time = std::min(from, first.received_time);
        gap->to_time = first.received_time;
        gap->recovered = ARB_NO;
        gap.text(&arb_gap::instance, host_.instance());
        gap.text(&arb_gap::reason, reason);
        gap.text(&arb_gap::detail, detail);
    }
    for_each_packet(gaps_.bytes(), [&](arb_packet const& gap) { rows_.add(gap, 0, 0); });
    host_.warning(fmt::format("{}: {}; this is a row of gaps", dialect_->name(), detail));
}

// When the newest packet of other queues was received; 0 if there is none.
arb_time DatabaseSink::newest_elsewhere() {
    std::string newest;
    dialect_->session() << "SELECT coalesce(CAST(max(coalesce(received_at, committed_at)) AS TEXT), '') FROM "
                           "ingest_positions WHERE journal_uuid <> :j AND sequence > 0",
        soci::use(mark_.journal), soci::into(newest);
    return parse_time(newest).value_or(0);
}

// The host says "storing" by itself; dangers are for the plugin to say.
void DatabaseSink::say_live() {
    if (!live_.empty()) host_.report(ARB_STATE_LIVE, live_);
}

// The connection is given up with every error: making it anew finds out what was stored and who answers.
Error DatabaseSink::give_up(std::exception const& error) {
    auto const failure = dialect_->explain(error);
    dialect_->disconnect();
    markets_.clear();
    events_.clear();
    if (host_.stopping()) return closed();
    switch (failure.trouble) {
        case Trouble::unknown:
            ++unknown_tries_;
            return retry(failure.what());
        case Trouble::retry:
            return Error{ARB_RETRY, failure.what(), failure.where};
        case Trouble::data:
        case Trouble::held:
            break;
    }
    return failure.where.empty() ? permanent(failure.what()) : invalid(failure.where, failure.what());
}

void DatabaseSink::stop() noexcept { dialect_->interrupt(); }

Result<> DatabaseSink::command(std::string_view name, Options const& parameters, arb::Rows const& row) {
    try {
        need_database(*dialect_);
        dialect_->connect();
        need_tables(*dialect_);
        if (name == "deadletters replay")
            replay(parameters, row);
        else
            run_command(*dialect_, name, parameters, row);
        dialect_->disconnect();
        return {};
    } catch (std::exception const& error) {
        return give_up(error);
    }
}

Result<> DatabaseSink::probe() {
    try {
        if (!dialect_->exists()) {
            dialect_->check_rights();
            return {};
        }
        dialect_->connect();
        dialect_->check_rights();
        schema_version(*dialect_);
        for (auto const& danger : dialect_->dangers()) host_.warning(danger);
        dialect_->disconnect();
        return {};
    } catch (std::exception const& error) {
        auto const failure = dialect_->explain(error);
        dialect_->disconnect();
        if (failure.where.empty()) return retry(failure.what());
        return invalid(failure.where, failure.what());
    }
}

}  // namespace arb::sql
