#include "host/instance.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <thread>

#include "arbitrage/check.hpp"
#include "arbitrage/packet.hpp"
#include "arbitrage/time.hpp"
#include "host/documents.hpp"

namespace arb::host {

namespace {

constexpr std::size_t sentence_bytes_max = 512;  // of a report; a sentence, not a page
constexpr std::size_t counters_max = 256;        // of one instance: names come from code, not from venues
constexpr std::size_t reasons_max = 64;          // likewise
constexpr std::size_t clock_steps_max = 16;  // not yet written down; a clock that is set more often is broken
// What was logged so lately is not logged again as a state.
constexpr std::int64_t said_again_ns = 10 * second_ns;
constexpr auto rate_step_max =
    std::chrono::milliseconds{100};                      // a push that waits looks this often for the end
constexpr auto slowed_shown = std::chrono::seconds{10};  // how long after the last wait the state says so
// A push that waited longer for room stopped its venue's reading for longer than what the kernel's buffers
// surely held: something may be missing.
constexpr auto blocked_max = std::chrono::seconds{5};

constexpr auto bounds_ns = [] {
    std::array<arb_time, latency_bounds.size()> out{};
    for (std::size_t i = 0; i != out.size(); ++i)
        out[i] = static_cast<arb_time>(latency_bounds[i] * static_cast<double>(second_ns) + 0.5);
    return out;
}();

std::int64_t steady_ns() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

// A word that may be part of a metric; anything else becomes "other".
std::string label_word(std::string_view text) {
    bool const good =
        !text.empty() && text.size() <= 48 &&
        text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
    return good ? std::string{text} : "other";
}

void add(std::map<std::string, std::uint64_t>& to, std::string_view reason, std::uint64_t amount) {
    auto word = label_word(reason);
    if (to.size() >= reasons_max && !to.contains(word)) word = "other";
    to[word] += amount;
}

// How many packets a malformed batch holds as far as it can be read; what follows the damage counts as one.
std::uint64_t packets_in(std::span<std::byte const> bytes) {
    std::uint64_t count = 0;
    for (std::size_t at = 0; at < bytes.size(); ++count) {
        if (check(bytes.data() + at, bytes.size() - at) != nullptr) return count + 1;
        at += reinterpret_cast<arb_packet const*>(bytes.data() + at)->size;
    }
    return std::max<std::uint64_t>(count, 1);
}

}  // namespace

std::uint64_t Figures::rejected_total() const {
    return std::accumulate(rejected.begin(), rejected.end(), std::uint64_t{0},
                           [](std::uint64_t sum, auto const& entry) { return sum + entry.second; });
}

Instance::Instance(InstanceConfig config, Module const* module, Log& log, queue::Queue* queue, bool quiet)
    : config_{std::move(config)},
      module_{module},
      log_{log},
      queue_{queue},
      quiet_{quiet},
      packets_rate_{config_.packets_per_second_max, Rate::Clock::now()},
      bytes_rate_{config_.bytes_per_second_max, Rate::Clock::now()} {
    figures_.state.since = arb::now();
    last_alive_ns_ = steady_ns();
    fill_tables();
}

void Instance::fill_tables() {
    queue_table_ = {sizeof queue_table_, 0, this,
                    [](void* self, void const* packets, std::size_t size, arb_error* error) {
                        return of(self).push(packets, size, error);
                    }};
    host_.size = sizeof host_;
    host_.abi_version = ARB_ABI_VERSION;
    host_.self = this;
    host_.instance = config_.name.c_str();
    host_.queue = &queue_table_;
    host_.log = [](void* self, std::int32_t level, arb_text line) { of(self).log(level, view(line)); };
    host_.report = [](void* self, std::int32_t state, arb_text sentence) {
        of(self).waits_for_data_ = false;
        of(self).report(state, view(sentence));
    };
    host_.count = [](void* self, arb_text name, arb_text label, std::uint64_t amount) {
        of(self).count(view(name), view(label), amount);
    };
    host_.reject = [](void* self, arb_text reason, std::uint64_t amount) {
        of(self).reject(view(reason), amount);
    };
    host_.alive = [](void* self) { of(self).last_alive_ns_ = steady_ns(); };
    host_.now = [](void*) { return arb::now(); };
    host_.stopping = [](void* self) -> std::int32_t { return of(self).stopping_ ? 1 : 0; };
    host_.queue_percent = [](void* self) -> std::int32_t {
        auto const* const queue = of(self).queue_;
        return queue == nullptr ? 0 : static_cast<std::int32_t>(queue->percent_full());
    };
    drift_table_ = {sizeof drift_table_, 0, this,
                    [](void* self, arb_text source, arb_text field, std::int32_t what, arb_text sample,
                       std::uint64_t amount) {
                        of(self).count_drift(view(source), view(field), what, view(sample), amount);
                    }};
    host_.extension = [](void* self, char const* id) -> void const* {
        std::string_view const wanted{id != nullptr ? id : ""};
        if (wanted == ARB_DRIFT) return &of(self).drift_table_;
        return wanted == ARB_DOCUMENT ? documents() : nullptr;
    };
}

void Instance::report(int state, std::string_view sentence) {
    if (state < ARB_STATE_STARTING || state > ARB_STATE_STOPPED) state = ARB_STATE_DEGRADED;
    auto const text = escape(sentence, sentence_bytes_max);
    {
        std::lock_guard const lock{mutex_};
        auto& known = figures_.state;
        if (known.state == state && known.sentence == text) return;
        if (known.state != state) known.since = arb::now();
        bool const same_state = known.state == state;
        known.state = state;
        known.sentence = text;
        if (quiet_ || same_state) return;  // a new figure in the sentence is not news
        // Many a plugin logs what went wrong and then says it as its state.
        if (!said_.empty() && text.starts_with(said_) && steady_ns() - said_at_ns_ < said_again_ns &&
            state != ARB_STATE_LIVE)
            return;
    }
    if (state == ARB_STATE_LIVE) end_gap();
    bool const trouble =
        state == ARB_STATE_RETRYING || state == ARB_STATE_HELD || state == ARB_STATE_DEGRADED;
    log(state == ARB_STATE_FAILED ? ARB_LOG_ERROR : trouble ? ARB_LOG_WARNING : ARB_LOG_INFO, text);
}

void Instance::log(int level, std::string_view line) {
    level = std::clamp<int>(level, ARB_LOG_DEBUG, ARB_LOG_ERROR);
    if (level < config_.log_level) return;
    log_.write(level, config_.name, line);
    if (level < ARB_LOG_WARNING) return;
    std::lock_guard const lock{mutex_};
    said_ = escape(line, sentence_bytes_max);
    said_at_ns_ = steady_ns();
}

State Instance::state() const {
    std::lock_guard const lock{mutex_};
    auto out = figures_.state;
    out.sentence = shown(out.sentence);
    return out;
}

// What the plugin says, and what the host knows that the plugin does not.
std::string Instance::shown(std::string const& sentence) const {
    if (steady_ns() >= slowed_until_ns_) return sentence;
    return fmt::format("{}; slowed down: it may push {} packets and {} MiB a second", sentence,
                       config_.packets_per_second_max, config_.bytes_per_second_max >> 20);
}

Figures Instance::figures() const {
    std::lock_guard const lock{mutex_};
    auto out = figures_;
    out.state.sentence = shown(out.state.sentence);
    out.silence_seconds = static_cast<double>(std::max<std::int64_t>(0, steady_ns() - last_alive_ns_)) / 1e9;
    return out;
}

void Instance::begin_run() {
    waits_for_data_ = true;
    last_alive_ns_ = steady_ns();
}

void Instance::count_restart() {
    std::lock_guard const lock{mutex_};
    ++figures_.restarts;
}

void Instance::expect_gap(arb_time from, std::string reason) {
    std::lock_guard const lock{mutex_};
    if (gap_ != Gap::none) return;  // the one that began earlier holds this, too
    gap_from_ = from;
    gap_reason_ = std::move(reason);
    gap_ = Gap::expected;
}

arb_status Instance::push(void const* packets, std::size_t size, arb_error* error) {
    if (queue_ == nullptr)
        return to_c(permanent("this instance was made for a command; it cannot push"), error);
    std::span const bytes{static_cast<std::byte const*>(packets), size};
    if (packets == nullptr || size == 0 ||
        reinterpret_cast<std::uintptr_t>(packets) % alignof(arb_packet) != 0) {
        reject("malformed", 1);
        return to_c(permanent("the packets of a push must be there and begin at a multiple of 8 bytes"),
                    error);
    }
    auto const checked = check_all(bytes);
    if (checked.has_error()) {
        reject("malformed", packets_in(bytes));
        log(ARB_LOG_ERROR, "a push was rejected: " + checked.error().text);
        return to_c(checked.error(), error);
    }
    try {
        receiving();
        keep_to_rate(checked.value(), size);
        if (gap_ == Gap::expected) {
            if (auto const gap = begin_gap(); gap.has_error()) return to_c(gap.error(), error);
        }
        if (noted_)
            if (auto const noted = push_notes(); noted.has_error()) return to_c(noted.error(), error);
        auto const result =
            append(bytes, checked.value(), config_.role == Role::venue ? venues_percent_max : 100);
        return result.has_error() ? to_c(result.error(), error) : static_cast<arb_status>(ARB_OK);
    } catch (std::exception const& wrong) {
        return to_c(permanent(wrong.what()), error);
    }
}

// One plugin that floods the queue waits by itself; the others never notice.
void Instance::keep_to_rate(std::size_t count, std::size_t bytes) {
    if (config_.role != Role::venue) return;
    auto const now = Rate::Clock::now();
    std::chrono::nanoseconds wait{};
    {
        std::lock_guard const lock{rate_mutex_};
        wait = std::max(packets_rate_.take(count, now), bytes_rate_.take(bytes, now));
    }
    if (wait.count() == 0) return;
    bool const news = slowed_until_ns_.exchange((now + wait + slowed_shown).time_since_epoch().count()) <
                      now.time_since_epoch().count();
    if (news)
        log(ARB_LOG_WARNING,
            fmt::format("pushes faster than {} packets or {} MiB a second, so its pushes wait; nothing is "
                        "lost, but it may fall behind its venue (packets_per_second_max, "
                        "bytes_per_second_max)",
                        config_.packets_per_second_max, config_.bytes_per_second_max >> 20));
    this->count("slowed_pushes", {}, 1);
    for (auto const end = now + wait; !stopping_ && Rate::Clock::now() < end;)
        std::this_thread::sleep_for(
            std::min<std::chrono::nanoseconds>(rate_step_max, end - Rate::Clock::now()));
}

Result<> Instance::append(std::span<std::byte const> packets, std::size_t count, unsigned percent_max) {
    in_flight_ += count;
    // A sink that waited for room in the queue it should empty would wait for ever.
    bool const never_wait = config_.role == Role::sink;
    auto const begin = std::chrono::steady_clock::now();
    auto const result = queue_->push(
        packets, [&] { return never_wait || stopping_.load(); }, percent_max);
    if (result.has_value()) {
        count_received(packets, count, nullptr);
        auto const waited = std::chrono::steady_clock::now() - begin;
        if (waited > blocked_max && config_.role == Role::venue)
            expect_gap(arb::now() - std::chrono::nanoseconds{waited}.count(), "queue_full");
    } else {
        count_received(packets, 0,
                       result.error().status == ARB_CLOSED ? "queue_full_or_closed" : "queue_failed");
    }
    in_flight_ -= count;
    if (result.has_value()) return {};
    if (never_wait && result.error().status == ARB_CLOSED && !stopping_) return retry("the queue is full");
    return result.error();
}

// The first packets after a gap may be the catalogue's: until the instance says that it is live the gap is
// open.
Result<> Instance::begin_gap() {
    bool const live = state().state == ARB_STATE_LIVE;
    auto result = push_gap(live ? arb::now() : ARB_ABSENT);
    if (result.has_value()) gap_ = live ? Gap::none : Gap::open;
    return result;
}

void Instance::end_gap() {
    if (gap_ != Gap::open) return;
    if (auto const pushed = push_gap(arb::now()); pushed.has_error())
        log(ARB_LOG_ERROR,
            "the end of a gap could not be recorded, so it stays open: " + pushed.error().text);
    gap_ = Gap::none;
}

Result<> Instance::push_gap(arb_time to) {
    arb_time from = 0;
    std::string reason;
    {
        std::lock_guard const lock{mutex_};
        from = gap_from_;
        reason = gap_reason_;
    }
    return push_gap(from, to, reason);
}

Result<> Instance::push_gap(arb_time from, arb_time to, std::string const& reason) {
    Packets gap{512};
    {
        auto draft = gap.add<arb_gap>(config_.type, arb::now());
        draft->from_time = from;
        draft->to_time = to == ARB_ABSENT ? to : std::max(from, to);  // the clock may have been set back
        draft->stream = ARB_STREAM_ALL;
        draft->recovered = ARB_NO;
        draft.text(&arb_gap::instance, config_.name);
        draft.text(&arb_gap::reason, reason);
    }
    return append(gap.bytes(), 1, 100);
}

void Instance::note_clock_step(arb_time before, arb_time after) {
    std::lock_guard const lock{mutex_};
    if (clock_steps_.size() == clock_steps_max) return;
    clock_steps_.emplace_back(before, after);
    noted_ = true;
}

void Instance::note_loss(arb_time from, arb_time to) {
    std::lock_guard const lock{mutex_};
    loss_.emplace(from, to);
    noted_ = true;
}

Result<> Instance::push_notes() {
    std::vector<std::pair<arb_time, arb_time>> steps;
    std::optional<std::pair<arb_time, arb_time>> loss;
    {
        std::lock_guard const lock{mutex_};
        steps.swap(clock_steps_);
        loss.swap(loss_);
        noted_ = false;
    }
    if (loss)
        if (auto pushed = push_gap(loss->first, loss->second, "queue_damaged"); pushed.has_error())
            return pushed;
    Packets notes{512};
    for (auto const& [before, after] : steps) {
        auto draft = notes.add<arb_custom>(config_.type, arb::now());
        draft.text(&arb_custom::topic, "clock_step");
        draft.text(
            &arb_custom::body,
            fmt::format(R"({{"instance":"{}","before":"{}","after":"{}","milliseconds":{}}})", config_.name,
                        format_time(before), format_time(after), (after - before) / millisecond_ns));
    }
    return notes.empty() ? Result<>{} : append(notes.bytes(), notes.count(), 100);
}

void Instance::receiving() {
    last_alive_ns_ = steady_ns();
    if (config_.role == Role::venue && waits_for_data_.exchange(false)) report(ARB_STATE_LIVE, "collecting");
}

void Instance::reject(std::string_view reason, std::uint64_t amount) {
    std::lock_guard const lock{mutex_};
    figures_.received_total += amount;
    add(figures_.rejected, reason, amount);
}

void Instance::count_received(std::span<std::byte const> packets, std::uint64_t accepted,
                              char const* reason) {
    std::lock_guard const lock{mutex_};
    std::uint64_t total = 0;
    for_each_packet(packets, [&](arb_packet const& packet) {
        ++figures_.received[packet.kind];
        figures_.received_bytes[packet.kind] += packet.size;
        ++total;
        if (packet.kind == ARB_KIND_GAP && accepted != 0) count_gap(packet);
    });
    figures_.received_total += total;
    figures_.accepted += accepted;
    if (reason != nullptr) add(figures_.rejected, reason, total);
}

// A gap is pushed when it opens, when it closes and perhaps when it was recovered; it counts once.
void Instance::count_gap(arb_packet const& packet) {
    auto const& gap = *as<arb_gap>(packet);
    auto const hash = std::hash<std::string>{}(fmt::format(
        "{}/{}/{}/{}", text(packet, gap.instance), gap.stream, text(packet, gap.market_id), gap.from_time));
    bool const open = gap.to_time == ARB_ABSENT;
    bool const known = open_gaps_.contains(hash);
    if (!known && gap.recovered != ARB_YES) add(figures_.gaps, text(packet, gap.reason), 1);
    if (open && !known && open_gaps_.size() < open_gaps_max) open_gaps_.insert(hash);
    if (!open) open_gaps_.erase(hash);
}

void Instance::count(std::string_view name, std::string_view label, std::uint64_t amount) {
    std::pair key{label_word(name), label.empty() ? std::string{} : label_word(label)};
    std::lock_guard const lock{mutex_};
    if (figures_.counters.size() >= counters_max && !figures_.counters.contains(key)) key = {"other", {}};
    figures_.counters[key] += amount;
}

void Instance::count_drift(std::string_view source, std::string_view field, int what, std::string_view sample,
                           std::uint64_t amount) {
    // A new field is for information; one that is gone or has another type may be what is recorded.
    if (drift_.count(source, field, what, sample, amount, arb::now()))
        log(what == ARB_DRIFT_UNKNOWN ? ARB_LOG_INFO : ARB_LOG_WARNING,
            fmt::format("the venue's answers changed: {} field {} in {}; `arbitrage drift` lists "
                        "all such differences",
                        drift_word(what), field, source));
}

void Instance::count_written(queue::Batch const& batch, std::uint64_t dead_lettered, arb_time committed) {
    std::lock_guard const lock{mutex_};
    auto& latency = figures_.latency;
    double sum = 0;
    std::size_t bucket = 0;  // neighbours in a batch took about as long
    for (auto const* const packet : batch.packets) {
        ++figures_.written[packet->kind];
        auto const took = std::max<arb_time>(0, committed - packet->received_time);
        while (bucket != 0 && took <= bounds_ns[bucket - 1]) --bucket;
        while (bucket != bounds_ns.size() && took > bounds_ns[bucket]) ++bucket;
        ++latency.buckets[bucket];
        sum += static_cast<double>(took);
    }
    latency.sum_seconds += sum / 1e9;
    latency.count += batch.packets.size();
    figures_.dead_lettered += dead_lettered;
    figures_.written_total +=
        batch.packets.size() - std::min<std::uint64_t>(dead_lettered, batch.packets.size());
}

}  // namespace arb::host
