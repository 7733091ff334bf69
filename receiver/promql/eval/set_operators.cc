#include "receiver/promql/eval/evaluator.h"
#include "receiver/promql/eval/matching.h"

namespace drover::promql {
namespace {

using Presence = std::vector<char>;  // one per step

std::vector<std::size_t> GroupsOf(MatchGroups& groups, const std::vector<Column>& columns) {
  std::vector<std::size_t> out;
  out.reserve(columns.size());
  for (const Column& column : columns) out.push_back(groups.Of(column.labels));
  return out;
}

std::vector<Presence> PresenceOf(const std::vector<Column>& columns,
                                 const std::vector<std::size_t>& group_of, std::size_t groups,
                                 std::size_t steps) {
  std::vector<Presence> presence(groups);
  for (std::size_t c = 0; c < columns.size(); ++c) {
    Presence& p = presence[group_of[c]];
    if (p.empty()) p.assign(steps, 0);
    for (std::size_t i = 0; i < columns[c].values.size(); ++i) {
      if (!IsAbsent(columns[c].values[i])) p[columns[c].first + i] = 1;
    }
  }
  return presence;
}

// Keeps the values at steps where the other side's presence is `wanted`.
void Filter(std::vector<Column>& columns, const std::vector<std::size_t>& group_of,
            const std::vector<Presence>& other, bool wanted) {
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const Presence& p = other[group_of[c]];
    Column& column = columns[c];
    for (std::size_t i = 0; i < column.values.size(); ++i) {
      const bool present = !p.empty() && p[column.first + i] != 0;
      if (present == wanted) continue;
      column.values[i] = Absent();
      if (!column.histograms.empty()) column.histograms[i].reset();
    }
  }
  std::erase_if(columns, [](const Column& c) { return c.IsEmpty(); });
}

}  // namespace

Result<Value> EvalSetOperator(Evaluator& evaluator, const Binary& binary, std::vector<Column> lhs,
                              std::vector<Column> rhs) {
  MatchGroups groups(binary.matching);
  const auto left = GroupsOf(groups, lhs);
  const auto right = GroupsOf(groups, rhs);
  const std::size_t steps = evaluator.grid().size;
  if (binary.op == BinaryOp::kOr) {
    Filter(rhs, right, PresenceOf(lhs, left, groups.size(), steps), false);
    for (Column& column : rhs) lhs.push_back(std::move(column));
    DROVER_CHECK(MergeEqualLabels(lhs, kSameLabelset));
  } else {
    Filter(lhs, left, PresenceOf(rhs, right, groups.size(), steps), binary.op == BinaryOp::kAnd);
  }
  return Value::Vector(std::move(lhs));
}

}  // namespace drover::promql
