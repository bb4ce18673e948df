#include "host/documents.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "arbitrage/result.hpp"
#include "host/config/schema.hpp"
#include "host/config/variables.hpp"

namespace arb::host {

namespace {

constexpr std::size_t problems_shown_max = 3;  // an error holds 896 bytes

std::string told(Problems const& problems) {
    std::string out;
    auto const sorted = problems.sorted();
    for (std::size_t i = 0; i != sorted.size() && i != problems_shown_max; ++i)
        out += (out.empty() ? "" : "; ") + print(sorted[i]);
    if (sorted.size() > problems_shown_max)
        out += fmt::format("; and {} more", sorted.size() - problems_shown_max);
    return out;
}

arb_status read(void*, char const* path, char const* schema, void (*take)(void*, arb_text), void* context,
                arb_error* error) {
    try {
        auto const wanted = boost::json::parse(schema);
        if (!wanted.is_object()) return to_c(permanent("the schema is not a JSON object"), error);
        Problems problems;
        auto node = read_yaml_file(path, problems);
        boost::json::object values;
        if (node) {
            Variables{}.expand(*node, "", problems);
            values = check_node(*node, wanted.get_object(), "", problems);
        }
        if (!problems.empty()) return to_c(invalid("", told(problems)), error);
        auto const text = boost::json::serialize(values);
        take(context, to_c(std::string_view{text}));
        return ARB_OK;
    } catch (std::exception const& wrong) {
        return to_c(permanent(fmt::format("{}: {}", path, wrong.what())), error);
    }
}

}  // namespace

arb_document const* documents() {
    static constexpr arb_document table{sizeof(arb_document), 0, &read, nullptr};
    return &table;
}

}  // namespace arb::host
