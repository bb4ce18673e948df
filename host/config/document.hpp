// A YAML file as a tree in which every value knows its place, read strictly: no anchors, aliases, merge keys,
// tags or equal keys, at most 1 MiB and 32 levels. What is refused is refused while parsing, before a tree
// exists.
//
// Thread safety: values; read_* may be called from any thread.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace arb::host {

// Line and column begin at 1; line 0 means the file as a whole.
struct Place {
    std::shared_ptr<std::string const> file;
    int line = 0;
    int column = 0;
};

std::string print(Place const& place);

struct Problem {
    Place place;
    std::string path;  // "venues.alpha.poll_every", or empty
    std::string text;  // what is wrong, and what would be right
};

// "file:line:column: path: text"
std::string print(Problem const& problem);

// What is wrong with a configuration. Everything that can be said is said at once.
class Problems {
  public:
    void add(Place place, std::string path, std::string text);
    bool empty() const { return list_.empty(); }
    std::size_t size() const { return list_.size(); }
    // In the order of the file.
    std::vector<Problem> sorted() const;
    // Whether a problem is known at exactly this path; no path is never known.
    bool has(std::string_view path) const;
    // Whether a problem is known at this path or below it.
    bool covers(std::string_view path) const;

  private:
    std::vector<Problem> list_;
};

struct Entry;

struct Node {
    enum class Type { null, scalar, list, map };

    Type type = Type::null;
    Place place;
    bool plain = false;     // a scalar without quotes
    bool expanded = false;  // a scalar that held a variable
    std::string text;       // of a scalar, variables expanded
    std::string written;    // of an expanded scalar: as it stands in the file
    std::vector<Node> items;
    std::vector<Entry> entries;

    Entry const* find(std::string_view key) const;
    Entry* find(std::string_view key);
};

struct Entry {
    std::string key;
    Place place;  // of the key
    Node value;
};

// The root, or nothing after adding to `problems`. An empty file is an empty mapping. `name` is how the file
// is called in messages.
std::optional<Node> read_yaml(std::string const& name, std::string_view text, Problems& problems);
std::optional<Node> read_yaml_file(std::filesystem::path const& file, Problems& problems);

// A whole file of at most `size_max` bytes; nothing and a sentence if it cannot be read.
std::optional<std::string> read_file(std::filesystem::path const& file, std::size_t size_max,
                                     std::string& sentence);

}  // namespace arb::host
