#include <algorithm>
#include <cmath>

#include "receiver/promql/ast.h"

namespace drover::promql {
namespace {

Result<double> Seconds(const DurationExpr& e, double step, double range) {
  double left = 0;
  double right = 0;
  if (e.lhs) {
    DROVER_TRY(left, Seconds(*e.lhs, step, range));
  }
  if (e.rhs) {
    DROVER_TRY(right, Seconds(*e.rhs, step, range));
  }
  switch (e.op) {
    case DurationExpr::Op::kNumber:
      return e.number;
    case DurationExpr::Op::kNegate:
      return -right;
    case DurationExpr::Op::kAdd:
      return left + right;
    case DurationExpr::Op::kSub:
      return left - right;
    case DurationExpr::Op::kMul:
      return left * right;
    case DurationExpr::Op::kDiv:
      if (right == 0) return Fail(ErrorCode::kInvalid, "division by zero");
      return left / right;
    case DurationExpr::Op::kMod:
      if (right == 0) return Fail(ErrorCode::kInvalid, "modulo by zero");
      return std::fmod(left, right);
    case DurationExpr::Op::kPow:
      return std::pow(left, right);
    case DurationExpr::Op::kStep:
      return step;
    case DurationExpr::Op::kRange:
      return range;
    case DurationExpr::Op::kMin:
      return std::min(left, right);
    case DurationExpr::Op::kMax:
      return std::max(left, right);
  }
  return 0.0;
}

}  // namespace

Result<std::int64_t> Resolve(const Duration& duration, std::int64_t step_ms,
                             std::int64_t query_range_ms) {
  if (!duration.expr) return duration.ms;
  DROVER_TRY(const double seconds, Seconds(*duration.expr, static_cast<double>(step_ms) / 1000,
                                           static_cast<double>(query_range_ms) / 1000));
  const double ns = std::round(seconds * 1e9);
  if (!(std::fabs(ns) < 9.2e18)) return Fail(ErrorCode::kInvalid, "duration out of range");
  return static_cast<std::int64_t>(ns) / 1'000'000;
}

}  // namespace drover::promql
