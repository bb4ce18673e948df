// A PostgreSQL cluster of the test's own: made in a temporary directory, reachable through a Unix socket in
// it, with fsync on as in earnest unless a test says otherwise, gone at the end. As root it runs as user
// postgres, because initdb refuses root.
//
// Thread safety: none.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

struct pg_conn;  // libpq's connection

namespace arb::test {

// What a query gave, as text; absent is NULL.
using TextRow = std::vector<std::optional<std::string>>;

// A connection that stays, for what a test holds open: transactions, locks.
//
// Thread safety: none.
class PostgresSession {
  public:
    explicit PostgresSession(std::string const& url);
    ~PostgresSession();
    PostgresSession(PostgresSession const&) = delete;
    PostgresSession& operator=(PostgresSession const&) = delete;

    // Whether the server let it in.
    bool good() const;
    // Runs statements; the rows of the last. Throws std::runtime_error with what the server said.
    std::vector<TextRow> query(std::string const& statements);

  private:
    pg_conn* const connection_;
};

class PostgresCluster {
  public:
    // Whether the server's programs are installed. Tests are skipped with a word where they are not.
    static bool installed();

    // Makes and starts it, with settings ("name=value") added to its own. Throws std::runtime_error with the
    // end of the server's log.
    explicit PostgresCluster(std::vector<std::string> settings = {});
    ~PostgresCluster();
    PostgresCluster(PostgresCluster const&) = delete;
    PostgresCluster& operator=(PostgresCluster const&) = delete;

    void start();
    // Fast: connections are ended, the server writes a checkpoint. Immediate: as if it had crashed.
    void stop(bool immediate = false);
    // Kills the server itself, which leaves its children to notice.
    void kill();
    pid_t pid() const { return pid_; }

    // An empty database of that name, made anew.
    void create_database(std::string const& name);
    std::string url(std::string const& database) const;
    std::string const& directory() const { return directory_; }
    // A file in the directory that is the server's and nobody else's; its path.
    std::string keep_file(std::string const& name, std::string const& text) const;
    // Makes a directory or file the server's.
    static void give(std::string const& path);
    // Lines that go before the server's own rules of who may come in, from now on.
    void let_in(std::string const& rules) const;

    // Runs statements in a connection of its own; the rows of the last.
    std::vector<TextRow> query(std::string const& database, std::string const& statements) const;

  private:
    int run(std::vector<std::string> const& command) const;
    void launch();
    std::string log_end() const;

    std::vector<std::string> const settings_;
    std::string directory_;
    pid_t pid_ = -1;
};

}  // namespace arb::test
