// Inside the engine: which group of a binary operator a series belongs to.
#pragma once

#include <unordered_map>
#include <vector>

#include "receiver/promql/ast.h"
#include "receiver/promql/eval/column.h"

namespace drover::promql {

// Keys of both sides as numbers 0, 1, …, given out once per series.
class MatchGroups {
 public:
  explicit MatchGroups(const Matching& matching) : matching_(matching) {}
  std::size_t Of(const Labels& labels);
  std::size_t size() const { return keys_.size(); }
  const Labels& key(std::size_t group) const { return keys_[group]; }

 private:
  const Matching& matching_;
  std::unordered_map<Labels, std::size_t, LabelsHash> numbers_;
  std::vector<Labels> keys_;
};

}  // namespace drover::promql
