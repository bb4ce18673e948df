#include "support/postgres.hpp"

#include <fcntl.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace arb::test {
namespace {

using namespace std::chrono_literals;

constexpr auto start_max = 30s;
constexpr auto stop_max = 30s;
constexpr auto look_every = 20ms;

// Debian keeps the server's programs apart by version; the newest one counts.
std::filesystem::path programs() {
    std::filesystem::path newest;
    int version = 0;
    std::error_code error;
    for (auto const& each : std::filesystem::directory_iterator{"/usr/lib/postgresql", error}) {
        auto const number = std::atoi(each.path().filename().c_str());
        if (number > version && std::filesystem::exists(each.path() / "bin" / "initdb")) {
            version = number;
            newest = each.path() / "bin";
        }
    }
    if (version != 0) return newest;
    return std::filesystem::exists("/usr/bin/initdb") ? "/usr/bin" : "";
}

passwd const* server_user() { return ::geteuid() == 0 ? ::getpwnam("postgres") : nullptr; }

// In the child: becomes the server's user and runs the command, its output going to `log`.
[[noreturn]] void become(std::vector<std::string> const& command, std::string const& log) {
    if (auto const* const user = server_user())
        if (::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0) ::_exit(126);
    ::prctl(PR_SET_PDEATHSIG, SIGINT);  // a test that is killed leaves no server behind
    auto const file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    auto const nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (file < 0 || nothing < 0) ::_exit(126);
    ::dup2(nothing, 0);
    ::dup2(file, 1);
    ::dup2(file, 2);
    ::unsetenv("PGOPTIONS");
    std::vector<char*> arguments;
    for (auto const& each : command) arguments.push_back(const_cast<char*>(each.c_str()));
    arguments.push_back(nullptr);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
}

using Answer = std::unique_ptr<PGresult, decltype(&PQclear)>;

}  // namespace

bool PostgresCluster::installed() {
    return !programs().empty() && (::geteuid() != 0 || server_user() != nullptr);
}

PostgresCluster::PostgresCluster(std::vector<std::string> settings) : settings_{std::move(settings)} {
    char path[] = "/tmp/arbitrage_pg_XXXXXX";
    if (::mkdtemp(path) == nullptr) throw std::runtime_error{"no temporary directory for PostgreSQL"};
    directory_ = path;
    give(directory_);
    auto const data = directory_ + "/data";
    if (run({(programs() / "initdb").string(), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
             "--locale=C", "--no-sync"}) != 0)
        throw std::runtime_error{"initdb failed: " + log_end()};
    start();
}

PostgresCluster::~PostgresCluster() {
    try {
        stop(true);
    } catch (std::exception const&) {
        // It was killed already, then.
    }
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
}

int PostgresCluster::run(std::vector<std::string> const& command) const {
    auto const child = ::fork();
    if (child == 0) become(command, directory_ + "/log");
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string PostgresCluster::log_end() const {
    std::ifstream file{directory_ + "/log"};
    std::stringstream text;
    text << file.rdbuf();
    auto const all = text.str();
    return all.substr(all.size() > 2000 ? all.size() - 2000 : 0);
}

void PostgresCluster::launch() {
    std::vector<std::string> command{(programs() / "postgres").string(), "-D", directory_ + "/data", "-k",
                                     directory_};
    std::vector<std::string> settings{"listen_addresses=",  "fsync=on",         "shared_buffers=128MB",
                                      "max_connections=40", "max_wal_size=2GB", "log_min_messages=warning"};
    settings.insert(settings.end(), settings_.begin(), settings_.end());
    for (auto const& each : settings) command.insert(command.end(), {"-c", each});
    pid_ = ::fork();
    if (pid_ == 0) become(command, directory_ + "/log");
}

// A server that finds children of a killed one still there gives up at once; then it is tried again.
void PostgresCluster::start() {
    if (pid_ > 0) return;
    launch();
    auto const end = std::chrono::steady_clock::now() + start_max;
    while (PQping(url("postgres").c_str()) != PQPING_OK) {
        if (std::chrono::steady_clock::now() > end)
            throw std::runtime_error{"PostgreSQL did not start: " + log_end()};
        std::this_thread::sleep_for(look_every);
        if (::waitpid(pid_, nullptr, WNOHANG) == pid_) launch();
    }
}

void PostgresCluster::kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
}

void PostgresCluster::give(std::string const& path) {
    if (auto const* const user = server_user())
        if (::chown(path.c_str(), user->pw_uid, user->pw_gid) != 0)
            throw std::runtime_error{"chown of " + path};
}

std::string PostgresCluster::keep_file(std::string const& name, std::string const& text) const {
    auto const path = directory_ + "/" + name;
    std::ofstream{path} << text;
    std::filesystem::permissions(path,
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    give(path);
    return path;
}

void PostgresCluster::let_in(std::string const& rules) const {
    keep_file("data/pg_hba.conf", rules + "local all all trust\nhost all all 127.0.0.1/32 trust\n");
    query("postgres", "SELECT pg_reload_conf()");
}

void PostgresCluster::stop(bool immediate) {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGCONT);
    ::kill(pid_, immediate ? SIGQUIT : SIGINT);
    auto const end = std::chrono::steady_clock::now() + stop_max;
    while (::waitpid(pid_, nullptr, WNOHANG) == 0) {
        if (std::chrono::steady_clock::now() > end) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
            break;
        }
        std::this_thread::sleep_for(look_every);
    }
    pid_ = -1;
}

void PostgresCluster::create_database(std::string const& name) {
    query("postgres", "DROP DATABASE IF EXISTS \"" + name + "\" WITH (FORCE)");
    query("postgres", "CREATE DATABASE \"" + name + "\"");
}

std::string PostgresCluster::url(std::string const& database) const {
    std::string port;
    for (auto const& each : settings_)
        if (each.starts_with("port=")) port = "&" + each;
    return "postgresql:///" + database + "?host=" + directory_ + "&user=postgres" + port;
}

std::vector<TextRow> PostgresCluster::query(std::string const& database,
                                            std::string const& statements) const {
    return PostgresSession{url(database)}.query(statements);
}

PostgresSession::PostgresSession(std::string const& url) : connection_{PQconnectdb(url.c_str())} {
    PQsetNoticeProcessor(
        connection_, [](void*, char const*) {}, nullptr);
    Answer const zone{PQexec(connection_, "SET timezone = 'UTC'"), &PQclear};
}

PostgresSession::~PostgresSession() { PQfinish(connection_); }

bool PostgresSession::good() const { return PQstatus(connection_) == CONNECTION_OK; }

std::vector<TextRow> PostgresSession::query(std::string const& statements) {
    Answer const answer{PQexec(connection_, statements.c_str()), &PQclear};
    auto const status = PQresultStatus(answer.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        throw std::runtime_error{statements + ": " + PQerrorMessage(connection_)};
    std::vector<TextRow> rows;
    for (int row = 0; row != PQntuples(answer.get()); ++row) {
        auto& values = rows.emplace_back();
        for (int i = 0; i != PQnfields(answer.get()); ++i) {
            if (PQgetisnull(answer.get(), row, i) != 0)
                values.emplace_back();
            else
                values.emplace_back(std::string{PQgetvalue(answer.get(), row, i),
                                                static_cast<std::size_t>(PQgetlength(answer.get(), row, i))});
        }
    }
    return rows;
}

}  // namespace arb::test
