// A file system in memory that can run out of space, fail, write only a part, and lose what was not synced.
#pragma once

#include <cerrno>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>

#include "queue/files.hpp"

namespace arb::queue {

class MemoryFiles final : public Files {
  public:
    struct Node {
        std::vector<std::byte> data;
        std::vector<std::byte> durable;
        std::set<std::size_t> given_up;  // sectors a failed sync called clean: only a new write saves them
    };
    using Names = std::map<std::string, std::shared_ptr<Node>>;

    enum class Call { open, write, read, sync, allocate, rename, remove, sync_directory };
    // Asked before every call: 0, or the negative errno it fails with.
    std::function<int(Call, std::string const& path)> fault;
    std::uint64_t capacity = 1 << 30;
    std::size_t write_max = SIZE_MAX;  // bytes one call writes at most

    int open(std::string const& path, Mode mode) override {
        std::scoped_lock const lock{mutex_};
        if (int const error = ask(Call::open, path); error < 0) return error;
        auto const found = names.find(path);
        if (found == names.end() && mode != Mode::create) return -ENOENT;
        auto& node = names[path];
        if (!node) node = std::make_shared<Node>();
        open_[++newest_] = {node, path, false};
        return newest_;
    }
    void close(int descriptor) override {
        std::scoped_lock const lock{mutex_};
        auto const at = open_.find(descriptor);
        if (at == open_.end()) return;
        if (at->second.locks) locked_.erase(at->second.path);
        open_.erase(at);
    }
    int lock(std::string const& path) override {
        int const descriptor = open(path, Mode::create);
        std::scoped_lock const lock{mutex_};
        if (!locked_.insert(path).second) {
            open_.erase(descriptor);
            return -EWOULDBLOCK;
        }
        open_[descriptor].locks = true;
        return descriptor;
    }
    std::int64_t write(int descriptor, std::span<iovec const> parts, std::uint64_t offset) override {
        std::scoped_lock const lock{mutex_};
        auto& file = open_.at(descriptor);
        if (int const error = ask(Call::write, file.path); error < 0) return error;
        std::size_t done = 0;
        for (auto const& part : parts) {
            auto const size = std::min(part.iov_len, write_max - done);
            if (size == 0) break;
            auto& data = file.node->data;
            if (data.size() < offset + size) data.resize(offset + size);
            std::memcpy(data.data() + offset, part.iov_base, size);
            auto& given_up = file.node->given_up;
            given_up.erase(given_up.lower_bound(offset / sector),
                           given_up.upper_bound((offset + size - 1) / sector));
            offset += size;
            done += size;
        }
        return static_cast<std::int64_t>(done);
    }
    std::int64_t read(int descriptor, std::span<std::byte> into, std::uint64_t offset) override {
        std::scoped_lock const lock{mutex_};
        auto const& file = open_.at(descriptor);
        if (int const error = ask(Call::read, file.path); error < 0) return error;
        auto const& data = file.node->data;
        if (offset >= data.size()) return 0;
        auto const size = std::min<std::size_t>(into.size(), data.size() - offset);
        std::memcpy(into.data(), data.data() + offset, size);
        return static_cast<std::int64_t>(size);
    }
    int sync(int descriptor) override {
        std::scoped_lock const lock{mutex_};
        auto const& file = open_.at(descriptor);
        auto& node = *file.node;
        int const error = ask(Call::sync, file.path);
        if (error < 0 && error != -EINTR) give_up_dirty(node);
        if (error < 0) return error;
        auto const before = node.given_up.empty() ? std::vector<std::byte>{} : node.durable;
        node.durable = node.data;
        for (auto const at : node.given_up)
            for (auto i = at * sector; i < std::min((at + 1) * sector, node.durable.size()); ++i)
                node.durable[i] = i < before.size() ? before[i] : std::byte{0};
        return 0;
    }
    int allocate(int descriptor, std::uint64_t size) override {
        std::scoped_lock const lock{mutex_};
        auto const& file = open_.at(descriptor);
        if (int const error = ask(Call::allocate, file.path); error < 0) return error;
        if (used() - file.node->data.size() + size > capacity) return -ENOSPC;
        if (file.node->data.size() < size) file.node->data.resize(size);
        return 0;
    }
    int truncate(int descriptor, std::uint64_t size) override {
        std::scoped_lock const lock{mutex_};
        open_.at(descriptor).node->data.resize(size);
        return 0;
    }
    std::int64_t size(int descriptor) override {
        std::scoped_lock const lock{mutex_};
        return static_cast<std::int64_t>(open_.at(descriptor).node->data.size());
    }
    int rename(std::string const& from, std::string const& to) override {
        std::scoped_lock const lock{mutex_};
        if (int const error = ask(Call::rename, from); error < 0) return error;
        auto const found = names.find(from);
        if (found == names.end()) return -ENOENT;
        names[to] = found->second;
        names.erase(from);
        return 0;
    }
    int remove(std::string const& path) override {
        std::scoped_lock const lock{mutex_};
        if (int const error = ask(Call::remove, path); error < 0) return error;
        return names.erase(path) == 1 ? 0 : -ENOENT;
    }
    int make_directory(std::string const&) override { return 0; }
    int sync_directory(std::string const& path) override {
        std::scoped_lock const lock{mutex_};
        if (int const error = ask(Call::sync_directory, path); error < 0) return error;
        durable_names = names;
        return 0;
    }
    int list(std::string const& path, std::vector<std::string>& out) override {
        std::scoped_lock const lock{mutex_};
        for (auto const& [name, node] : names)
            if (name.starts_with(path + "/")) out.push_back(name.substr(path.size() + 1));
        return 0;
    }
    std::int64_t free_space(std::string const&) override {
        std::scoped_lock const lock{mutex_};
        return static_cast<std::int64_t>(capacity - std::min(capacity, used()));
    }

    // A process that was killed: its descriptors and locks are gone, what it wrote is there.
    void kill() {
        open_.clear();
        locked_.clear();
    }

    // The machine lost its power: of what was not synced, any 512 bytes may or may not have arrived.
    void lose_power(std::mt19937_64& random) {
        kill();
        if (random() % 2 == 0) names = durable_names;
        for (auto& [name, node] : names) {
            auto& data = node->data;
            auto const& durable = node->durable;
            if (random() % 4 == 0)
                data.resize(std::max(std::min(data.size(), durable.size()), std::size_t{0}));
            for (std::size_t at = 0; at < data.size(); at += sector) {
                auto const size = std::min(sector, data.size() - at);
                if (random() % 2 == 0) continue;
                for (std::size_t i = at; i != at + size; ++i)
                    data[i] = i < durable.size() ? durable[i] : std::byte{0};
            }
            node->durable = data;
            node->given_up.clear();
        }
        durable_names = names;
    }

    // An independent copy of what lies there now.
    Names copy() const {
        Names out;
        for (auto const& [name, node] : names) out[name] = std::make_shared<Node>(*node);
        return out;
    }
    void replace(Names const& with) {
        kill();
        std::erase_if(names, [&](auto const& item) { return !with.contains(item.first); });
        durable_names.clear();
        for (auto const& [name, node] : with) {
            auto& mine = names[name];
            if (!mine || mine.use_count() != 1) mine = std::make_shared<Node>();
            *mine = *node;  // into the memory it has
        }
        durable_names = names;
    }
    std::vector<std::string> segments() const {
        std::vector<std::string> out;
        for (auto const& [name, node] : names)
            if (name.ends_with(".journal") && name.find("quarantine") == std::string::npos)
                out.push_back(name);
        return out;
    }

    Names names;
    Names durable_names;

  private:
    struct Open {
        std::shared_ptr<Node> node;
        std::string path;
        bool locks = false;
    };
    static constexpr std::size_t sector = 512;

    // As Linux does it: what a failed sync could not write counts as written from then on.
    static void give_up_dirty(Node& node) {
        for (std::size_t i = 0; i != node.data.size(); ++i)
            if (i >= node.durable.size() || node.data[i] != node.durable[i]) node.given_up.insert(i / sector);
    }
    int ask(Call call, std::string const& path) { return fault ? fault(call, path) : 0; }
    std::uint64_t used() const {
        std::uint64_t sum = 0;
        for (auto const& [name, node] : names) sum += node->data.size();
        return sum;
    }

    std::mutex mutex_;
    std::map<int, Open> open_;
    std::set<std::string> locked_;
    int newest_ = 0;
};

}  // namespace arb::queue
