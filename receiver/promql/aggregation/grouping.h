// Inside the engine: series of an aggregation by group, computed once per series.
#pragma once

#include <vector>

#include "receiver/promql/ast.h"
#include "receiver/promql/eval/evaluator.h"

namespace drover::promql {

struct AggregateGroup {
  Labels labels;
  bool drop_name = false;
  std::vector<std::size_t> members;  // columns, in input order
};

// In order of first appearance.
std::vector<AggregateGroup> GroupColumns(const Evaluator& evaluator, const Aggregate& aggregate,
                                         const std::vector<Column>& columns);

// One column per group.
std::vector<Column> Fold(Evaluator& evaluator, const Aggregate& aggregate,
                         const std::vector<Column>& columns,
                         const std::vector<AggregateGroup>& groups,
                         const std::vector<double>& param);
// topk, bottomk, limitk, limit_ratio: some of the input's own series.
Result<std::vector<Column>> Choose(Evaluator& evaluator, const Aggregate& aggregate,
                                   std::vector<Column> columns,
                                   const std::vector<AggregateGroup>& groups,
                                   const std::vector<double>& param);
Result<std::vector<Column>> CountValues(Evaluator& evaluator, const Aggregate& aggregate,
                                        const std::vector<Column>& columns,
                                        const std::vector<AggregateGroup>& groups);

// φ-quantile by linear interpolation; sorts `values`, which must not be empty.
double Quantile(double phi, std::vector<double>& values);

}  // namespace drover::promql
