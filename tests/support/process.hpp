// Child processes of tests: started, watched with deadlines, and never left behind.
//
// Thread safety: none. A child dies with the test, even if that is killed.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace arb::test {

using namespace std::chrono_literals;

// Asks again and again until `condition` holds or the time is over; what it said last.
bool eventually(std::chrono::milliseconds within, std::function<bool()> const& condition);

struct Command {
    std::vector<std::string> words;                       // the program's path first
    std::map<std::string, std::string> environment = {};  // added to the test's own
    std::string directory = {};                           // to run in; empty: the test's
};

struct Finished {
    int code = -1;  // of exit; 128 + N after signal N; -1: the deadline came first and it was killed
    std::string out, errors;
};

class Process {
  public:
    // Output goes to `output`.out and `output`.err. Throws std::runtime_error if the program cannot be
    // started.
    Process(Command const& command, std::filesystem::path const& output);
    Process(Process const&) = delete;
    Process& operator=(Process const&) = delete;
    ~Process();  // kills it

    pid_t pid() const { return pid_; }
    bool running();
    void signal(int number);
    // The exit code as in Finished; nothing if it still runs when the time is over.
    std::optional<int> wait(std::chrono::milliseconds within);
    std::string output() const;
    std::string errors() const;

  private:
    bool reap(bool block);
    pid_t pid_ = 0;
    std::optional<int> code_;
    std::filesystem::path out_, err_;
};

// Runs to the end.
Finished run(Command const& command, std::chrono::milliseconds within = 30s);

}  // namespace arb::test
