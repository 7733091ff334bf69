// Words of drivers as parts of metric names, in upstream's two ways.
#pragma once

#include <string>
#include <string_view>

namespace drover::exporters::node {

// Lower case, _ for each byte that may not stand in a metric's name, none at both ends (hwmon).
std::string CleanMetricName(std::string_view text);

// Each run of such bytes, with the _ around it, becomes one _ (rapl, bcachefs, ethtool).
std::string SanitizeMetricName(std::string_view text);

}  // namespace drover::exporters::node
