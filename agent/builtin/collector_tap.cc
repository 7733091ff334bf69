#include "agent/builtin/collector_tap.h"

namespace drover::agent::builtin {

void CollectorTap::Sink::Add(const exporters::MetricDesc& desc,
                             std::span<const std::string_view> values, double value) {
  if (values.size() == 1 && desc.labels == "collector") tap_.Note(desc, values.front(), value);
  inner_.Add(desc, values, value);
}

void CollectorTap::Note(const exporters::MetricDesc& desc, std::string_view collector,
                        double value) {
  const bool success = desc.name.ends_with("_scrape_collector_success");
  if (!success && !desc.name.ends_with("_scrape_collector_duration_seconds")) return;
  Lock lock(mutex_);
  CollectorState& state = states_[std::string(collector)];
  if (success) {
    state.success = value == 1;
  } else {
    state.seconds = value;
  }
}

std::map<std::string, CollectorState> CollectorTap::states() const {
  Lock lock(mutex_);
  return states_;
}

}  // namespace drover::agent::builtin
