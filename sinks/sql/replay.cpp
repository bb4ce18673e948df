// `deadletters replay`: packets that were set aside are tried again, each in a transaction of its own in
// which its dead letter goes.
#include "sinks/sql/admission.hpp"
#include "sinks/sql/dead_letters.hpp"
#include "sinks/sql/sink.hpp"

namespace arb::sql {

void DatabaseSink::replay(Options const& parameters, arb::Rows const& row) {
    for (auto const key : find_dead_letters(*dialect_, parameters)) {
        auto const letter = read_dead_letter(*dialect_, key);
        if (letter == nullptr) continue;  // somebody else replayed it
        boost::json::object out{
            {"position", nullptr}, {"kind", nullptr}, {"result", "kept"}, {"reason", letter->problem}};
        if (letter->packet != nullptr) {
            out["position"] = letter->packet->position;
            out["kind"] = kind_names[letter->packet->kind];
            auto const kept_because = replay(*letter);
            out["reason"] = kept_because;
            if (kept_because.empty()) out["result"] = "stored";
        }
        if (!row(out)) return;
    }
}

// Empty if it is stored, else why not. Throws what concerns more than this packet.
std::string DatabaseSink::replay(DeadLetter const& letter) {
    if (letter.packet->kind == ARB_KIND_MESSAGE)
        return "it is what a venue said and nobody understood: it has no other place";
    auto const time = host_.now();
    problems_.assign(1, problem(*letter.packet, time));
    if (problems_.front() != nullptr) return problems_.front();
    arb_packet const* const one[] = {letter.packet};
    try {
        rows_.clear();
        resolve_keys(one);
        rows_.add(*letter.packet, keys_.front(), content_hash(*letter.packet));
        rows_.finish();
        dialect_->prepare(rows_.groups(), time);
        dialect_->write(rows_.groups(), {nullptr, {}, letter.key});
        return {};
    } catch (std::exception const& error) {
        auto const failure = dialect_->explain(error);
        if (failure.trouble == Trouble::retry || failure.trouble == Trouble::held) throw failure;
        dialect_->rollback();
        return failure.what();
    }
}

}  // namespace arb::sql
