// libFuzzer entry: the input becomes the files of a journal, which is then opened, read, written to, closed
// and inspected. Most of the input goes into fields whose checksums are made right, else nothing but the
// first comparison would ever see it; raw bytes, flips and cuts come in between.
#include <algorithm>
#include <cstdlib>

#include "arbitrage/sink.hpp"
#include "queue/inspection.hpp"
#include "queue/journal.hpp"
#include "sdk/queue/memory_files.hpp"
#include "sdk/queue/packets.hpp"

namespace {

using namespace arb;
using namespace arb::queue;

constexpr std::uint64_t salt = 0x0123456789abcdef;
constexpr std::uint64_t files_max = 64 << 20;
constexpr std::size_t file_max = 1 << 20;

class Input {
  public:
    Input(std::uint8_t const* data, std::size_t size) : data_{data}, size_{size} {}
    bool empty() const { return size_ == 0; }
    std::uint8_t byte() {
        if (size_ == 0) return 0;
        --size_;
        return *data_++;
    }
    // Small numbers mostly, large ones now and then.
    std::uint64_t number() {
        auto const first = byte();
        if (first < 240) return first;
        std::uint64_t out = 0;
        for (int i = 0; i != first - 239 && i != 8; ++i) out = out << 8 | byte();
        return out;
    }
    std::vector<std::byte> bytes(std::size_t count) {
        std::vector<std::byte> out(std::min(count, size_));
        std::copy_n(reinterpret_cast<std::byte const*>(data_), out.size(), out.begin());
        data_ += out.size();
        size_ -= out.size();
        return out;
    }

  private:
    std::uint8_t const* data_;
    std::size_t size_;
};

class Builder {
  public:
    Builder(Input& input, MemoryFiles& files) : input_{input}, files_{files} {}

    void run() {
        while (!input_.empty()) switch (input_.byte() % 9) {
                case 0:
                    slot("META");
                    break;
                case 1:
                    slot("ack-sink");
                    break;
                case 2:
                    segment();
                    break;
                case 3:
                    packet();
                    break;
                case 4:
                    record();
                    break;
                case 5:
                    append(input_.bytes(input_.byte()));
                    break;
                case 6:
                    raw();
                    break;
                case 7:
                    flip();
                    break;
                default:
                    cut();
                    break;
            }
    }

  private:
    std::vector<std::byte>& file(std::string const& name) {
        auto& node = files_.names["/queue/" + name];
        if (!node) node = std::make_shared<MemoryFiles::Node>();
        return node->data;
    }
    void slot(std::string const& name) {
        SlotFile written{files_, "/queue/" + name};
        Slot old;
        static_cast<void>(written.read(old));
        Slot now;
        if (input_.byte() % 8 == 0) now.journal[0] = input_.byte();
        now.incarnation = input_.number();
        now.sequence = input_.number();
        now.segment = input_.number();
        now.clean = input_.byte() % 2 == 0;
        static_cast<void>(written.write(now));
    }
    void segment() {
        SegmentHeader header;
        if (input_.byte() % 8 == 0) header.journal[0] = input_.byte();
        header.id = input_.number();
        header.incarnation = input_.number();
        header.first = input_.number();
        header.previous = input_.number();
        header.salt = salt;
        header.size = 8192;
        name_ = segment_name(header.id);
        auto& data = file(name_);
        data.assign(segment_header_size, std::byte{0});
        encode_header(std::span<std::byte, segment_header_size>{data.data(), segment_header_size}, header);
        sequence_ = header.first;
    }
    void packet() {
        Packets packets;
        add_number(packets, sequence_, input_.byte());
        std::vector<std::byte> payload{packets.bytes().begin(), packets.bytes().end()};
        if (input_.byte() % 16 != 0) put(payload.data() + offsetof(arb_packet, position), sequence_);
        add(RecordType::packet, sequence_++, payload);
    }
    void record() {
        auto const type = static_cast<RecordType>(input_.byte() % 8);
        if (input_.byte() % 4 == 0) sequence_ = input_.number();
        add(type, sequence_, input_.bytes(input_.byte()));
    }
    void add(RecordType type, std::uint64_t sequence, std::vector<std::byte> const& payload) {
        Checksum const checksum{salt};
        std::vector<std::byte> bytes(record_size(payload.size()));
        std::copy(payload.begin(), payload.end(), bytes.begin() + record_head_size);
        auto length = static_cast<std::uint32_t>(payload.size());
        if (input_.byte() % 16 == 0) length = static_cast<std::uint32_t>(input_.number());
        encode_head(bytes.data(), checksum,
                    {checksum(payload.data(), payload.size()), length, sequence, type});
        append(bytes);
    }
    void append(std::vector<std::byte> const& bytes) {
        if (name_.empty()) return;
        auto& data = file(name_);
        if (data.size() + bytes.size() <= file_max) data.insert(data.end(), bytes.begin(), bytes.end());
    }
    void raw() {
        constexpr char const* names[] = {"META",    "ack-sink", "ack-%2", "seg-0000000001.journal",
                                         "ballast", "spare.tmp"};
        file(names[input_.byte() % std::size(names)]) = input_.bytes(input_.number() % file_max);
    }
    void flip() {
        if (name_.empty() || file(name_).empty()) return;
        auto& data = file(name_);
        data[input_.number() % data.size()] ^= static_cast<std::byte>(input_.byte());
    }
    void cut() {
        if (!name_.empty())
            file(name_).resize(std::min<std::size_t>(file(name_).size(), input_.number() * 32));
    }

    Input& input_;
    MemoryFiles& files_;
    std::string name_;
    std::uint64_t sequence_ = 1;
};

// Whatever lies there: positions grow, and there are no more packets than bytes for them.
void read_all(Reader& reader, std::uint64_t packets_max) {
    arb_position last{};
    std::uint64_t count = 0;
    for (;;) {
        auto const batch = reader.read({7, 4096}, std::chrono::milliseconds{0});
        if (batch.has_error() || batch->packets.empty()) return;
        for (auto const* packet : batch->packets) {
            arb_position const position{batch->last.incarnation, packet->position};
            if (count != 0 && !(last.sequence < position.sequence)) std::abort();
            if (++count > packets_max) std::abort();
            last = position;
        }
        reader.acknowledge(batch->last);
    }
}

void use(MemoryFiles& files, std::uint64_t packets_max) {
    Settings settings;
    settings.directory = "/queue";
    settings.segment_size = 8192;
    settings.free_min = 0;
    Recovery report;
    auto const opened = open_journal(settings, report, files, false);
    if (opened.has_error()) return;
    auto& journal = **opened;
    auto const reader = journal.reader("sink");
    read_all(*reader, packets_max);
    static_cast<void>(journal.reader("other")->lag_packets());
    if (push_numbers(journal, 1, 3, 0, [] { return true; }).has_error()) std::abort();
    if (reader->read({}, std::chrono::milliseconds{0})->packets.size() != 3) std::abort();
    journal.work();
    static_cast<void>(journal.close().has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    MemoryFiles files;
    files.capacity = files_max;
    Input input{data, size};
    Builder{input, files}.run();
    std::uint64_t bytes = 0;
    for (auto const& [name, node] : files.names) bytes += node->data.size();
    auto const packets_max = bytes / record_head_size + 16;
    if (auto const inspection = Inspection::open(files, "/queue"); inspection.has_value()) {
        std::uint64_t count = 0;
        static_cast<void>(inspection->each(0, UINT64_MAX, [&](arb_packet const&, arb_position) {
            if (++count > packets_max) std::abort();
            return true;
        }));
    }
    use(files, packets_max);
    files.kill();
    use(files, packets_max);
    return 0;
}
