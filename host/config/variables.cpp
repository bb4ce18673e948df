#include "host/config/variables.hpp"

#include <fmt/format.h>

#include <cstdlib>

namespace arb::host {

namespace {

constexpr std::size_t env_bytes_max = 64 * 1024;  // a .env holds a few keys

bool good_name(std::string_view name) {
    if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
    return name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") ==
           std::string_view::npos;
}

std::string_view trim(std::string_view text) {
    auto const begin = text.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

std::string unquote(std::string_view text) {
    if (text.size() >= 2 && (text[0] == '"' || text[0] == '\'') && text.back() == text[0])
        return std::string{text.substr(1, text.size() - 2)};
    if (auto const comment = text.find(" #"); comment != std::string_view::npos)
        text = trim(text.substr(0, comment));
    return std::string{text};
}

}  // namespace

Variables::Variables(std::filesystem::path const& file, Problems& problems) {
    auto const name = std::make_shared<std::string const>(file.string());
    std::string sentence;
    auto const text = read_file(file, env_bytes_max, sentence);
    if (!text) {
        problems.add({name, 0, 0}, "", sentence);
        return;
    }
    std::string_view rest{*text};
    for (int line = 1; !rest.empty(); ++line) {
        auto const end = rest.find('\n');
        auto content = trim(rest.substr(0, end));
        rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
        if (content.empty() || content[0] == '#') continue;
        if (content.starts_with("export ")) content = trim(content.substr(7));
        auto const equals = content.find('=');
        auto const key = trim(content.substr(0, equals));
        if (equals == std::string_view::npos || !good_name(key)) {
            // The line is not shown: it may hold a secret.
            problems.add({name, line, 1}, "", "expected NAME=VALUE");
            continue;
        }
        values_[std::string{key}] = unquote(trim(content.substr(equals + 1)));
    }
}

std::optional<std::string> Variables::get(std::string const& name) const {
    if (!sealed_) {
        // The environment is read once at start, before there are threads that could change it.
        if (char const* const value = std::getenv(name.c_str())) return value;
    }
    auto const found = values_.find(name);
    if (found == values_.end()) return {};
    return found->second;
}

void Variables::expand(Node& node, std::string const& path, Problems& problems) const {
    switch (node.type) {
        case Node::Type::null:
            return;
        case Node::Type::scalar:
            return expand_scalar(node, path, problems);
        case Node::Type::list:
            for (std::size_t i = 0; i != node.items.size(); ++i)
                expand(node.items[i], fmt::format("{}[{}]", path, i), problems);
            return;
        case Node::Type::map:
            for (auto& entry : node.entries)
                expand(entry.value, path.empty() ? entry.key : path + "." + entry.key, problems);
    }
}

std::optional<std::string> Variables::value(std::string_view inside, std::string& wrong) const {
    auto const colon = inside.find(':');
    std::string const name{inside.substr(0, colon)};
    if (!good_name(name)) {
        wrong = "expected ${NAME}, ${NAME:-default} or ${NAME:?message}";
        return {};
    }
    auto const found = get(name);
    if (colon == std::string_view::npos) {
        if (!found)
            wrong = fmt::format("the variable {} is not set: set it, or write ${{{}:-default}}", name, name);
        return found;
    }
    auto const form = inside.substr(colon + 1, 1);
    std::string const rest{inside.size() > colon + 2 ? inside.substr(colon + 2) : std::string_view{}};
    if (form != "-" && form != "?") {
        wrong = "expected ${NAME}, ${NAME:-default} or ${NAME:?message}";
        return {};
    }
    if (found && !found->empty()) return found;
    if (form == "-") return rest;
    wrong = fmt::format("the variable {} is not set{}{}", name, rest.empty() ? "" : ": ", rest);
    return {};
}

void Variables::expand_scalar(Node& node, std::string const& path, Problems& problems) const {
    if (node.text.find("${") == std::string::npos) return;
    std::string out;
    std::string_view rest{node.text};
    for (;;) {
        auto const begin = rest.find("${");
        out += rest.substr(0, begin);
        if (begin == std::string_view::npos) break;
        if (begin != 0 && rest[begin - 1] == '$') {  // $${ is how a text holds ${
            out += '{';
            rest = rest.substr(begin + 2);
            continue;
        }
        auto const end = rest.find('}', begin);
        if (end == std::string_view::npos) {
            problems.add(node.place, path, "${ has no closing }");
            node.type = Node::Type::null;  // said once is enough
            return;
        }
        std::string wrong;
        auto const got = value(rest.substr(begin + 2, end - begin - 2), wrong);
        if (!got) {
            problems.add(node.place, path, wrong);
            node.type = Node::Type::null;
            return;
        }
        out += *got;
        node.expanded = true;
        rest = rest.substr(end + 1);
    }
    if (node.expanded) node.written = node.text;
    node.text = std::move(out);
    if (node.expanded && node.text.empty()) node.type = Node::Type::null;
}

}  // namespace arb::host
