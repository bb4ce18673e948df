// What a database brings so that the sink of this folder can write into it: its statements, its fast way in,
// and what its errors mean.
//
// Below `Sink::write` errors travel as exceptions, because SOCI throws; the sink turns them into results in
// one place (sink.cpp). Thread safety: one thread, except interrupt.
#pragma once

#include <soci/soci.h>

#include <chrono>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "arbitrage/sink.hpp"
#include "sinks/sql/rows.hpp"

namespace arb::sql {

// What can be done about an error. docs/operating.md has the table of error codes.
enum class Trouble {
    retry,    // the same again may succeed
    held,     // a person has to do something: schema, rights, password, an option
    data,     // this row will never be accepted
    unknown,  // retried some times, then treated as data
};

class Failure : public std::runtime_error {
  public:
    Failure(Trouble what, std::string const& sentence, std::string option = {}, bool loud = false)
        : std::runtime_error{sentence}, trouble{what}, where{std::move(option)}, alarm{loud} {}
    Trouble trouble;
    std::string where;  // JSON pointer to the option at fault, or empty
    bool alarm;         // of data: it says that the tables are not what this program made
};

// One numbered step of the schema. Never edited once released; a change is a further step.
struct Migration {
    int version;
    char const* description;
    std::span<char const* const> statements;
};

// Up to where packets of a journal are stored by this sink.
struct Mark {
    std::string journal;  // uuid as text
    std::string sink;     // the instance
    arb_position position{};
    arb_time received = 0;  // by then the newest of the last batch had come; 0: not known
};

// What a transaction does besides storing rows.
struct Ending {
    // The position moves to `mark`, from `before`. If it is anywhere else, another session of this sink, left
    // over from a connection that broke, has stored the same packets: then nothing is stored.
    Mark const* mark = nullptr;
    arb_position before{};
    // Or a dead letter goes, because its packet is stored now. If it is gone already nothing is stored.
    std::int64_t dead_letter = 0;
};

struct MarketName {
    std::string_view venue;
    std::string_view market_id;
};
struct MarketKey {
    std::string_view venue;
    std::int32_t key;
};
struct EventName {
    std::string_view venue;
    std::string_view event_id;
};

class Dialect {
  public:
    virtual ~Dialect() = default;

    // Whether there is a database to look into; without one only a start of the sink makes it.
    virtual bool exists() const { return true; }
    // Opens the session and checks what it needs of the server; throws Failure.
    virtual void connect() = 0;
    virtual void disconnect() noexcept = 0;
    virtual bool connected() const noexcept = 0;
    // The open session, for statements that are not on the hot path.
    virtual soci::session& session() = 0;
    // The database as people name it, without secrets: "PostgreSQL at /run/postgresql, database lab".
    virtual std::string name() const = 0;
    // What makes storing here less safe than it should be, as sentences. Once connected.
    virtual std::vector<std::string> dangers() { return {}; }

    virtual std::span<Migration const> migrations() const = 0;
    // Begins a transaction in which no other process changes the schema.
    virtual void begin_exclusive() = 0;
    virtual bool table_exists(std::string const& name) = 0;
    // Whether the rights to write are there, once connected or where there is no database yet; throws
    // Failure. Changes nothing.
    virtual void check_rights() = 0;

    // Keys of the markets, made where there are none, in a transaction of their own: a key without a row does
    // no harm.
    virtual std::vector<std::int32_t> market_keys(std::span<MarketName const> names) = 0;
    // The content_hash of the rows that are stored; 0 where there is none.
    virtual std::vector<std::uint64_t> contents(std::span<MarketKey const> markets) = 0;
    virtual std::vector<std::uint64_t> contents(std::span<EventName const> events) = 0;
    // Tables of new venues, partitions of new days. Outside of the batch's transaction.
    virtual void prepare(std::vector<Group*> const& groups, arb_time now) = 0;
    // All groups and the ending, in one transaction. On a throw nothing is stored, or, where the connection
    // broke at the commit, perhaps everything: the stored mark tells. With a dead letter, what is stored of a
    // later packet under the same key stays.
    virtual void write(std::vector<Group*> const& groups, Ending const& ending) = 0;
    // From here to the end of the session every statement sees the database as the first of them does.
    virtual void begin_reading() = 0;
    // The SQL that gives the bytes of dead_letters.packet as hexadecimal text.
    virtual char const* packet_as_hex() const = 0;
    // The SQL that gives a column of several decimals as JSON text.
    virtual std::string list_as_json(std::string_view column) const = 0;
    // After a throw of write that left the connection usable.
    virtual void rollback() noexcept = 0;
    // Deletes rows received before `before`, those of an earlier table first; true if there may be more to
    // delete.
    virtual bool expire(std::span<TableId const> from, arb_time before) = 0;

    // What an exception means, as a sentence for people.
    virtual Failure explain(std::exception const& error) const = 0;

    // The sink has nothing to do for now: no deadline runs until the next call.
    virtual void idle() noexcept = 0;

    // Makes a running call fail soon. [any-thread]
    virtual void interrupt() noexcept = 0;
};

}  // namespace arb::sql
