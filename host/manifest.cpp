#include "host/manifest.hpp"

#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "arbitrage/abi/plugin.h"
#include "host/config/schema.hpp"

namespace arb::host {

namespace json = boost::json;

namespace {

constexpr std::uint64_t manifest_bytes_max = 1 << 20;       // our largest is under 16 KiB
constexpr std::uint64_t sections_max = 4096;                // a plugin has about 40
constexpr std::uint64_t section_names_bytes_max = 1 << 20;  // a plugin has under 1 KiB
constexpr std::size_t commands_max = 100;

#if defined(__x86_64__)
constexpr Elf64_Half this_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr Elf64_Half this_machine = EM_AARCH64;
#else
#error "name the ELF machine of this processor here"
#endif

// An open file whose reads never leave it.
class File {
  public:
    explicit File(std::filesystem::path const& path)
        : descriptor_{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)} {
        if (descriptor_ < 0) {
            wrong_ = errno == ENOENT ? "there is no such file" : std::strerror(errno);
            return;
        }
        struct stat about {};
        if (::fstat(descriptor_, &about) != 0 || !S_ISREG(about.st_mode))
            wrong_ = "is not a regular file";
        else if ((about.st_mode & S_IWOTH) != 0)
            wrong_ =
                "everyone may write to it, so anyone could put code into it; take the right away (chmod o-w)";
        else
            size_ = static_cast<std::uint64_t>(about.st_size);
    }
    ~File() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    File(File const&) = delete;
    File& operator=(File const&) = delete;

    std::string const& wrong() const { return wrong_; }

    bool read(std::uint64_t offset, std::uint64_t size, void* to) const {
        if (size > size_ || offset > size_ - size) return false;
        auto* out = static_cast<char*>(to);
        while (size != 0) {
            auto const got = ::pread(descriptor_, out, size, static_cast<off_t>(offset));
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) return false;
            out += got;
            offset += static_cast<std::uint64_t>(got);
            size -= static_cast<std::uint64_t>(got);
        }
        return true;
    }

  private:
    int const descriptor_;
    std::uint64_t size_ = 0;
    std::string wrong_;
};

struct Section {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
};

// The section of that name, or a sentence.
std::optional<Section> find_section(File const& file, std::string& wrong) {
    Elf64_Ehdr header{};
    if (!file.read(0, sizeof header, &header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
        wrong = "is not a shared library";
        return {};
    }
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
        header.e_machine != this_machine) {
        wrong = "was built for another kind of machine";
        return {};
    }
    if (header.e_type != ET_DYN || header.e_shentsize != sizeof(Elf64_Shdr) || header.e_shnum == 0 ||
        header.e_shnum > sections_max || header.e_shstrndx >= header.e_shnum) {
        wrong = "is not a plugin: it has no table of sections, or a damaged one";
        return {};
    }
    std::vector<Elf64_Shdr> sections(header.e_shnum);
    wrong = "is damaged: its table of sections lies outside the file";
    if (!file.read(header.e_shoff, sections.size() * sizeof(Elf64_Shdr), sections.data())) return {};
    auto const& names_at = sections[header.e_shstrndx];
    if (names_at.sh_size == 0 || names_at.sh_size > section_names_bytes_max) return {};
    std::string names(names_at.sh_size, '\0');
    if (!file.read(names_at.sh_offset, names.size(), names.data())) return {};
    for (auto const& section : sections) {
        if (section.sh_name >= names.size() || section.sh_type == SHT_NOBITS) continue;
        if (std::strncmp(names.data() + section.sh_name, ARB_MANIFEST_SECTION,
                         names.size() - section.sh_name) == 0)
            return Section{section.sh_offset, section.sh_size};
    }
    wrong = "is a shared library, but not a plugin of this program: it has no section " ARB_MANIFEST_SECTION;
    return {};
}

std::string text_of(json::object const& from, std::string_view key) {
    auto const* const value = from.if_contains(key);
    return value != nullptr && value->is_string() ? std::string{std::string_view{value->get_string()}}
                                                  : std::string{};
}

bool good_id(std::string_view id) {
    return !id.empty() && id.size() < ARB_VENUE_SIZE &&
           id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

// Fills the manifest from its JSON; a sentence if something does not fit.
std::string fill(Manifest& out) {
    out.id = text_of(out.json, "id");
    out.version = text_of(out.json, "version");
    out.description = text_of(out.json, "description");
    if (!good_id(out.id)) return "\"id\" must be a name of [a-z0-9_], at most 23 letters";
    auto const* const options = out.json.if_contains("options");
    if (options == nullptr || !options->is_object()) return "\"options\" must be a JSON Schema";
    out.options = options->get_object();
    if (auto const wrong = wrong_schema(out.options); !wrong.empty())
        return "\"options\" is not a JSON Schema: " + wrong;
    auto const* const commands = out.json.if_contains("commands");
    if (commands == nullptr) return {};
    if (!commands->is_array() || commands->get_array().size() > commands_max)
        return "\"commands\" must be a list";
    for (auto const& item : commands->get_array()) {
        if (!item.is_object() || text_of(item.get_object(), "name").empty())
            return "a command has no \"name\"";
        OfferedCommand command{text_of(item.get_object(), "name"), text_of(item.get_object(), "help"), {}};
        auto const* const parameters = item.get_object().if_contains("parameters");
        if (parameters != nullptr && parameters->is_object()) command.parameters = parameters->get_object();
        if (auto const wrong = wrong_schema(command.parameters); !wrong.empty())
            return fmt::format("\"parameters\" of command {} is not a JSON Schema: {}", command.name, wrong);
        out.commands.push_back(std::move(command));
    }
    return {};
}

}  // namespace

char const* name(Role role) { return role == Role::venue ? "venue" : "sink"; }

Result<Manifest> read_manifest(std::filesystem::path const& path) {
    auto const refuse = [&](std::string const& sentence) {
        return permanent(fmt::format("{} {}", path.string(), sentence));
    };
    File const file{path};
    if (!file.wrong().empty()) return permanent(fmt::format("{}: {}", path.string(), file.wrong()));
    std::string wrong;
    auto const section = find_section(file, wrong);
    if (!section) return refuse(wrong);
    arb_manifest head{};
    if (section->size < sizeof head || section->size > sizeof head + manifest_bytes_max ||
        !file.read(section->offset, sizeof head, &head) ||
        std::memcmp(head.magic, ARB_MANIFEST_MAGIC, sizeof head.magic) != 0 ||
        head.text_size > section->size - sizeof head)
        return refuse("is damaged: its manifest is cut or has no beginning");
    if (head.abi_version != ARB_ABI_VERSION)
        return refuse(
            fmt::format("was built for version {} of the plugin interface; this program speaks version {}",
                        head.abi_version, ARB_ABI_VERSION));
    if (head.role != ARB_ROLE_VENUE && head.role != ARB_ROLE_SINK)
        return refuse("is neither a venue nor a sink");
    std::string text(head.text_size, '\0');
    if (!file.read(section->offset + sizeof head, text.size(), text.data()))
        return refuse("is damaged: its manifest lies outside the file");
    boost::system::error_code failed;
    auto parsed = json::parse(text, failed);
    if (failed || !parsed.is_object()) return refuse("is damaged: its manifest is not a JSON object");
    Manifest out;
    out.file = path;
    out.role = head.role == ARB_ROLE_VENUE ? Role::venue : Role::sink;
    out.abi_version = head.abi_version;
    out.json = std::move(parsed.get_object());
    if (wrong = fill(out); !wrong.empty()) return refuse("has a wrong manifest: " + wrong);
    if (path.stem() != out.id)
        return refuse(fmt::format("calls itself {}: a plugin's file has the name of the plugin ({}.so)",
                                  out.id, out.id));
    return out;
}

}  // namespace arb::host
