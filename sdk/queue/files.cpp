#include "queue/files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

namespace arb::queue {

namespace {

// The most parts one pwritev takes (IOV_MAX on Linux).
constexpr std::size_t parts_max = 1024;

int code(int result) { return result < 0 ? -errno : result; }

class SystemFiles final : public Files {
  public:
    int open(std::string const& path, Mode mode) override {
        int const flags = mode == Mode::read ? O_RDONLY : mode == Mode::write ? O_RDWR : O_RDWR | O_CREAT;
        return code(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600));
    }
    void close(int descriptor) override { ::close(descriptor); }
    int lock(std::string const& path) override {
        int const descriptor = open(path, Mode::create);
        if (descriptor < 0 || ::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return descriptor;
        int const error = -errno;
        ::close(descriptor);
        return error;
    }

    std::int64_t write(int descriptor, std::span<iovec const> parts, std::uint64_t offset) override {
        auto const at = static_cast<off_t>(offset);
        auto const done = parts.size() == 1
                              ? ::pwrite(descriptor, parts[0].iov_base, parts[0].iov_len, at)
                              : ::pwritev(descriptor, parts.data(),
                                          static_cast<int>(std::min(parts.size(), parts_max)), at);
        return done < 0 ? -errno : done;
    }
    std::int64_t read(int descriptor, std::span<std::byte> into, std::uint64_t offset) override {
        auto const done = ::pread(descriptor, into.data(), into.size(), static_cast<off_t>(offset));
        return done < 0 ? -errno : done;
    }
    int sync(int descriptor) override { return code(::fdatasync(descriptor)); }
    int allocate(int descriptor, std::uint64_t size) override {
        return -::posix_fallocate(descriptor, 0, static_cast<off_t>(size));
    }
    int truncate(int descriptor, std::uint64_t size) override {
        return code(::ftruncate(descriptor, static_cast<off_t>(size)));
    }
    std::int64_t size(int descriptor) override {
        struct stat status {};
        return ::fstat(descriptor, &status) < 0 ? -errno : status.st_size;
    }

    int rename(std::string const& from, std::string const& to) override {
        return code(::rename(from.c_str(), to.c_str()));
    }
    int remove(std::string const& path) override { return code(::unlink(path.c_str())); }
    int make_directory(std::string const& path) override {
        std::error_code error;
        std::filesystem::create_directories(std::filesystem::path{path}.parent_path(), error);
        return ::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST ? 0 : -errno;
    }
    int sync_directory(std::string const& path) override {
        int const descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (descriptor < 0) return -errno;
        int const result = code(::fsync(descriptor));
        ::close(descriptor);
        return result;
    }
    int list(std::string const& path, std::vector<std::string>& names) override {
        std::unique_ptr<DIR, int (*)(DIR*)> const directory{::opendir(path.c_str()), ::closedir};
        if (!directory) return -errno;
        while (auto const* const entry = ::readdir(directory.get()))
            if (std::string_view const name{entry->d_name}; name != "." && name != "..")
                names.emplace_back(name);
        std::sort(names.begin(), names.end());
        return 0;
    }
    std::int64_t free_space(std::string const& path) override {
        struct statvfs status {};
        if (::statvfs(path.c_str(), &status) < 0) return -errno;
        return static_cast<std::int64_t>(status.f_bavail * status.f_frsize);
    }
};

}  // namespace

Files& system_files() {
    static SystemFiles files;
    return files;
}

File& File::operator=(File&& other) noexcept {
    if (this != &other) {
        reset();
        files_ = other.files_;
        descriptor_ = other.release();
    }
    return *this;
}

void File::reset() {
    if (descriptor_ >= 0) files_->close(descriptor_);
    descriptor_ = -1;
}

int File::release() { return std::exchange(descriptor_, -1); }

int write_fully(Files& files, int descriptor, std::span<iovec> parts, std::uint64_t offset) {
    while (!parts.empty()) {
        auto const done = files.write(descriptor, parts, offset);
        if (done == -EINTR) continue;
        if (done < 0) return static_cast<int>(done);
        if (done == 0) return -EIO;  // no progress and no reason: do not spin
        offset += static_cast<std::uint64_t>(done);
        auto left = static_cast<std::size_t>(done);
        while (!parts.empty() && left >= parts.front().iov_len) {
            left -= parts.front().iov_len;
            parts = parts.subspan(1);
        }
        if (left != 0) {
            parts.front().iov_base = static_cast<std::byte*>(parts.front().iov_base) + left;
            parts.front().iov_len -= left;
        }
    }
    return 0;
}

int write_fully(Files& files, int descriptor, std::span<std::byte const> bytes, std::uint64_t offset) {
    iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
    return write_fully(files, descriptor, std::span{&part, 1}, offset);
}

std::int64_t read_fully(Files& files, int descriptor, std::span<std::byte> into, std::uint64_t offset) {
    std::size_t have = 0;
    while (have != into.size()) {
        auto const done = files.read(descriptor, into.subspan(have), offset + have);
        if (done == -EINTR) continue;
        if (done < 0) return done;
        if (done == 0) break;
        have += static_cast<std::size_t>(done);
    }
    return static_cast<std::int64_t>(have);
}

std::string describe_errno(std::int64_t negative_errno) {
    return std::generic_category().message(static_cast<int>(-negative_errno));
}

bool out_of_space(std::int64_t negative_errno) {
    return negative_errno == -ENOSPC || negative_errno == -EDQUOT || negative_errno == -EFBIG;
}

}  // namespace arb::queue
