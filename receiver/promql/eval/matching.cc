#include "receiver/promql/eval/matching.h"

namespace drover::promql {

std::size_t MatchGroups::Of(const Labels& labels) {
  LabelsBuilder builder(labels);
  if (matching_.on) {
    builder.Keep(matching_.labels);
  } else {
    for (const std::string& label : matching_.labels) builder.Del(label);
    builder.Del(kMetricName);
  }
  Labels key = builder.Build();
  const auto [it, fresh] = numbers_.try_emplace(std::move(key), keys_.size());
  if (fresh) keys_.push_back(it->first);
  return it->second;
}

}  // namespace drover::promql
