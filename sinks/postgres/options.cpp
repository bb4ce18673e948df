#include "sinks/postgres/options.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>

namespace arb::postgres {
namespace {

constexpr char const* connect_seconds_max = "5";
constexpr char const* system_authorities = "/etc/ssl/certs/ca-certificates.crt";

using Parameters = std::map<std::string, std::string, std::less<>>;

// The parts of a URL or of "host=... dbname=...". What libpq says of a text it cannot read repeats the text,
// and with it a password, so it is not shown.
Parameters parse(std::string const& url) {
    char* error = nullptr;
    std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> const all{
        PQconninfoParse(url.c_str(), &error), &PQconninfoFree};
    PQfreemem(error);
    if (all == nullptr)
        throw ConfigurationError{"/url",
                                 "is not a database address such as postgresql://user@host:5432/database"};
    Parameters out;
    for (auto const* each = all.get(); each->keyword != nullptr; ++each)
        if (each->val != nullptr && *each->val != '\0') out[each->keyword] = each->val;
    return out;
}

std::string given(Parameters const& all, char const* key, char const* variable, char const* otherwise) {
    if (auto const found = all.find(key); found != all.end()) return found->second;
    auto const* const value = std::getenv(variable);
    return value != nullptr && *value != '\0' ? value : otherwise;
}

bool is_local(std::string_view where) {
    if (where.empty() || where.front() == '/' || where.front() == '@' || where == "localhost" ||
        where == "::1")
        return true;
    return where.starts_with("127.") && where.find_first_not_of("0123456789.") == std::string_view::npos;
}

// Every one of a list of names, and of a list of addresses. A service file may name any server.
bool stays_on_this_machine(Parameters const& all, std::string const& hosts) {
    if (!given(all, "service", "PGSERVICE", "").empty()) return false;
    auto const addresses = given(all, "hostaddr", "PGHOSTADDR", "");
    for (std::string_view list : {std::string_view{hosts}, std::string_view{addresses}}) {
        while (!list.empty()) {
            auto const end = std::min(list.find(','), list.size());
            if (!is_local(list.substr(0, end))) return false;
            list.remove_prefix(std::min(end + 1, list.size()));
        }
    }
    return true;
}

std::string joined(Parameters const& all) {
    std::string out;
    for (auto const& [key, value] : all) {
        out += (out.empty() ? "" : " ") + key + "='";
        for (char const c : value) {
            if (c == '\'' || c == '\\') out += '\\';
            out += c;
        }
        out += '\'';
    }
    return out;
}

// libpq looks at the values when it connects. Here it connects to nobody: to sockets in a folder that is not
// there, as many as there are hosts. What it says of a value holds the value alone.
void check_values(Parameters all) {
    if (!given(all, "service", "PGSERVICE", "").empty()) return;  // the rest is in a file
    constexpr std::string_view nowhere = "/nonexistent";
    std::string hosts{nowhere};
    auto const host = given(all, "host", "PGHOST", ""), address = given(all, "hostaddr", "PGHOSTADDR", "");
    for (auto const c : address.empty() ? host : address)
        if (c == ',') hosts.append(",").append(nowhere);
    all["host"] = hosts;
    all["hostaddr"] = std::string(static_cast<std::size_t>(std::count(hosts.begin(), hosts.end(), ',')), ',');
    std::unique_ptr<PGconn, decltype(&PQfinish)> const connection{PQconnectStart(joined(all).c_str()),
                                                                  &PQfinish};
    if (connection == nullptr || PQstatus(connection.get()) != CONNECTION_BAD) return;
    std::string_view message = PQerrorMessage(connection.get());
    if (message.find(nowhere) != std::string_view::npos) return;
    throw ConfigurationError{"/url", std::string{message.substr(0, message.find('\n'))}};
}

}  // namespace

Settings read_settings(Options const& options) {
    Settings out;
    auto const url = options.text("url");
    if (url.empty())
        throw ConfigurationError{"/url",
                                 "is empty: give the database, such as postgresql://user@host:5432/database"};
    auto all = parse(url);
    auto const host = given(all, "host", "PGHOST", "");
    auto const database = given(all, "dbname", "PGDATABASE", "");
    out.name = fmt::format("PostgreSQL at {}{}", host.empty() ? "the local socket" : host,
                           database.empty() ? "" : ", database " + database);
    if (!stays_on_this_machine(all, host)) {
        auto const mode = given(all, "sslmode", "PGSSLMODE", "");
        if (mode.empty())
            all["sslmode"] = "verify-full";
        else if (mode != "verify-full")
            out.warning = fmt::format(
                "sslmode={} lets anybody on the way to {} pose as the database; verify-full "
                "is what protects the password and the data",
                mode, host);
        if (all.find("sslrootcert") == all.end() && std::filesystem::exists(system_authorities))
            all["sslrootcert"] = system_authorities;
    }
    all.try_emplace("connect_timeout", connect_seconds_max);
    all.try_emplace("application_name", "arbitrage");
    all["client_encoding"] = "UTF8";
    check_values(all);
    out.connection = joined(all);
    out.retention = sql::read_retention(options);
    return out;
}

}  // namespace arb::postgres
