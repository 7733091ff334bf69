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
    const auto end = tap_.ends_.find(name);
    if (end == tap_.ends_.end()) continue;
    state.absent = end->second.absent;
    state.error = std::move(end->second.error);
  }
  tap_.ends_.clear();
  tap_.states_ = std::exchange(states_, {});
}

void CollectorTap::Ended(std::string_view name, const Status& status) {
  Lock lock(mutex_);
  if (status) {
    ends_.erase(std::string(name));
    return;
  }
  const ErrorCode code = status.error().code();
  ends_[std::string(name)] = {code == ErrorCode::kNotFound || code == ErrorCode::kUnsupported,
                              status.error().message()};
}

std::map<std::string, CollectorState> CollectorTap::states() const {
  Lock lock(mutex_);
  return states_;
}

}  // namespace drover::agent::builtin
