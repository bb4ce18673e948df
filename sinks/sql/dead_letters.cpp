#include "sinks/sql/dead_letters.hpp"

#include <fmt/format.h>

#include "arbitrage/check.hpp"
#include "arbitrage/time.hpp"
#include "sinks/sql/commands.hpp"
#include "sinks/sql/packet_json.hpp"
#include "sinks/sql/text.hpp"

namespace arb::sql {
namespace {

constexpr std::int64_t list_limit = 100;
constexpr std::int64_t replay_limit = 10'000;  // as many as the option says if it is not given

// The condition the parameters make, and the texts it compares with, in order.
struct Condition {
    std::string text = "WHERE 1 = 1";
    std::vector<std::string> values;
};

Condition condition(Options const& parameters) {
    Condition out;
    if (auto const position = parameters.integer("position", 0); position != 0)
        out.text += fmt::format(" AND position = {}", position);
    for (auto const* const column : {"instance", "kind"})
        if (auto const value = parameters.text(column); !value.empty()) {
            out.text += fmt::format(" AND {0} = :{0}", column);
            out.values.push_back(value);
        }
    if (auto const part = parameters.text("reason"); !part.empty()) {
        out.text += " AND lower(reason) LIKE lower(:reason)";
        out.values.push_back('%' + part + '%');
    }
    return out;
}

int digit(char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; }

void decode(std::string const& hex, DeadLetter& to) {
    auto const size = hex.size() / 2;
    to.bytes = std::make_unique<std::byte[]>(size);
    for (std::size_t i = 0; i != size; ++i)
        to.bytes[i] = static_cast<std::byte>(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
    auto const* const wrong = check(to.bytes.get(), size);
    if (wrong != nullptr)
        to.problem = fmt::format("its bytes are not a packet of this version: {}", wrong);
    else
        to.packet = reinterpret_cast<arb_packet const*>(to.bytes.get());
}

// What the venue said, as it said it: as a field of a packet it would be JSON within JSON.
boost::json::object message_row(arb_message const& message, std::string const& reason) {
    auto const& h = message.header;
    return {{"reason", reason},
            {"source", cleaned(text(h, message.source))},
            {"received_at", format_time(h.received_time)},
            {"body", cleaned(text(h, message.body))}};
}

}  // namespace

std::vector<std::int64_t> find_dead_letters(Dialect& dialect, Options const& parameters) {
    auto const where = condition(parameters);
    std::vector<std::int64_t> out;
    read_texts(dialect.session(),
               fmt::format("SELECT CAST(dead_letter_key AS TEXT) AS dead_letter_key FROM dead_letters d {} "
                           "ORDER BY d.dead_letter_key LIMIT {}",
                           where.text, parameters.integer("limit", replay_limit)),
               where.values, [&](boost::json::object const& row) {
                   out.push_back(std::stoll(std::string{row.at("dead_letter_key").as_string()}));
                   return true;
               });
    return out;
}

std::unique_ptr<DeadLetter> read_dead_letter(Dialect& dialect, std::int64_t key) {
    auto out = std::make_unique<DeadLetter>();
    std::string hex;
    auto& session = dialect.session();
    session << fmt::format("SELECT reason, {} FROM dead_letters WHERE dead_letter_key = {}",
                           dialect.packet_as_hex(), key),
        soci::into(out->reason), soci::into(hex);
    if (!session.got_data()) return nullptr;
    out->key = key;
    decode(hex, *out);
    return out;
}

void list_dead_letters(Dialect& dialect, Options const& parameters, arb::Rows const& row) {
    auto const where = condition(parameters);
    read_texts(dialect.session(),
               fmt::format("SELECT {}, CAST(length(packet) AS TEXT) AS bytes FROM dead_letters d {} ORDER BY "
                           "d.dead_letter_key DESC LIMIT {}",
                           columns_as_text({"position", "instance", "kind", "reason", "received_at"}),
                           where.text, parameters.integer("limit", list_limit)),
               where.values, plain({{"position", "bytes"}, {"received_at"}}, row));
}

void show_dead_letters(Dialect& dialect, Options const& parameters, arb::Rows const& row) {
    if (parameters.integer("position", 0) == 0)
        throw Failure{Trouble::held, "say which: --position N, as `deadletters list` shows it"};
    auto const keys = find_dead_letters(dialect, parameters);
    if (keys.empty())
        throw Failure{Trouble::held, fmt::format("there is no dead letter of position {}",
                                                 parameters.integer("position", 0))};
    for (auto const key : keys) {
        auto const letter = read_dead_letter(dialect, key);
        if (letter == nullptr) continue;
        boost::json::object out{{"reason", letter->reason}};
        auto const* const message = letter->packet == nullptr ? nullptr : as<arb_message>(*letter->packet);
        if (message != nullptr) {
            if (!row(message_row(*message, letter->reason))) return;
            continue;
        }
        if (letter->packet != nullptr)
            out["packet"] = packet_json(*letter->packet);
        else
            out["problem"] = letter->problem;
        if (!row(out)) return;
    }
}

}  // namespace arb::sql
