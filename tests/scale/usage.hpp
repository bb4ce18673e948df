// What a process of this machine uses, out of /proc.
//
// Thread safety: free functions without state.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace arb::scale {

// The most bytes that ever were resident; 0 if there is no such process.
std::int64_t resident_bytes_max(pid_t pid);
// Seconds of processor time so far, its own and the kernel's for it.
double processor_seconds(pid_t pid);
// Files it has open: its connections among them.
int open_files(pid_t pid);

}  // namespace arb::scale
