// The keys of pipeline.yaml that are the host's own, as JSON Schema: the one place of their types and
// defaults.
#pragma once

#include <boost/json.hpp>

#include "host/manifest.hpp"

namespace arb::host {

// The whole file, with venues and sinks left open.
boost::json::object const& keys_schema();

// What every instance takes beside its plugin's options: properties of an object.
boost::json::object const& instance_keys(Role role);

}  // namespace arb::host
