// Metric names out of the free texts that drivers give their counters.
#pragma once

#include <string>
#include <string_view>

namespace drover::exporters::node {

// "rx queue-0 (drops)" -> "rx_queue_0_drops_": other than letters, digits and underscores become
// one underscore, underscores beside them included.
std::string SanitizeMetricName(std::string_view text);

// "rx_queue_0_drops" -> "received_queue_0_drops": lower case, no underscores in front, rx and tx
// spelt out where they stand alone.
std::string EthtoolMetricName(std::string_view sanitized);

}  // namespace drover::exporters::node
