// A PostgreSQL cluster of the test's own: made in a temporary directory, reachable through a Unix socket in
// it, with fsync on as in earnest, gone at the end. As root it runs as user postgres, because initdb refuses
// root.
//
// Thread safety: none.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace arb::test {

// What a query gave, as text; absent is NULL.
using TextRow = std::vector<std::optional<std::string>>;

class PostgresCluster {
  public:
    // Whether the server's programs are installed. Tests are skipped with a word where they are not.
    static bool installed();

    // Makes and starts it. Throws std::runtime_error with the end of the server's log.
    PostgresCluster();
    ~PostgresCluster();
    PostgresCluster(PostgresCluster const&) = delete;
    PostgresCluster& operator=(PostgresCluster const&) = delete;

    void start();
    // Fast: connections are ended, the server writes a checkpoint. Immediate: as if it had crashed.
    void stop(bool immediate = false);
    pid_t pid() const { return pid_; }

    // An empty database of that name, made anew.
    void create_database(std::string const& name);
    std::string url(std::string const& database) const;
    std::string const& directory() const { return directory_; }

    // Runs statements in a connection of its own; the rows of the last.
    std::vector<TextRow> query(std::string const& database, std::string const& statements) const;

  private:
    int run(std::vector<std::string> const& command) const;
    std::string log_end() const;

    std::string directory_;
    pid_t pid_ = -1;
};

}  // namespace arb::test
