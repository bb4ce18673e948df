// The figures of a running pipeline as Prometheus text. Names are a contract with dashboards; ids of markets
// are never labels.
//
// Thread safety: from any thread.
#pragma once

#include <cstdint>
#include <string>

#include "host/pipeline.hpp"
#include "host/status.hpp"

namespace arb::host {

// `queue_size_max`: bytes on disk, as configured.
std::string metrics_text(HostState const& host, Pipeline const& pipeline, queue::Queue const& queue,
                         std::uint64_t queue_size_max);

}  // namespace arb::host
