// A host for unit tests of venues and sinks: keeps what a plugin pushes, logs, reports and counts.
#pragma once

#include <atomic>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "arbitrage/check.hpp"
#include "arbitrage/host.hpp"
#include "arbitrage/time.hpp"

namespace arb::test {

// Thread safety: the plugin's side may be called from any thread; read the records when the plugin is quiet,
// or through the functions, which lock.
class RecordingHost {
  public:
    explicit RecordingHost(std::string instance = "test") : instance_{std::move(instance)} {
        queue_ = {sizeof(arb_queue), 0, this,
                  [](void* self, void const* packets, std::size_t size, arb_error* error) {
                      return static_cast<RecordingHost*>(self)->push(packets, size, error);
                  }};
        table_.size = sizeof table_;
        table_.abi_version = ARB_ABI_VERSION;
        table_.self = this;
        table_.instance = instance_.c_str();
        table_.queue = &queue_;
        table_.log = [](void* self, std::int32_t, arb_text line) {
            of(self).add(of(self).lines_, view(line));
        };
        table_.report = [](void* self, std::int32_t state, arb_text sentence) {
            of(self).state_ = state;
            of(self).add(of(self).sentences_, view(sentence));
        };
        table_.count = [](void* self, arb_text name, arb_text label, std::uint64_t amount) {
            std::lock_guard const lock{of(self).mutex_};
            of(self).counters_[std::string{view(name)} + (label.size != 0 ? "/" : "") +
                               std::string{view(label)}] += amount;
        };
        table_.reject = [](void* self, arb_text reason, std::uint64_t amount) {
            std::lock_guard const lock{of(self).mutex_};
            of(self).counters_["rejected/" + std::string{view(reason)}] += amount;
        };
        table_.alive = [](void*) {};
        table_.now = [](void* self) { return of(self).clock_ != 0 ? of(self).clock_.load() : arb::now(); };
        table_.stopping = [](void* self) -> std::int32_t { return of(self).stopping_ ? 1 : 0; };
        table_.queue_percent = [](void* self) -> std::int32_t { return of(self).queue_percent_; };
        drift_ = {sizeof drift_, 0, this,
                  [](void* self, arb_text source, arb_text field, std::int32_t what, arb_text,
                     std::uint64_t amount) {
                      constexpr char const* words[] = {"unknown", "missing", "retyped", "renamed"};
                      std::lock_guard const lock{of(self).mutex_};
                      of(self).counters_["drift/" + std::string{view(source)} + "/" +
                                         std::string{view(field)} + "/" + words[what]] += amount;
                  }};
        table_.extension = [](void* self, char const* id) -> void const* {
            return std::string_view{id} == ARB_DRIFT ? &of(self).drift_ : nullptr;
        };
    }
    RecordingHost(RecordingHost const&) = delete;
    RecordingHost& operator=(RecordingHost const&) = delete;

    arb_host const* table() const { return &table_; }
    Host host() const { return Host{&table_}; }
    void stop() { stopping_ = true; }
    void set_clock(arb_time time) { clock_ = time; }
    void set_queue_percent(int percent) { queue_percent_ = percent; }
    int state() const { return state_; }

    std::vector<std::string> lines() { return copy(lines_); }
    std::vector<std::string> sentences() { return copy(sentences_); }
    // By name, name/label, rejected/reason, or drift/source/field/what.
    std::uint64_t counter(std::string const& name) {
        std::lock_guard const lock{mutex_};
        auto const found = counters_.find(name);
        return found == counters_.end() ? 0 : found->second;
    }
    std::size_t count() {
        std::lock_guard const lock{mutex_};
        return packets_.size();
    }
    // The packets so far; they live as long as the host.
    std::vector<arb_packet const*> packets() {
        std::lock_guard const lock{mutex_};
        std::vector<arb_packet const*> out;
        for (auto const& packet : packets_) out.push_back(reinterpret_cast<arb_packet const*>(packet.get()));
        return out;
    }
    template<class T>
    std::vector<T const*> all() {
        std::vector<T const*> out;
        for (auto const* packet : packets())
            if (auto const* const kind = as<T>(*packet)) out.push_back(kind);
        return out;
    }

  private:
    static RecordingHost& of(void* self) { return *static_cast<RecordingHost*>(self); }

    arb_status push(void const* bytes, std::size_t size, arb_error* error) {
        std::span const all{static_cast<std::byte const*>(bytes), size};
        auto const checked = check_all(all);
        if (checked.has_error()) return to_c(checked.error(), error);
        std::lock_guard const lock{mutex_};
        for_each_packet(all, [&](arb_packet const& packet) {
            std::unique_ptr<std::byte[]> copy{new std::byte[packet.size]};
            std::memcpy(copy.get(), &packet, packet.size);
            packets_.push_back(std::move(copy));
        });
        return ARB_OK;
    }
    void add(std::vector<std::string>& where, std::string_view text) {
        std::lock_guard const lock{mutex_};
        where.emplace_back(text);
    }
    std::vector<std::string> copy(std::vector<std::string> const& from) {
        std::lock_guard const lock{mutex_};
        return from;
    }

    // Constant after construction.
    std::string const instance_;
    arb_queue queue_{};
    arb_drift drift_{};
    arb_host table_{};
    // Any thread.
    std::atomic<bool> stopping_{false};
    std::atomic<int> state_{ARB_STATE_STARTING};
    std::atomic<int> queue_percent_{0};
    std::atomic<arb_time> clock_{0};
    // Protected by mutex_.
    std::mutex mutex_;
    std::vector<std::unique_ptr<std::byte[]>> packets_;
    std::vector<std::string> lines_, sentences_;
    std::map<std::string, std::uint64_t> counters_;
};

}  // namespace arb::test
