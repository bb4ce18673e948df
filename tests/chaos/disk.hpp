// A small file system of a test's own, to be filled: a tmpfs that is unmounted at the end.
#pragma once

#include <sys/mount.h>

#include <memory>
#include <optional>
#include <string>

#include "support/temporary_directory.hpp"

namespace arb::chaos {

class SmallDisk {
  public:
    // Nothing where mounting is not allowed.
    static std::optional<SmallDisk> make() {
        auto directory = std::make_unique<test::TemporaryDirectory>();
        // The queue leaves 512 MiB to everybody else and takes 64 MiB at a time.
        if (::mount("tmpfs", directory->path().c_str(), "tmpfs", MS_NOSUID | MS_NODEV,
                    "size=900m,mode=0700") != 0)
            return {};
        return SmallDisk{std::move(directory)};
    }
    SmallDisk(SmallDisk&&) = default;
    ~SmallDisk() {
        if (directory_) ::umount2(directory_->path().c_str(), MNT_DETACH);
    }
    std::string folder() const { return directory_->path().string(); }

  private:
    explicit SmallDisk(std::unique_ptr<test::TemporaryDirectory> directory)
        : directory_{std::move(directory)} {}
    std::unique_ptr<test::TemporaryDirectory> directory_;
};

}  // namespace arb::chaos
