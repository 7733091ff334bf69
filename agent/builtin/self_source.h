// The agent's own metrics as a built-in exporter.
#pragma once

#include <deque>
#include <map>
#include <string>

#include "core/metrics/registry.h"
#include "exporters/common/metric.h"

namespace drover::agent::builtin {

// One thread at a time. `registry` outlives it.
class SelfSource {
 public:
  explicit SelfSource(const Registry& registry) : registry_(registry) {}
  void Collect(exporters::MetricSink& out);

 private:
  struct Owned {
    std::string name;
    std::string family;
    std::string help;
    std::string labels;
    exporters::MetricDesc desc;
  };
  const exporters::MetricDesc& Describe(const OwnFamily& family, const OwnSample& sample);

  const Registry& registry_;
  std::map<std::string, Owned> descs_;  // by name and label names
};

}  // namespace drover::agent::builtin
