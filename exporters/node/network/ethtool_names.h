// Metric names out of the free texts that drivers give their counters.
#pragma once

#include <string>
#include <string_view>

#include "exporters/node/metric_name.h"  // IWYU pragma: export

namespace drover::exporters::node {

// "rx_queue_0_drops" -> "received_queue_0_drops": lower case, no underscores in front, rx and tx
// spelt out where they stand alone.
std::string EthtoolMetricName(std::string_view sanitized);

}  // namespace drover::exporters::node
