#include "polymarket/messages.hpp"

#include <fmt/format.h>

namespace arb::polymarket {

namespace {

std::string quoted(std::vector<std::string> const& ids) {
    std::string out;
    for (auto const& id : ids) out.append(out.empty() ? "\"" : ",\"").append(id).append("\"");
    return out;
}

}  // namespace

std::string opening_message(std::vector<std::string> const& ids) {
    return "{\"assets_ids\":[" + quoted(ids) + "],\"type\":\"market\",\"custom_feature_enabled\":true}";
}

std::string operation_message(std::string_view operation, std::vector<std::string> const& ids) {
    // The flag holds for the connection and is set anew by each message that could carry it.
    auto const* const flag = operation == "subscribe" ? ",\"custom_feature_enabled\":true}" : "}";
    return fmt::format("{{\"operation\":\"{}\",\"assets_ids\":[{}]{}", operation, quoted(ids), flag);
}

std::string books_body(std::vector<std::string> const& ids) {
    std::string out;
    for (auto const& id : ids)
        out.append(out.empty() ? "[{\"token_id\":\"" : ",{\"token_id\":\"").append(id).append("\"}");
    return out + "]";
}

}  // namespace arb::polymarket
