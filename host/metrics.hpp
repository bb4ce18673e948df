// The figures of a running pipeline as Prometheus text. Names are a contract with dashboards; ids of markets
// are never labels.
//
// Thread safety: from any thread.
#pragma once

#include <string>

#include "host/pipeline.hpp"

namespace arb::host {

std::string metrics_text(Pipeline const& pipeline, queue::Queue const& queue);

}  // namespace arb::host
