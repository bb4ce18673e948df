#include "support/disks.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace arb::test {

namespace {

// From <linux/ext4.h>, which user space does not get.
constexpr unsigned long fs_ioc_shutdown = _IOR('X', 125, std::uint32_t);
constexpr std::uint32_t without_flush = 2;

constexpr int loop_attempts = 20;  // another process may be quicker with the device that is free now

class Descriptor {
  public:
    Descriptor(std::string const& path, int flags) : number_{::open(path.c_str(), flags | O_CLOEXEC, 0600)} {}
    Descriptor(Descriptor const&) = delete;
    Descriptor& operator=(Descriptor const&) = delete;
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    explicit operator bool() const { return number_ >= 0; }
    int operator*() const { return number_; }

  private:
    int const number_;
};

bool run(std::vector<std::string> const& words) {
    std::vector<char*> arguments;
    for (auto const& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    auto const child = ::fork();
    if (child == 0) {
        ::execvp(arguments[0], arguments.data());
        ::_exit(127);
    }
    int status = -1;
    return ::waitpid(child, &status, 0) == child && status == 0;
}

}  // namespace

bool own_mounts() {
    static bool const allowed = ::geteuid() == 0 && ::unshare(CLONE_NEWNS) == 0 &&
                                ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    return allowed;
}

MemoryDisk::MemoryDisk(std::filesystem::path const& path, char const* size)
    : path_{path},
      mounted_{own_mounts() && ::mount("none", path.c_str(), "tmpfs", MS_NOSUID | MS_NODEV,
                                       (std::string{"mode=0700,size="} + size).c_str()) == 0} {}

MemoryDisk::~MemoryDisk() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
}

LoopDisk::LoopDisk(std::filesystem::path const& directory, std::uint64_t size)
    : image_{directory / "image"}, mount_{directory / "mount"}, size_{size} {
    std::filesystem::create_directory(mount_);
}

LoopDisk::~LoopDisk() { ::umount2(mount_.c_str(), MNT_DETACH); }

bool LoopDisk::make() {
    if (!own_mounts()) return false;
    {
        Descriptor const file{image_, O_RDWR | O_CREAT};
        if (!file || ::ftruncate(*file, static_cast<off_t>(size_)) != 0) return false;
    }
    return run({"mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", image_.string()}) &&
           mount();
}

bool LoopDisk::mount() {
    Descriptor const control{"/dev/loop-control", O_RDWR}, image{image_, O_RDWR};
    if (!control || !image) return false;
    for (int attempt = 0; attempt != loop_attempts; ++attempt) {
        int const number = ::ioctl(*control, LOOP_CTL_GET_FREE);
        if (number < 0) return false;
        auto const name = "/dev/loop" + std::to_string(number);
        Descriptor const device{name, O_RDWR};
        if (!device) return false;
        loop_config config{};
        config.fd = static_cast<std::uint32_t>(*image);
        config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
        if (::ioctl(*device, LOOP_CONFIGURE, &config) != 0) continue;
        return ::mount(name.c_str(), mount_.c_str(), "ext4", 0, nullptr) == 0;
    }
    return false;
}

bool LoopDisk::unmount() { return ::umount2(mount_.c_str(), 0) == 0; }

bool LoopDisk::cut_power() {
    Descriptor const directory{mount_, O_RDONLY | O_DIRECTORY};
    auto how = without_flush;
    return directory && ::ioctl(*directory, fs_ioc_shutdown, &how) == 0;
}

}  // namespace arb::test
