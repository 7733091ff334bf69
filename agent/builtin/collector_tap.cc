#include "agent/builtin/collector_tap.h"

#include <utility>

namespace drover::agent::builtin {

void CollectorTap::Sink::Add(const exporters::MetricDesc& desc,
                             std::span<const std::string_view> values, double value) {
  inner_.Add(desc, values, value);
  if (values.size() != 1 || desc.labels != "collector") {
    ++series_;
  } else if (desc.name.ends_with("_scrape_collector_duration_seconds")) {
    states_[std::string(values.front())].seconds = value;
  } else if (desc.name.ends_with("_scrape_collector_success")) {
    CollectorState& state = states_[std::string(values.front())];
    state.success = value == 1;
    state.series = std::exchange(series_, 0);
  }
}

void CollectorTap::Sink::Keep() {
  Lock lock(tap_.mutex_);
  for (auto& [name, state] : states_) {
    const auto before = tap_.states_.find(name);
    state.ever = state.success || (before != tap_.states_.end() && before->second.ever);
  }
  tap_.states_ = std::exchange(states_, {});
}

std::map<std::string, CollectorState> CollectorTap::states() const {
  Lock lock(mutex_);
  return states_;
}

}  // namespace drover::agent::builtin
