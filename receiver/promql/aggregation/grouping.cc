#include "receiver/promql/aggregation/grouping.h"

#include <unordered_map>

namespace drover::promql {

std::vector<AggregateGroup> GroupColumns(const Evaluator& evaluator, const Aggregate& aggregate,
                                         const std::vector<Column>& columns) {
  std::vector<AggregateGroup> groups;
  std::unordered_map<Labels, std::size_t, LabelsHash> numbers;
  LabelsBuilder builder;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    Labels key;
    if (aggregate.without) {
      builder.Reset(evaluator.WithoutName(columns[i].labels));
      for (const std::string& label : aggregate.grouping) builder.Del(label);
      key = builder.Build();
    } else if (!aggregate.grouping.empty()) {
      builder.Reset(columns[i].labels);
      builder.Keep(aggregate.grouping);
      key = builder.Build();
    }
    const auto [it, fresh] = numbers.try_emplace(key, groups.size());
    if (fresh) groups.push_back({std::move(key), false, {}});
    AggregateGroup& group = groups[it->second];
    group.drop_name = group.drop_name || columns[i].drop_name;
    group.members.push_back(i);
  }
  return groups;
}

Result<Value> Evaluator::EvalAggregate(const Aggregate& aggregate) {
  std::vector<double> param;
  if (aggregate.param && aggregate.op != AggregateOp::kCountValues) {
    DROVER_TRY(param, Scalars(*aggregate.param));
  }
  DROVER_TRY(std::vector<Column> columns, Vector(*aggregate.expr));
  const std::vector<AggregateGroup> groups = GroupColumns(*this, aggregate, columns);
  switch (aggregate.op) {
    case AggregateOp::kTopK:
    case AggregateOp::kBottomK:
    case AggregateOp::kLimitK:
    case AggregateOp::kLimitRatio: {
      DROVER_TRY(auto chosen, Choose(*this, aggregate, std::move(columns), groups, param));
      return Value::Vector(std::move(chosen));
    }
    case AggregateOp::kCountValues: {
      DROVER_TRY(auto counted, CountValues(*this, aggregate, columns, groups));
      return Value::Vector(std::move(counted));
    }
    default:
      return Value::Vector(Fold(*this, aggregate, columns, groups, param));
  }
}

}  // namespace drover::promql
