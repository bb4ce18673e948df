#include "host/config/keys.hpp"

namespace arb::host {

namespace json = boost::json;

json::object const& keys_schema() {
    static json::object const schema = json::parse(R"json({
  "type": "object", "additionalProperties": false,
  "properties": {
    "queue": {
      "type": "object", "additionalProperties": false,
      "description": "Where packets wait between venues and sinks: a journal on disk.",
      "properties": {
        "directory": {"type": "string", "default": "var/queue", "description": "Folder of the journal; made with mode 0700."},
        "size_max": {"type": "string", "format": "size", "default": "8GiB", "description": "Disk space the journal may take."},
        "sync_every": {"type": "string", "format": "duration", "default": "50ms", "description": "What a power loss may take; 0ms writes through before a packet counts as accepted."},
        "when_full": {"type": "string", "enum": ["block", "drop_oldest"], "default": "block", "description": "block: venues wait, nothing accepted is lost. drop_oldest: the oldest packets make room; each is counted."},
        "keep_acked": {"type": "string", "format": "duration", "default": "15m", "description": "How long packets that every sink has stored are kept for a replay."},
        "keep_acked_size": {"type": "string", "format": "size", "default": "1GiB", "description": "How much of them is kept at most."}
      }
    },
    "service": {
      "type": "object", "additionalProperties": false,
      "description": "The running program itself.",
      "properties": {
        "socket": {"type": "string", "default": "var/arbitrage.sock", "description": "Unix socket of status and tap; only its owner may use it."},
        "metrics": {"type": "string", "pattern": "^(off|[^ ]+:[0-9]{1,5})$", "expected": "an address such as 127.0.0.1:9464, or off", "default": "off", "description": "address:port where Prometheus text is served, such as 127.0.0.1:9464; off: nowhere."},
        "log": {
          "type": "object", "additionalProperties": false,
          "description": "Lines on standard error.",
          "properties": {
            "level": {"type": "string", "enum": ["debug", "info", "warning", "error"], "default": "info", "description": "The least a line must be to be written."},
            "format": {"type": "string", "enum": ["text", "json"], "default": "text", "description": "text for people, json for machines."}
          }
        }
      }
    },
    "plugin_path": {"type": "array", "items": {"type": "string"}, "default": [], "description": "Folders of further plugins, looked at first."},
    "venues": {"type": "object", "description": "What puts packets in: plugin or plugin/name, and its options."},
    "sinks": {"type": "object", "description": "What takes packets out: plugin or plugin/name, and its options."}
  }
})json")
                                           .as_object();
    return schema;
}

json::object const& instance_keys(Role role) {
    static json::object const every = json::parse(R"json({
  "enabled": {"type": "boolean", "default": true, "description": "false: not started, and its variables need not be set."},
  "required": {"type": "boolean", "default": true, "description": "true: the service is ready only when this instance works."},
  "isolation": {"type": "string", "enum": ["thread", "process"], "default": "thread", "description": "Where the plugin's code runs; process is not available in this version."},
  "log_level": {"type": "string", "enum": ["debug", "info", "warning", "error"], "description": "As service.log.level, for this instance; absent: the same."}
})json")
                                          .as_object();
    static json::object const venue = [] {
        auto out = every;
        out["packets_per_second_max"] = json::parse(
            R"json({"type": "integer", "minimum": 100, "maximum": 10000000, "default": 100000, "description": "Packets it may push a second, and twice that at once; beyond it its pushes wait."})json");
        out["bytes_per_second_max"] = json::parse(
            R"json({"type": "string", "format": "size", "default": "64MiB", "description": "Bytes it may push a second, and twice that at once; beyond it its pushes wait."})json");
        return out;
    }();
    static json::object const sink = [] {
        auto out = every;
        out["batch_rows_max"] = json::parse(
            R"json({"type": "integer", "minimum": 1, "maximum": 50000, "default": 5000, "description": "Packets of one transaction at most."})json");
        out["batch_wait_max"] = json::parse(
            R"json({"type": "string", "format": "duration", "default": "0ms", "description": "How long a packet may wait for others of its transaction; at 0 those share one that came while the last was stored."})json");
        return out;
    }();
    return role == Role::venue ? venue : sink;
}

}  // namespace arb::host
