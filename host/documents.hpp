// "arb.document/1": YAML files of plugins, read by the reader of pipeline.yaml.
#pragma once

#include "arbitrage/abi/ext/document.h"

namespace arb::host {

arb_document const* documents();

}  // namespace arb::host
