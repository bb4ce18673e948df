// What a plugin says of itself, read from the ELF section "arb_manifest" of its .so without running its code.
// The file is taken for hostile: every offset is checked against the size of the file.
//
// Thread safety: values; read_manifest from any thread.
#pragma once

#include <boost/json.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "arbitrage/result.hpp"

namespace arb::host {

enum class Role { venue, sink };

char const* name(Role role);

struct OfferedCommand {
    std::string name;  // may be several words, such as "pairs list"
    std::string help;
    boost::json::object parameters;  // JSON Schema
};

struct Manifest {
    std::filesystem::path file;
    std::string id;
    std::string version;
    std::string description;
    Role role = Role::venue;
    std::uint32_t abi_version = 0;
    boost::json::object options;  // JSON Schema
    std::vector<OfferedCommand> commands;
    boost::json::object json;  // as the plugin has it
};

// ARB_PERMANENT with a sentence that begins with the file's name.
Result<Manifest> read_manifest(std::filesystem::path const& file);

}  // namespace arb::host
