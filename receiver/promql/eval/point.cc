#include "receiver/promql/eval/point.h"

#include "receiver/promql/histogram/arithmetic.h"
#include "receiver/promql/histogram/buckets.h"
#include "receiver/promql/histogram/trim.h"

namespace drover::promql {
namespace {

Point Incompatible(Evaluator& evaluator, const Binary& binary, const Point& lhs, const Point& rhs) {
  const auto kind = [](const Point& p) { return p.histogram ? "histogram" : "float"; };
  const std::string op(Text(binary.op));
  evaluator.context().annotations.Info(
      binary.range, "incompatible sample types encountered for binary operator \"" + op +
                        "\": " + kind(lhs) + " " + op + " " + kind(rhs));
  return Point::None();
}

Point Sum(Evaluator& evaluator, const Binary& binary, const Point& lhs, const Point& rhs) {
  const bool minus = binary.op == BinaryOp::kSub;
  AddNotes notes;
  FloatHistogram sum = Add(*lhs.histogram, *rhs.histogram, minus ? -1 : 1, notes);
  Annotations& annotations = evaluator.context().annotations;
  if (notes.incompatible) {
    annotations.Warn(binary.range, "incompatible bucket layout encountered for binary operator " +
                                       std::string(Text(binary.op)));
    return Point::None();
  }
  const std::string what = minus ? "subtraction" : "addition";
  if (notes.conflicting_resets) {
    annotations.Warn(binary.range, "conflicting counter resets during histogram " + what);
  }
  if (notes.reconciled_bounds) {
    annotations.Info(binary.range, "mismatched custom buckets were reconciled during " + what);
  }
  if (minus) sum.counter_reset_hint = CounterResetHint::kGauge;
  return Point::Of(std::move(sum));
}

}  // namespace

Result<Point> HistogramBinary(Evaluator& evaluator, const Binary& binary, const Point& lhs,
                              const Point& rhs) {
  const bool both = lhs.histogram && rhs.histogram;
  switch (binary.op) {
    case BinaryOp::kAdd:
    case BinaryOp::kSub:
      if (both) return Sum(evaluator, binary, lhs, rhs);
      break;
    case BinaryOp::kMul:
      if (!both) {
        return Point::Of(lhs.histogram ? Multiplied(*lhs.histogram, rhs.value)
                                       : Multiplied(*rhs.histogram, lhs.value));
      }
      break;
    case BinaryOp::kDiv:
      if (!rhs.histogram) return Point::Of(Divided(*lhs.histogram, rhs.value));
      break;
    case BinaryOp::kEqual:
    case BinaryOp::kNotEqual:
      if (both) {
        const bool same = SameHistogram(*lhs.histogram, *rhs.histogram);
        const bool holds = same == (binary.op == BinaryOp::kEqual);
        if (binary.return_bool) return Point{holds ? 1.0 : 0.0, nullptr};
        return holds ? lhs : Point::None();
      }
      break;
    case BinaryOp::kTrimUpper:
    case BinaryOp::kTrimLower:
      if (lhs.histogram && !rhs.histogram) {
        return Point::Of(Trimmed(*lhs.histogram, rhs.value, binary.op == BinaryOp::kTrimUpper));
      }
      break;
    default:
      break;
  }
  return Incompatible(evaluator, binary, lhs, rhs);
}

void SetPoint(Column& column, std::size_t step, Point point) {
  column.values[step - column.first] = point.value;
  if (point.histogram && column.histograms.empty()) column.histograms.resize(column.values.size());
  if (!column.histograms.empty()) {
    column.histograms[step - column.first] = std::move(point.histogram);
  }
}

}  // namespace drover::promql
