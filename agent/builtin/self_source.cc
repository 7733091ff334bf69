#include "agent/builtin/self_source.h"

#include <vector>

namespace drover::agent::builtin {

const exporters::MetricDesc& SelfSource::Describe(const OwnFamily& family,
                                                  const OwnSample& sample) {
  std::string labels;
  for (const auto& [name, value] : sample.labels) labels += (labels.empty() ? "" : ",") + name;
  auto [found, fresh] = descs_.try_emplace(family.name + sample.suffix + "{" + labels);
  Owned& owned = found->second;
  if (fresh) {
    owned.name = family.name + sample.suffix;
    if (!sample.suffix.empty()) owned.family = family.name;
    owned.help = family.help;
    owned.labels = std::move(labels);
    const MetricType type = family.type == "counter"     ? MetricType::kCounter
                            : family.type == "gauge"     ? MetricType::kGauge
                            : family.type == "histogram" ? MetricType::kHistogram
                                                         : MetricType::kUnknown;
    owned.desc = {owned.name, owned.help, type, owned.labels, owned.family};
  }
  return owned.desc;
}

void SelfSource::Collect(exporters::MetricSink& out) {
  std::vector<std::string_view> values;
  for (const OwnFamily& family : registry_.Collect()) {
    for (const OwnSample& sample : family.samples) {
      values.clear();
      for (const auto& [name, value] : sample.labels) values.push_back(value);
      out.Add(Describe(family, sample), values, sample.value);
    }
  }
}

}  // namespace drover::agent::builtin
