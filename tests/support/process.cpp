#include "support/process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <thread>

#include "support/temporary_directory.hpp"

extern char** environ;

namespace arb::test {
namespace {

constexpr auto look_every = 10ms;

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (auto& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

std::vector<std::string> merged(std::map<std::string, std::string> const& added) {
    std::vector<std::string> out;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        std::string const text{*entry};
        if (!added.contains(text.substr(0, text.find('=')))) out.push_back(text);
    }
    for (auto const& [name, value] : added) out.push_back(name + '=' + value);
    return out;
}

int file_for_writing(std::filesystem::path const& file) {
    int const descriptor = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (descriptor < 0) throw std::runtime_error("cannot write " + file.string());
    return descriptor;
}

}  // namespace

bool eventually(std::chrono::milliseconds within, std::function<bool()> const& condition) {
    auto const end = std::chrono::steady_clock::now() + within;
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= end) return condition();
        std::this_thread::sleep_for(look_every);
    }
    return true;
}

Process::Process(Command const& command, std::filesystem::path const& output)
    : out_{output.string() + ".out"}, err_{output.string() + ".err"} {
    auto words = command.words;
    auto environment = merged(command.environment);
    auto const argv = pointers(words);
    auto const envp = pointers(environment);
    if (access(words.at(0).c_str(), X_OK) != 0)
        throw std::runtime_error(words[0] + ": " + std::strerror(errno));
    int const out = file_for_writing(out_), err = file_for_writing(err_);
    auto const parent = getpid();
    pid_ = fork();
    if (pid_ == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(127);
        dup2(out, STDOUT_FILENO);
        dup2(err, STDERR_FILENO);
        int const nothing = open("/dev/null", O_RDONLY);
        dup2(nothing, STDIN_FILENO);
        if (!command.directory.empty() && chdir(command.directory.c_str()) != 0) _exit(127);
        execve(argv[0], argv.data(), envp.data());
        _exit(127);
    }
    close(out);
    close(err);
    if (pid_ < 0) throw std::runtime_error("cannot fork");
}

Process::~Process() {
    if (!running()) return;
    signal(SIGKILL);
    reap(true);
}

bool Process::reap(bool block) {
    if (code_) return true;
    int status = 0;
    if (waitpid(pid_, &status, block ? 0 : WNOHANG) != pid_) return false;
    code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return true;
}

bool Process::running() { return !reap(false); }

void Process::signal(int number) {
    if (running()) kill(pid_, number);
}

std::optional<int> Process::wait(std::chrono::milliseconds within) {
    eventually(within, [this] { return !running(); });
    return code_;
}

std::string Process::output() const { return read_file(out_); }
std::string Process::errors() const { return read_file(err_); }

Finished run(Command const& command, std::chrono::milliseconds within) {
    TemporaryDirectory const directory;
    Process process{command, directory.path() / "process"};
    auto const code = process.wait(within);
    return {code.value_or(-1), process.output(), process.errors()};
}

}  // namespace arb::test
