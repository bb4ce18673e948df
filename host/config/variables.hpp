// Variables in configuration files: ${VAR}, ${VAR:-default}, ${VAR:?message} inside scalars, expanded after
// parsing, so that a value can never become YAML. Values come from the process environment, else from a .env
// file.
//
// Thread safety: const after construction.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "host/config/document.hpp"

namespace arb::host {

class Variables {
  public:
    // The process environment alone.
    Variables() = default;
    // And what the process environment lacks from `file`: lines of NAME=VALUE, "export " allowed, # comments,
    // single or double quotes around the value.
    Variables(std::filesystem::path const& file, Problems& problems);
    // For tests: only these.
    explicit Variables(std::map<std::string, std::string> values)
        : values_{std::move(values)}, sealed_{true} {}

    std::optional<std::string> get(std::string const& name) const;

    // Expands every scalar below `node`. A scalar that becomes empty counts as not given. `path` names the
    // node.
    void expand(Node& node, std::string const& path, Problems& problems) const;

  private:
    void expand_scalar(Node& node, std::string const& path, Problems& problems) const;
    std::optional<std::string> value(std::string_view inside, std::string& wrong) const;

    std::map<std::string, std::string> values_;
    bool sealed_ = false;
};

}  // namespace arb::host
