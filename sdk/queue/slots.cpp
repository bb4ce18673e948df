#include "queue/slots.hpp"

#include <cerrno>
#include <charconv>
#include <filesystem>

namespace arb::queue {

namespace {

constexpr char magic[8] = {'A', 'R', 'B', 'M', 'A', 'R', 'K', '\n'};
constexpr std::size_t checksum_at = slot_size - 4;
constexpr std::string_view mark_prefix = "ack-";

Checksum const& slot_checksum() {
    static Checksum const checksum{0};
    return checksum;
}

void encode(std::byte* at, Slot const& slot) {
    std::memset(at, 0, slot_size);
    std::memcpy(at, magic, sizeof magic);
    put(at + 8, format_major);
    put(at + 10, format_minor);
    put<std::uint32_t>(at + 12, 0);  // incompatible features
    put(at + 16, slot.generation);
    std::memcpy(at + 24, slot.journal.data(), 16);
    put(at + 40, slot.incarnation);
    put(at + 48, slot.sequence);
    put(at + 56, slot.segment);
    put<std::uint64_t>(at + 64, slot.clean ? 1 : 0);
    put(at + 72, slot.newest_time);
    put(at + checksum_at, slot_checksum()(at, checksum_at));
}

SlotState decode(std::byte const* at, Slot& slot) {
    if (std::memcmp(at, magic, sizeof magic) != 0) return SlotState::damaged;
    if (get<std::uint32_t>(at + checksum_at) != slot_checksum()(at, checksum_at)) return SlotState::damaged;
    if (get<std::uint16_t>(at + 8) > format_major) return SlotState::newer;
    if ((get<std::uint32_t>(at + 12) & ~incompatible_known) != 0) return SlotState::newer;
    slot.generation = get<std::uint64_t>(at + 16);
    std::memcpy(slot.journal.data(), at + 24, 16);
    slot.incarnation = get<std::uint64_t>(at + 40);
    slot.sequence = get<std::uint64_t>(at + 48);
    slot.segment = get<std::uint64_t>(at + 56);
    slot.clean = get<std::uint64_t>(at + 64) != 0;
    slot.newest_time = get<std::int64_t>(at + 72);
    bool const possible =
        slot.incarnation <= number_max && slot.sequence <= number_max && slot.segment <= number_max;
    return possible ? SlotState::good : SlotState::damaged;
}

}  // namespace

SlotState SlotFile::read(Slot& slot) {
    int const descriptor = files_->open(path_, Files::Mode::read);
    if (descriptor == -ENOENT) return SlotState::absent;
    if (descriptor < 0) return error_ = descriptor, SlotState::closed;
    File const file{*files_, descriptor};
    auto result = SlotState::damaged;
    for (std::size_t i = 0; i != 2; ++i) {
        // Each by itself: a sector that cannot be read costs the slot in it.
        std::byte bytes[slot_size] = {};
        static_cast<void>(read_fully(*files_, descriptor, bytes, i * slot_size));
        Slot found;
        auto const state = decode(bytes, found);
        if (state == SlotState::newer) return state;
        if (state != SlotState::good || (result == SlotState::good && found.generation < slot.generation))
            continue;
        slot = found;
        result = SlotState::good;
    }
    if (result == SlotState::good) generation_ = slot.generation;
    return result;
}

int SlotFile::create() {
    int const descriptor = files_->open(path_, Files::Mode::create);
    if (descriptor < 0) return descriptor;
    File file{*files_, descriptor};
    // Its whole size now, so that no later write needs space.
    if (int const error = files_->allocate(descriptor, 2 * slot_size); error < 0) return error;
    if (int const error = files_->sync_directory(std::filesystem::path{path_}.parent_path().string());
        error < 0)
        return error;
    file_ = std::move(file);
    return 0;
}

int SlotFile::write(Slot slot) {
    if (!file_)
        if (int const error = create(); error < 0) return error;
    slot.generation = generation_ + 1;
    std::byte bytes[slot_size];
    encode(bytes, slot);
    if (int const error = write_fully(*files_, file_.descriptor(), bytes, slot.generation % 2 * slot_size);
        error < 0)
        return error;
    if (int const error = files_->sync(file_.descriptor()); error < 0) {
        // The kernel may now call the page clean: a new descriptor and a new write, not another sync of this
        // one.
        file_.reset();
        return error;
    }
    generation_ = slot.generation;
    return 0;
}

std::string mark_name(std::string const& sink) {
    constexpr char digits[] = "0123456789ABCDEF";
    std::string name{mark_prefix};
    for (auto const c : sink) {
        bool const plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           c == '_' || c == '-' || c == '.';
        if (plain) {
            name += c;
        } else {
            auto const byte = static_cast<unsigned char>(c);
            name += {'%', digits[byte / 16], digits[byte % 16]};
        }
    }
    return name;
}

std::string mark_sink(std::string const& name) {
    if (!name.starts_with(mark_prefix)) return {};
    std::string sink;
    for (std::size_t i = mark_prefix.size(); i < name.size(); ++i) {
        if (name[i] != '%') {
            sink += name[i];
            continue;
        }
        unsigned byte = 0;
        if (i + 2 >= name.size()) return {};
        if (std::from_chars(name.data() + i + 1, name.data() + i + 3, byte, 16).ptr != name.data() + i + 3)
            return {};
        sink += static_cast<char>(byte);
        i += 2;
    }
    return sink;
}

}  // namespace arb::queue
