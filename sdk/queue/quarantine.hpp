// Where damaged bytes are kept, for people and for another try: a file for each place, named after it, so
// that a start that is repeated makes it once.
#pragma once

#include <filesystem>

#include "queue/scanner.hpp"

namespace arb::queue {

class Quarantine {
  public:
    Quarantine(Files& files, std::filesystem::path const& queue);

    // nothing: zeros, which are not kept. there: a start before this one did it.
    enum class Kept { copied, nothing, there, failed };
    Kept keep(Scanner const& scanner, std::uint64_t from, std::uint64_t to) const;
    std::string const& directory() const { return directory_; }

  private:
    bool copy(Scanner const& scanner, std::uint64_t from, std::uint64_t to, std::string const& name) const;

    Files& files_;
    std::string const directory_;
    std::string const ballast_;  // given up if the disk is full
};

}  // namespace arb::queue
