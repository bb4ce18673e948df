#include "host/queue_commands.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "arbitrage/check.hpp"
#include "arbitrage/sink.hpp"
#include "arbitrage/time.hpp"
#include "host/host.hpp"
#include "host/log.hpp"
#include "host/status.hpp"
#include "host/table.hpp"
#include "queue/inspection.hpp"

namespace arb::host {

namespace json = boost::json;

namespace {

// An export is pushed in pieces of this many bytes, far below what a segment holds.
constexpr std::size_t export_piece = 1 << 20;
// How long an export waits for a disk that is slow before it calls it full.
constexpr std::chrono::seconds export_patience{30};

int refused(Error const& error) {
    std::cerr << "arbitrage: " << error.text << '\n';
    return error.where == "locked"  ? exit_running
           : error.where == "newer" ? exit_config
           : error.where == "sink"  ? exit_usage
           : error.where == "place" ? exit_no
                                    : exit_io;
}

std::string uuid_text(queue::Uuid const& uuid) {
    std::string out;
    for (std::size_t i = 0; i != uuid.size(); ++i)
        out += fmt::format("{}{:02x}", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid[i]);
    return out;
}

std::string range(std::uint64_t first, std::uint64_t last) {
    return first == last ? fmt::format("packet {} is", first)
                         : fmt::format("packets {} to {} are", first, last);
}

std::string sentence(queue::Damage const& damage) {
    auto const bytes = damage.from == damage.to
                           ? std::string{}
                           : fmt::format("bytes {} to {} are damaged", damage.from, damage.to);
    auto const packets =
        damage.last < damage.first ? std::string{} : range(damage.first, damage.last) + " missing";
    return bytes + (bytes.empty() || packets.empty() ? "" : "; ") + packets;
}

// What `check` found, gathered before anything is printed.
struct Finding {
    std::vector<queue::SegmentContents> segments;
    std::vector<std::uint64_t> behind;  // for each sink: packets it has still to read
    bool good = true;
};

Result<Finding> examine(queue::Inspection const& inspection) {
    Finding out;
    auto const& sinks = inspection.sinks();
    out.behind.resize(sinks.size());
    for (std::size_t i = 0; i != inspection.segments().size(); ++i) {
        auto walked = inspection.walk(i, [&](arb_packet const&, arb_position position) {
            for (std::size_t s = 0; s != sinks.size(); ++s) out.behind[s] += sinks[s].position < position;
            return true;
        });
        if (walked.has_error()) return walked.error();
        out.good = out.good && walked->damage.empty();
        out.segments.push_back(std::move(*walked));
    }
    for (auto const& sink : sinks) out.good = out.good && sink.state == queue::SlotState::good;
    out.good = out.good && inspection.strangers().empty() && inspection.meta() == queue::SlotState::good;
    return out;
}

json::object as_json(queue::Inspection const& inspection, Finding const& found) {
    json::array segments, sinks, strangers;
    for (std::size_t i = 0; i != found.segments.size(); ++i) {
        auto const& segment = *inspection.segments()[i];
        auto const& contents = found.segments[i];
        json::array damage;
        for (auto const& d : contents.damage) {
            json::object place{{"from_byte", d.from}, {"to_byte", d.to}};
            if (d.first <= d.last) place["first_missing"] = d.first, place["last_missing"] = d.last;
            damage.push_back(std::move(place));
        }
        json::object row{{"segment", segment.header.id},
                         {"start", segment.header.incarnation},
                         {"packets", contents.packets},
                         {"bytes", segment.size},
                         {"made", format_time(segment.header.wall_time)},
                         {"sealed", contents.sealed},
                         {"damage", std::move(damage)}};
        if (contents.packets != 0) row["first"] = contents.first, row["last"] = contents.last;
        if (contents.torn != 0) row["torn_bytes"] = contents.torn;
        segments.push_back(std::move(row));
    }
    for (std::size_t i = 0; i != found.behind.size(); ++i) {
        auto const& sink = inspection.sinks()[i];
        sinks.push_back({{"sink", sink.name},
                         {"start", sink.position.incarnation},
                         {"position", sink.position.sequence},
                         {"behind", found.behind[i]},
                         {"readable", sink.state == queue::SlotState::good}});
    }
    for (auto const& stranger : inspection.strangers()) strangers.push_back(json::value_from(stranger));
    return {{"journal", uuid_text(inspection.journal())},
            {"start", inspection.incarnation()},
            {"closed_in_order", inspection.closed_in_order()},
            {"segments", std::move(segments)},
            {"sinks", std::move(sinks)},
            {"other_files", std::move(strangers)},
            {"good", found.good}};
}

void print(queue::Inspection const& inspection, Finding const& found) {
    std::cout << fmt::format(
        "journal {}, start {}, {}\n", uuid_text(inspection.journal()), inspection.incarnation(),
        inspection.closed_in_order() ? "closed in order" : "in use, or not closed in order");
    Table segments{{"segment", "start", "first", "last", "packets", "bytes", "made", "end"}};
    for (std::size_t column = 0; column != 6; ++column) segments.align_right(column);
    std::vector<std::string> troubles;
    for (std::size_t i = 0; i != found.segments.size(); ++i) {
        auto const& segment = *inspection.segments()[i];
        auto const& contents = found.segments[i];
        auto const number = [&](std::uint64_t n) { return contents.packets == 0 ? "" : std::to_string(n); };
        auto const end = contents.sealed      ? std::string{"sealed"}
                         : contents.torn != 0 ? fmt::format("{} bytes not written completely", contents.torn)
                                              : std::string{"open"};
        segments.add({std::to_string(segment.header.id), std::to_string(segment.header.incarnation),
                      number(contents.first), number(contents.last), std::to_string(contents.packets),
                      std::to_string(segment.size), format_time(segment.header.wall_time), end});
        for (auto const& damage : contents.damage)
            troubles.push_back(queue::segment_name(segment.header.id) + ": " + sentence(damage));
    }
    std::cout << (segments.empty() ? "no segments\n" : segments.print());
    Table sinks{{"sink", "start", "position", "behind"}};
    for (std::size_t column = 1; column != 4; ++column) sinks.align_right(column);
    for (std::size_t i = 0; i != found.behind.size(); ++i) {
        auto const& sink = inspection.sinks()[i];
        sinks.add({escape(sink.name), std::to_string(sink.position.incarnation),
                   std::to_string(sink.position.sequence), std::to_string(found.behind[i])});
        if (sink.state != queue::SlotState::good)
            troubles.push_back("the place of " + escape(sink.name) +
                               " is damaged; it would begin at the oldest packet");
    }
    std::cout << (sinks.empty() ? "no sinks\n" : sinks.print());
    if (inspection.meta() != queue::SlotState::good)
        troubles.push_back("META is missing or damaged; a start would build it again from the segments");
    for (auto const& stranger : inspection.strangers()) troubles.push_back(stranger);
    for (auto const& trouble : troubles) std::cout << trouble << '\n';
    std::cout << (found.good ? "good\n" : fmt::format("damaged: {}\n", troubles.size()));
}

int check_queue(Globals const& globals, queue::Inspection const& inspection) {
    auto const found = examine(inspection);
    if (found.has_error()) return refused(found.error());
    if (globals.json())
        std::cout << json::serialize(as_json(inspection, *found)) << '\n';
    else
        print(inspection, *found);
    return found->good ? exit_ok : exit_no;
}

// Packets of the range as lines. What passes its checksum and is no packet this version can print says so.
int dump_queue(bool as_json, Show show, queue::Inspection const& inspection, QueueOptions const& options) {
    auto left = options.limit;
    auto const done =
        inspection.each(options.from, options.to, [&](arb_packet const& packet, arb_position position) {
            if (left-- == 0) return false;
            char const* const wrong = check(reinterpret_cast<std::byte const*>(&packet), packet.size);
            auto const object =
                wrong == nullptr
                    ? packet_json(packet, show)
                    : json::object{{"kind", packet.kind}, {"position", packet.position}, {"wrong", wrong}};
            if (as_json)
                std::cout << json::serialize(object) << '\n';
            else if (wrong == nullptr)
                std::cout << position.sequence << ' ' << format_time(packet.received_time).substr(0, 10)
                          << ' ' << packet_line(object) << '\n';
            else
                std::cout << position.sequence << " cannot be shown: " << wrong << '\n';
            return static_cast<bool>(std::cout);
        });
    std::cout.flush();
    return done.has_error() ? refused(done.error()) : exit_ok;
}

// Pushes the packets into a journal of its own, which a pipeline can be pointed at.
Result<std::uint64_t> export_into(queue::Inspection const& inspection, QueueOptions const& options) {
    std::error_code ignored;
    if (!std::filesystem::is_empty(options.into, ignored) && !ignored)
        return permanent(options.into.string() + " is not empty; an export makes a journal of its own");
    queue::Settings settings;
    settings.directory = options.into;
    settings.size_max = UINT64_MAX;  // as much as the disk holds
    queue::Recovery recovery;
    auto opened = queue::Queue::open(settings, recovery);
    if (opened.has_error()) return opened.error();
    auto& made = **opened;
    std::vector<std::byte> piece;
    std::uint64_t count = 0;
    Result<> pushed;
    auto const push = [&] {
        auto const end = std::chrono::steady_clock::now() + export_patience;
        if (!piece.empty()) pushed = made.push(piece, [&] { return std::chrono::steady_clock::now() > end; });
        piece.clear();
        return pushed.has_value();
    };
    auto const read = inspection.each(options.from, options.to, [&](arb_packet const& packet, arb_position) {
        if (count == options.limit) return false;
        if (piece.size() + packet.size > export_piece && !push()) return false;
        auto const* const bytes = reinterpret_cast<std::byte const*>(&packet);
        piece.insert(piece.end(), bytes, bytes + packet.size);
        ++count;
        return true;
    });
    if (read.has_error()) return read.error();
    if (pushed.has_value()) push();
    if (pushed.has_error()) return permanent("the export did not finish: " + made.statistics().trouble);
    if (auto const closed = made.close(); closed.has_error()) return closed.error();
    return count;
}

int export_queue(Globals const& globals, queue::Inspection const& inspection, QueueOptions const& options) {
    if (globals.json()) return dump_queue(true, Show::whole, inspection, options);
    if (options.into.empty()) {
        std::cerr << "arbitrage: say --into DIRECTORY for a journal of its own, or --format json for lines\n";
        return exit_usage;
    }
    auto const exported = export_into(inspection, options);
    if (exported.has_error()) return refused(exported.error());
    std::cout << fmt::format("{} packets are in {}, a journal of its own: sinks take them as new\n",
                             *exported, options.into.string());
    return exit_ok;
}

int replay(std::filesystem::path const& directory, queue::Inspection const& inspection,
           QueueOptions const& options) {
    auto const place = queue::replay_offline(queue::system_files(), directory, options.sink, options.from);
    if (place.has_error()) return refused(place.error());
    std::cout << fmt::format("{} goes on with packet {}\n", escape(options.sink), *place);
    if (*place > options.from)
        std::cout << fmt::format("{} no longer kept\n", range(options.from, *place - 1));
    std::cout << fmt::format(
        "if the sink keeps its own place, as databases do, that one counts: delete it there, for journal {} "
        "and {}, with "
        "what is to come again; a restored or empty database needs nothing more\n",
        uuid_text(inspection.journal()), escape(options.sink));
    return exit_ok;
}

int forget(std::filesystem::path const& directory, QueueOptions const& options) {
    auto const forgotten = queue::forget_offline(queue::system_files(), directory, options.sink);
    if (forgotten.has_error()) return refused(forgotten.error());
    std::cout << fmt::format("{} is forgotten; the queue keeps nothing for it any more\n",
                             escape(options.sink));
    return exit_ok;
}

// The parser alone would take -1 for a very large number.
std::string position(std::string const& text) {
    return text.find_first_not_of("0123456789") == std::string::npos ? ""
                                                                     : "expected a whole number, 0 or more";
}

}  // namespace

void add_queue_commands(CLI::App& queue, QueueOptions& options) {
    auto const add = [&](char const* name, char const* help) {
        auto* const command = queue.add_subcommand(name, help)->fallthrough();
        command
            ->add_option("--directory", options.directory,
                         "The queue's directory, or a copy; else the pipeline's")
            ->type_name("DIR");
        return command;
    };
    auto const add_range = [&](CLI::App* command) {
        command->add_option("--from", options.from, "First packet, by its position")
            ->type_name("N")
            ->check(position);
        command->add_option("--to", options.to, "Last packet")->type_name("N")->check(position);
        command->add_option("--limit", options.limit, "At most so many")->type_name("N")->check(position);
    };
    add("check", "Read everything, say what is there and what is damaged; exit code 1 if anything is");
    add_range(add("dump", "Show packets as lines"));
    auto* const exported = add("export", "Copy packets into a new journal, or with --format json to lines");
    add_range(exported);
    exported->add_option("--into", options.into, "The new journal's directory")->type_name("DIR");
    auto* const replayed = add("replay", "Let a sink read again from a packet on; the pipeline must not run");
    replayed->add_option("--sink", options.sink, "Its name in the pipeline")->type_name("SINK")->required();
    replayed->add_option("--from", options.from, "First packet, by its position")
        ->type_name("N")
        ->check(position)
        ->required();
    add("forget-sink", "Keep nothing more for a sink that is gone; the pipeline must not run")
        ->add_option("SINK", options.sink, "Its name in the pipeline")
        ->type_name("")
        ->required();
}

int run_queue_command(Globals const& globals, CLI::App const& queue, QueueOptions const& options) {
    auto directory = options.directory;
    if (directory.empty()) {
        Problems problems;
        directory = load_config(globals.source, problems).queue.directory;
        if (directory.empty()) return print_problems(problems), exit_config;
    }
    auto const inspection = queue::Inspection::open(queue::system_files(), directory);
    if (inspection.has_error()) return refused(inspection.error());
    if (queue.got_subcommand("check")) return check_queue(globals, *inspection);
    if (queue.got_subcommand("dump")) return dump_queue(globals.json(), Show::brief, *inspection, options);
    if (queue.got_subcommand("export")) return export_queue(globals, *inspection, options);
    if (queue.got_subcommand("replay")) return replay(directory, *inspection, options);
    return forget(directory, options);
}

}  // namespace arb::host
