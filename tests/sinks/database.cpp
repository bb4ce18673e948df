#include "sinks/database.hpp"

#include <dlfcn.h>
#include <sqlite3.h>
#include <stdlib.h>

#include <filesystem>
#include <stdexcept>

#include "arbitrage/decimal.hpp"

namespace arb::test {

std::string Database::options_keeping(std::string const& retention) const {
    auto out = options();
    return out.replace(out.size() - 1, 1, ",\"retention\":" + retention + "}");
}

TextRow Database::row(std::string const& statement) {
    auto const rows = query(statement);
    if (rows.size() != 1) throw std::runtime_error{statement + ": " + std::to_string(rows.size()) + " rows"};
    return rows.front();
}

std::string Database::text(std::string const& statement) { return row(statement).front().value_or("NULL"); }

std::int64_t Database::amount(std::string const& statement) {
    auto const value = text(statement);
    auto const decimal = parse_decimal(value);
    if (!decimal) throw std::runtime_error{statement + ": " + value + " " + describe(decimal.error)};
    return decimal.millionths;
}

std::int64_t Database::count(std::string const& table) {
    return std::stoll(text("SELECT count(*) FROM " + table));
}

SqliteDatabase::SqliteDatabase() {
    char path[] = "/tmp/arbitrage_sqlite_XXXXXX";
    if (::mkdtemp(path) == nullptr) throw std::runtime_error{"no temporary directory"};
    directory_ = path;
    file_ = directory_ + "/deep/arbitrage.db";
}

SqliteDatabase::~SqliteDatabase() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
}

std::vector<TextRow> SqliteDatabase::query(std::string const& statement) {
    sqlite3* database = nullptr;
    if (sqlite3_open(file_.c_str(), &database) != SQLITE_OK) throw std::runtime_error{"cannot open " + file_};
    std::vector<TextRow> rows;
    char* error = nullptr;
    auto const take = [](void* to, int columns, char** values, char**) {
        auto& out = static_cast<std::vector<TextRow>*>(to)->emplace_back();
        for (int i = 0; i != columns; ++i)
            out.push_back(values[i] == nullptr ? std::optional<std::string>{} : std::string{values[i]});
        return 0;
    };
    sqlite3_exec(database, statement.c_str(), take, &rows, &error);
    std::string const text = error == nullptr ? "" : error;
    sqlite3_free(error);
    sqlite3_close(database);
    if (!text.empty()) throw std::runtime_error{statement + ": " + text};
    return rows;
}

void SqliteDatabase::forbid() {
    for (std::string const when : {"INSERT", "UPDATE"}) {
        query("CREATE TRIGGER dear_" + when + " BEFORE " + when +
              " ON tick_history WHEN NEW.bid >= 0.9 BEGIN SELECT RAISE(ABORT, 'too dear'); END");
        query("CREATE TRIGGER poison_" + when + " BEFORE " + when +
              " ON markets WHEN NEW.title = 'poison' BEGIN SELECT RAISE(ABORT, 'poison'); END");
    }
}

void SqliteDatabase::allow() {
    for (std::string const name : {"dear_INSERT", "dear_UPDATE", "poison_INSERT", "poison_UPDATE"})
        query("DROP TRIGGER " + name);
}

void SqliteDatabase::save() { query("VACUUM INTO '" + file_ + ".saved'"); }

void SqliteDatabase::restore() {
    for (auto const* const end : {"", "-wal", "-shm"}) std::filesystem::remove(file_ + end);
    std::filesystem::copy_file(file_ + ".saved", file_);
}

void PostgresDatabase::forbid() {
    query("ALTER TABLE tick_history ADD CONSTRAINT not_dear CHECK (bid < 0.9) NOT VALID");
    query("ALTER TABLE markets ADD CONSTRAINT no_poison CHECK (title <> 'poison') NOT VALID");
}

void PostgresDatabase::allow() {
    query("ALTER TABLE tick_history DROP CONSTRAINT not_dear");
    query("ALTER TABLE markets DROP CONSTRAINT no_poison");
}

void PostgresDatabase::disconnect_all() {
    cluster_.query(
        "postgres",
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '" + name_ + "'");
}

void PostgresDatabase::save() {
    disconnect_all();
    cluster_.query("postgres", "DROP DATABASE IF EXISTS \"" + name_ + "_saved\"");
    cluster_.query("postgres", "CREATE DATABASE \"" + name_ + "_saved\" TEMPLATE \"" + name_ + "\"");
}

void PostgresDatabase::restore() {
    cluster_.query("postgres", "DROP DATABASE \"" + name_ + "\" WITH (FORCE)");
    cluster_.query("postgres", "CREATE DATABASE \"" + name_ + "\" TEMPLATE \"" + name_ + "_saved\"");
}

namespace {

arb_sink const& module_of(std::string const& plugin) {
    auto const file = ARBITRAGE_BINARY_DIR "/lib/arbitrage/plugins/" + plugin + ".so";
    auto* const module = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (module == nullptr) throw std::runtime_error{::dlerror()};
    auto const entry = reinterpret_cast<arb_plugin_entry_function>(::dlsym(module, ARB_PLUGIN_ENTRY));
    return *entry()->sink;
}

}  // namespace

SinkUnderTest::SinkUnderTest(Database const& database, std::string const& instance)
    : SinkUnderTest{module_of(database.plugin()), instance, database.options()} {}

SinkUnderTest::SinkUnderTest(std::string const& plugin, std::string const& options)
    : SinkUnderTest{module_of(plugin), plugin, options} {}

SinkUnderTest::SinkUnderTest(arb_sink const& sink, std::string const& plugin, std::string const& options)
    : host{plugin}, sink_{&sink} {
    host.set_clock(noon);
    auto said = empty_error();
    if (noted(sink_->create(host.table(), options.c_str(), &self_, &said), said) != ARB_OK) self_ = nullptr;
}

SinkUnderTest::~SinkUnderTest() {
    if (self_ == nullptr) return;
    sink_->stop(self_);
    sink_->destroy(self_);
}

arb_status SinkUnderTest::noted(arb_status status, arb_error const& said) {
    error = status == ARB_OK ? "" : said.text;
    where = status == ARB_OK ? "" : said.where;
    return status;
}

arb_status SinkUnderTest::start() {
    auto said = empty_error();
    return noted(sink_->start(self_, journal.data(), &stored, &said), said);
}

arb_status SinkUnderTest::write(Packets const& packets) {
    bytes_.assign(packets.bytes().begin(), packets.bytes().end());
    batch_.clear();
    for (std::size_t at = 0; at != bytes_.size();) {
        auto* const packet = reinterpret_cast<arb_packet*>(bytes_.data() + at);
        packet->position = next_sequence++;
        batch_.push_back(packet);
        at += packet->size;
    }
    return again();
}

arb_status SinkUnderTest::again() {
    arb_batch batch{};
    batch.size = sizeof batch;
    batch.count = static_cast<std::uint32_t>(batch_.size());
    batch.packets = batch_.data();
    batch.first = {incarnation, batch_.front()->position};
    batch.last = {incarnation, batch_.back()->position};
    arb_written written{sizeof written, 0};
    auto said = empty_error();
    auto const status = noted(sink_->write(self_, &batch, &written, &said), said);
    dead_letters = written.dead_lettered;
    return status;
}

arb_status SinkUnderTest::command(std::string const& name, std::string const& parameters,
                                  std::vector<boost::json::object>& rows) {
    auto const* const commands = static_cast<arb_commands const*>(sink_->extension(ARB_COMMANDS));
    auto const take = [](void* to, arb_text row) -> std::int32_t {
        static_cast<std::vector<boost::json::object>*>(to)->push_back(
            boost::json::parse(view(row)).as_object());
        return 0;
    };
    auto said = empty_error();
    return noted(commands->run(self_, name.c_str(), parameters.c_str(), take, &rows, &said), said);
}

arb_status SinkUnderTest::probe() {
    auto said = empty_error();
    return noted(static_cast<arb_probe const*>(sink_->extension(ARB_PROBE))->probe(self_, &said), said);
}

}  // namespace arb::test
