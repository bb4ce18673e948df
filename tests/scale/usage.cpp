#include "scale/usage.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace arb::scale {
namespace {

std::string read(pid_t pid, char const* name) {
    std::ifstream in{"/proc/" + std::to_string(pid) + "/" + name};
    return {std::istreambuf_iterator<char>{in}, {}};
}

}  // namespace

std::int64_t resident_bytes_max(pid_t pid) {
    // "VmHWM:   12345 kB"
    auto const text = read(pid, "status");
    auto const at = text.find("VmHWM:");
    return at == std::string::npos ? 0 : std::strtoll(text.c_str() + at + 6, nullptr, 10) * 1024;
}

double processor_seconds(pid_t pid) {
    auto const text = read(pid, "stat");
    // The name in parentheses may hold anything; user and system time are the 12th and 13th field after it.
    auto const end = text.rfind(')');
    if (end == std::string::npos) return 0;
    std::istringstream fields{text.substr(end + 1)};
    std::string skipped;
    for (int n = 0; n != 11; ++n) fields >> skipped;
    double user = 0, system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

int open_files(pid_t pid) {
    std::error_code error;
    std::filesystem::directory_iterator const all{"/proc/" + std::to_string(pid) + "/fd", error};
    return error ? 0 : static_cast<int>(std::distance(begin(all), end(all)));
}

}  // namespace arb::scale
