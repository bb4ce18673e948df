// A disk of a few MiB, for what happens when one is full or cannot be written: a tmpfs that only this process
// and its children see, gone with them.
//
// Thread safety: none; `possible` must be asked before the first thread and the first child are made.
#pragma once

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>
#include <string>

#include "support/temporary_directory.hpp"

namespace arb::test {

class SmallDisk {
  public:
    // Whether this process may mount. Where it may not, tests are skipped with a word.
    static bool possible() {
        static bool const made =
            ::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
        return made;
    }

    explicit SmallDisk(std::string const& size) : options_{"mode=0777,size=" + size} { mount(0); }
    ~SmallDisk() { ::umount2(path().c_str(), MNT_DETACH); }
    SmallDisk(SmallDisk const&) = delete;
    SmallDisk& operator=(SmallDisk const&) = delete;

    std::string path() const { return directory_.path().string(); }
    std::string operator/(std::string const& name) const { return directory_ / name; }

    // Uses up all that is left.
    void fill() const {
        std::ofstream file{*this / "filler", std::ios::binary};
        std::string const piece(4096, 'x');
        while (file.write(piece.data(), static_cast<std::streamsize>(piece.size())).flush()) {}
    }
    void free() const { std::filesystem::remove(*this / "filler"); }
    void read_only(bool yes) { mount(yes ? MS_REMOUNT | MS_RDONLY : MS_REMOUNT); }

  private:
    void mount(int flags) const {
        if (!possible() || ::mount("tmpfs", path().c_str(), "tmpfs", static_cast<unsigned long>(flags),
                                   options_.c_str()) != 0)
            throw std::runtime_error{"no tmpfs could be mounted"};
    }

    TemporaryDirectory directory_;
    std::string const options_;
};

}  // namespace arb::test
