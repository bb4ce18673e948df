// What the queue asks of the operating system. Tests put another implementation in its place to run out of
// space, to fail, to write only a part, or to lose what was not synced.
//
// Every function returns a negative errno on failure. Thread safety: all from any thread. Descriptors are
// owned by the caller (File). Offsets and sizes are bytes.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace arb::queue {

class Files {
  public:
    virtual ~Files() = default;

    enum class Mode {
        read,
        write,
        create
    };  // create: for reading and writing, made with mode 0600 if it is missing

    virtual int open(std::string const& path, Mode mode) = 0;
    virtual void close(int descriptor) = 0;
    // Opens (and makes) the file and takes its lock for the life of the descriptor; -EWOULDBLOCK if another
    // has it.
    virtual int lock(std::string const& path) = 0;

    // As pwritev and pread: may do less than asked.
    virtual std::int64_t write(int descriptor, std::span<iovec const> parts, std::uint64_t offset) = 0;
    virtual std::int64_t read(int descriptor, std::span<std::byte> into, std::uint64_t offset) = 0;
    virtual int sync(int descriptor) = 0;
    virtual int allocate(int descriptor, std::uint64_t size) = 0;
    virtual int truncate(int descriptor, std::uint64_t size) = 0;
    virtual std::int64_t size(int descriptor) = 0;

    virtual int rename(std::string const& from, std::string const& to) = 0;
    virtual int remove(std::string const& path) = 0;
    virtual int make_directory(std::string const& path) = 0;  // mode 0700; 0 if it is there already
    virtual int sync_directory(std::string const& path) = 0;
    virtual int list(std::string const& path, std::vector<std::string>& names) = 0;
    virtual std::int64_t free_space(std::string const& path) = 0;
};

Files& system_files();

// An open file, closed when it goes.
class File {
  public:
    File() = default;
    File(Files& files, int descriptor) : files_{&files}, descriptor_{descriptor} {}
    File(File&& other) noexcept : files_{other.files_}, descriptor_{other.release()} {}
    File& operator=(File&& other) noexcept;
    ~File() { reset(); }

    explicit operator bool() const { return descriptor_ >= 0; }
    int descriptor() const { return descriptor_; }
    void reset();

  private:
    int release();
    Files* files_ = nullptr;
    int descriptor_ = -1;
};

// Write everything or fail, whatever the number of calls it takes: 0 or a negative errno. `parts` is used up.
int write_fully(Files& files, int descriptor, std::span<iovec> parts, std::uint64_t offset);
int write_fully(Files& files, int descriptor, std::span<std::byte const> bytes, std::uint64_t offset);

// Reads until `into` is full or the file ends: bytes read or a negative errno.
std::int64_t read_fully(Files& files, int descriptor, std::span<std::byte> into, std::uint64_t offset);

// "No space left on device" for -ENOSPC.
std::string describe_errno(std::int64_t negative_errno);

// Whether more space, not another disk, is what is missing.
bool out_of_space(std::int64_t negative_errno);

}  // namespace arb::queue
