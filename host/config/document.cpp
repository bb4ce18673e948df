#include "host/config/document.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sstream>

namespace arb::host {

namespace {

constexpr std::size_t file_bytes_max = 1
                                       << 20;  // a pipeline is written by hand; a mebibyte of it is an attack
constexpr std::size_t depth_max = 32;          // levels; the deepest key of a pipeline is at five
constexpr std::size_t key_bytes_max = 256;     // an option's name has under 30
constexpr std::size_t keys_max = 1000;         // of one mapping; each is compared with those before it
constexpr std::size_t text_bytes_max = 16 << 10;  // what is longer belongs into a file of its own

// The braces of an unquoted ${NAME} end those of a mapping on one line: everybody writes that once.
std::string hint(std::string_view text) {
    for (int number = 1; !text.empty(); ++number) {
        auto const line = text.substr(0, text.find('\n'));
        auto const variable = line.find("${");
        auto const before = line.substr(0, variable);
        if (auto const open = before.find_last_of("{[,");
            variable != line.npos && open != line.npos && before.find_first_of("\"'#", open) == line.npos)
            return fmt::format("; in line {}, between brackets, ${{...}} needs quotes: \"${{NAME}}\"",
                               number);
        text.remove_prefix(std::min(text.size(), line.size() + 1));
    }
    return "";
}

// Ends the parse; what is wrong is in the problems.
struct Refused {};

// Builds the tree from the parser's events and refuses what the project's files may not contain.
class Builder final : public YAML::EventHandler {
  public:
    Builder(std::shared_ptr<std::string const> file, Problems& problems)
        : file_{std::move(file)}, problems_{problems} {}

    Node take() { return std::move(root_); }

    void OnDocumentStart(YAML::Mark const&) override {}
    void OnDocumentEnd() override {}
    void OnNull(YAML::Mark const& mark, YAML::anchor_t anchor) override {
        refuse_anchor(mark, anchor);
        Node node;
        node.place = at(mark);
        if (begins_key()) refuse(node.place, "a key is missing");
        put(std::move(node));
    }
    void OnAlias(YAML::Mark const& mark, YAML::anchor_t) override {
        refuse(at(mark), "aliases (*name) are not allowed: write the value itself");
    }
    void OnScalar(YAML::Mark const& mark, std::string const& tag, YAML::anchor_t anchor,
                  std::string const& value) override {
        refuse_anchor(mark, anchor);
        refuse_tag(mark, tag);
        if (begins_key()) return key(at(mark), value);
        if (value.size() > text_bytes_max)
            refuse(at(mark), fmt::format("a text of more than {} KiB: put it into a file of its own",
                                         text_bytes_max >> 10));
        Node node;
        node.type = Node::Type::scalar;
        node.place = at(mark);
        node.plain = tag == "?";
        node.text = value;
        put(std::move(node));
    }
    void OnSequenceStart(YAML::Mark const& mark, std::string const& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, Node::Type::list);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(YAML::Mark const& mark, std::string const& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, Node::Type::map);
    }
    void OnMapEnd() override { close(); }

  private:
    struct Open {
        Node node;
        std::optional<Entry> entry;  // of a mapping: its key was read, its value is awaited
        bool skip = false;           // the key was there before; its value is read and forgotten
    };

    Place at(YAML::Mark const& mark) const { return {file_, mark.line + 1, mark.column + 1}; }

    [[noreturn]] void refuse(Place place, std::string text) {
        problems_.add(std::move(place), path(), std::move(text));
        throw Refused{};
    }
    void refuse_anchor(YAML::Mark const& mark, YAML::anchor_t anchor) {
        if (anchor != 0)
            refuse(at(mark), "anchors (&name) are not allowed: write the value where it is needed");
    }
    void refuse_tag(YAML::Mark const& mark, std::string const& tag) {
        if (!tag.empty() && tag != "?" && tag != "!") refuse(at(mark), "tags (!name) are not allowed");
    }

    bool begins_key() const {
        return !open_.empty() && open_.back().node.type == Node::Type::map && !open_.back().entry;
    }

    void key(Place place, std::string const& name) {
        auto& top = open_.back();
        if (name.size() > key_bytes_max)
            refuse(std::move(place), fmt::format("a key of more than {} bytes", key_bytes_max));
        if (top.node.entries.size() == keys_max)
            refuse(std::move(place), fmt::format("a mapping of more than {} keys", keys_max));
        if (name == "<<")
            refuse(std::move(place), "merge keys (<<) are not allowed: write the keys themselves");
        auto const* const first = top.node.find(name);
        top.skip = first != nullptr;
        if (top.skip)
            problems_.add(place, path() + (open_.size() > 1 ? "." : "") + name,
                          fmt::format("the key is here twice; the first is at line {}", first->place.line));
        top.entry = Entry{name, std::move(place), {}};
    }

    void open(YAML::Mark const& mark, std::string const& tag, YAML::anchor_t anchor, Node::Type type) {
        refuse_anchor(mark, anchor);
        refuse_tag(mark, tag);
        if (begins_key()) refuse(at(mark), "a key must be a word, not a list or a mapping");
        if (open_.size() == depth_max)
            refuse(at(mark), fmt::format("the file is nested deeper than {} levels", depth_max));
        Open next;
        next.node.type = type;
        next.node.place = at(mark);
        open_.push_back(std::move(next));
    }

    void close() {
        Node node = std::move(open_.back().node);
        open_.pop_back();
        put(std::move(node));
    }

    void put(Node node) {
        if (open_.empty()) {
            root_ = std::move(node);
            return;
        }
        auto& top = open_.back();
        if (top.node.type == Node::Type::list) {
            top.node.items.push_back(std::move(node));
            return;
        }
        top.entry->value = std::move(node);
        if (!top.skip) top.node.entries.push_back(std::move(*top.entry));
        top.entry.reset();
    }

    std::string path() const {
        std::string out;
        for (auto const& level : open_) {
            if (level.node.type == Node::Type::list)
                out += fmt::format("[{}]", level.node.items.size());
            else if (level.entry)
                out += (out.empty() ? "" : ".") + level.entry->key;
        }
        return out;
    }

    std::shared_ptr<std::string const> const file_;
    Problems& problems_;
    std::vector<Open> open_;
    Node root_;
};

// How many bytes the UTF-8 sequence at `at` has; 0 if it is none.
std::size_t sequence_length(std::string_view text, std::size_t at) {
    auto const byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : static_cast<unsigned char>(0);
    };
    auto const follows = [&](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
    auto const first = byte(at);
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first <= 0xDF) return follows(at + 1) ? 2 : 0;
    if (first >= 0xE0 && first <= 0xEF) return follows(at + 1) && follows(at + 2) ? 3 : 0;
    if (first >= 0xF0 && first <= 0xF4) return follows(at + 1) && follows(at + 2) && follows(at + 3) ? 4 : 0;
    return 0;
}

// The parser takes any bytes and makes something of them; a file for people is UTF-8 without control
// characters.
bool readable(std::shared_ptr<std::string const> const& file, std::string_view text, Problems& problems) {
    int line = 1, column = 1;
    for (std::size_t at = 0; at < text.size();) {
        auto const length = sequence_length(text, at);
        auto const c = static_cast<unsigned char>(text[at]);
        if (length == 0) {
            problems.add({file, line, column}, "", fmt::format("the byte 0x{:02X} is not UTF-8 text", c));
            return false;
        }
        if ((c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7F) {
            problems.add({file, line, column}, "",
                         fmt::format("the control character 0x{:02X} is not allowed", c));
            return false;
        }
        if (c == '\t' && column == 1) {
            problems.add({file, line, column}, "",
                         "the line begins with a tab: YAML is indented with spaces");
            return false;
        }
        if (c == '\n')
            ++line, column = 1;
        else
            ++column;
        at += length;
    }
    return true;
}

}  // namespace

std::string print(Place const& place) {
    auto const& file = place.file ? *place.file : std::string{};
    return place.line == 0 ? file : fmt::format("{}:{}:{}", file, place.line, place.column);
}

std::string print(Problem const& problem) {
    std::string out = print(problem.place);
    if (!out.empty()) out += ": ";
    if (!problem.path.empty()) out += problem.path + ": ";
    return out + problem.text;
}

void Problems::add(Place place, std::string path, std::string text) {
    list_.push_back({std::move(place), std::move(path), std::move(text)});
}

std::vector<Problem> Problems::sorted() const {
    auto out = list_;
    auto const name = [](Problem const& problem) {
        return problem.place.file ? *problem.place.file : std::string{};
    };
    std::stable_sort(out.begin(), out.end(), [&](Problem const& a, Problem const& b) {
        return name(a) == name(b) && a.place.line < b.place.line;
    });
    return out;
}

bool Problems::has(std::string_view path) const {
    return !path.empty() && std::any_of(list_.begin(), list_.end(),
                                        [&](Problem const& problem) { return problem.path == path; });
}

bool Problems::covers(std::string_view path) const {
    return std::any_of(list_.begin(), list_.end(), [&](Problem const& problem) {
        if (problem.path.size() < path.size() || problem.path.compare(0, path.size(), path) != 0)
            return false;
        return problem.path.size() == path.size() || path.empty() || problem.path[path.size()] == '.' ||
               problem.path[path.size()] == '[';
    });
}

Entry const* Node::find(std::string_view key) const {
    auto const found =
        std::find_if(entries.begin(), entries.end(), [&](Entry const& e) { return e.key == key; });
    return found == entries.end() ? nullptr : &*found;
}

Entry* Node::find(std::string_view key) {
    auto const found =
        std::find_if(entries.begin(), entries.end(), [&](Entry const& e) { return e.key == key; });
    return found == entries.end() ? nullptr : &*found;
}

std::optional<Node> read_yaml(std::string const& name, std::string_view text, Problems& problems) {
    auto const file = std::make_shared<std::string const>(name);
    if (text.size() > file_bytes_max) {
        problems.add({file, 0, 0}, "", "the file is larger than 1 MiB");
        return {};
    }
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    if (!readable(file, text, problems)) return {};
    auto const before = problems.size();
    Builder builder{file, problems};
    try {
        std::istringstream stream{std::string{text}};
        YAML::Parser parser{stream};
        parser.HandleNextDocument(builder);
        Node root = builder.take();
        if (parser.HandleNextDocument(builder)) {
            problems.add({file, 1, 1}, "", "the file holds more than one document (---): only one is read");
            return {};
        }
        if (problems.size() != before) return {};
        if (root.place.line == 0) root.place = {file, 1, 1};
        if (root.type == Node::Type::null) root.type = Node::Type::map;
        return root;
    } catch (Refused const&) {
        return {};
    } catch (YAML::Exception const& wrong) {
        auto const known = !wrong.mark.is_null();
        problems.add({file, known ? wrong.mark.line + 1 : 1, known ? wrong.mark.column + 1 : 1}, "",
                     "this is not YAML: " + wrong.msg + hint(text));
        return {};
    }
}

std::optional<std::string> read_file(std::filesystem::path const& file, std::size_t size_max,
                                     std::string& sentence) {
    int const descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) {
        sentence = errno == ENOENT ? "there is no such file"
                                   : fmt::format("cannot be opened: {}", std::strerror(errno));
        return {};
    }
    std::optional<std::string> out;
    struct stat about {};
    if (::fstat(descriptor, &about) != 0 || !S_ISREG(about.st_mode)) {
        sentence = S_ISDIR(about.st_mode) ? "is a directory, not a file" : "is not a regular file";
    } else if (static_cast<std::size_t>(about.st_size) > size_max) {
        sentence = fmt::format("the file is larger than {} KiB", size_max / 1024);
    } else {
        out.emplace();
        char buffer[16 * 1024];
        for (;;) {
            auto const got = ::read(descriptor, buffer, sizeof buffer);
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) {
                sentence = fmt::format("cannot be read: {}", std::strerror(errno));
                out.reset();
                break;
            }
            if (got == 0) break;
            out->append(buffer, static_cast<std::size_t>(got));
            if (out->size() > size_max) {
                sentence = fmt::format("the file is larger than {} KiB", size_max / 1024);
                out.reset();
                break;
            }
        }
    }
    ::close(descriptor);
    return out;
}

std::optional<Node> read_yaml_file(std::filesystem::path const& file, Problems& problems) {
    std::string sentence;
    auto const text = read_file(file, file_bytes_max, sentence);
    if (!text) {
        problems.add({std::make_shared<std::string const>(file.string()), 0, 0}, "", sentence);
        return {};
    }
    return read_yaml(file.string(), *text, problems);
}

}  // namespace arb::host
