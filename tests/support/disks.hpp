// Small file systems of a test's own, mounted where only this process and its children see them: one in
// memory, to be filled; one on a loop device, whose power can be cut. Both need root.
//
// Thread safety: none. Each is unmounted when its object goes.
#pragma once

#include <cstdint>
#include <filesystem>

namespace arb::test {

// The rest of the system does not see this process's mounts from now on. False where that is not allowed.
bool own_mounts();

// A tmpfs.
class MemoryDisk {
  public:
    // `path` is an existing directory; `size` as mount(8) takes it, such as "64m".
    MemoryDisk(std::filesystem::path const& path, char const* size);
    MemoryDisk(MemoryDisk const&) = delete;
    MemoryDisk& operator=(MemoryDisk const&) = delete;
    ~MemoryDisk();
    bool mounted() const { return mounted_; }
    std::filesystem::path const& path() const { return path_; }

  private:
    std::filesystem::path const path_;
    bool const mounted_;
};

// An ext4 file system in a file below `directory`. The loop device goes by itself with the last mount of it.
class LoopDisk {
  public:
    LoopDisk(std::filesystem::path const& directory, std::uint64_t size);
    LoopDisk(LoopDisk const&) = delete;
    LoopDisk& operator=(LoopDisk const&) = delete;
    ~LoopDisk();

    // False without root, loop devices or mkfs.ext4.
    bool make();
    bool mount();
    bool unmount();
    // Stops the file system as a power cut does: nothing more reaches the device, not even the file system's
    // own journal. Unmount and mount it to have what was durable.
    bool cut_power();
    std::filesystem::path const& path() const { return mount_; }

  private:
    std::filesystem::path const image_, mount_;
    std::uint64_t const size_;
};

}  // namespace arb::test
