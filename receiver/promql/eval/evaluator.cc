#include "receiver/promql/eval/evaluator.h"

#include <algorithm>
#include <array>

#include "receiver/promql/eval/arithmetic.h"
#include "receiver/promql/eval/point.h"
#include "receiver/promql/histogram/arithmetic.h"
#include "receiver/promql/histogram/buckets.h"
#include "receiver/promql/signatures.h"

namespace drover::promql {
namespace {

std::size_t CountSamples(const Value& value) {
  std::size_t n = value.scalars.size();
  for (const Column& column : value.columns) {
    n += column.CountSamples();
    for (const HistogramPtr& h : column.histograms) n += h ? SampleSize(*h) : 0;
  }
  return n;
}

bool AsksForTheTime(std::string_view function) {
  constexpr std::array<std::string_view, 11> kNames = {
      "time",   "days_in_month", "day_of_month", "day_of_week",    "day_of_year", "hour",
      "minute", "month",         "year",         "predict_linear", "timestamp"};
  return std::find(kNames.begin(), kNames.end(), function) != kNames.end();
}

// A scalar operator with a vector: `swapped` when the scalar stands left.
template <bool swapped>
void ScalarLoop(const Binary& binary, Column& column, const std::vector<double>& scalars) {
  WithScalarOperator(binary.op, [&](auto op) {
    const bool comparison = IsComparison(binary.op);
    for (std::size_t i = 0; i < column.values.size(); ++i) {
      double& v = column.values[i];
      if (IsAbsent(v)) continue;
      const double s = scalars[column.first + i];
      const double result = swapped ? op(s, v) : op(v, s);
      if (!comparison || binary.return_bool) {
        v = result;
      } else if (result == 0) {
        v = Absent();
      }
    }
  });
}

// Element by element, for columns that hold histograms.
Status HistogramsWithScalars(Evaluator& evaluator, const Binary& binary, Column& column,
                             bool swapped, const std::vector<double>& scalars) {
  for (std::size_t i = 0; i < column.values.size(); ++i) {
    if (IsAbsent(column.values[i])) continue;
    const std::size_t k = column.first + i;
    const Point element = Point::Of(column, k);
    const Point scalar{scalars[k], nullptr};
    const Point& left = swapped ? scalar : element;
    const Point& right = swapped ? element : scalar;
    Point result = Point::None();
    if (element.histogram) {
      DROVER_TRY(result, HistogramBinary(evaluator, binary, left, right));
    } else {
      WithScalarOperator(binary.op, [&](auto op) {
        const double v = op(left.value, right.value);
        if (!IsComparison(binary.op) || binary.return_bool) {
          result.value = v;
        } else if (v != 0) {
          result = element;
        }
      });
    }
    SetPoint(column, k, std::move(result));
  }
  return {};
}

}  // namespace

bool IsStepInvariant(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kVectorSelector:
      return expr.As<VectorSelector>().shift.at != AtKind::kNone;
    case ExprKind::kMatrixSelector:
      return expr.As<MatrixSelector>().selector->shift.at != AtKind::kNone;
    case ExprKind::kSubquery:
      return expr.As<Subquery>().shift.at != AtKind::kNone;
    case ExprKind::kCall: {
      const auto& call = expr.As<Call>();
      if (call.signature->name == "timestamp" &&
          Unwrap(*call.args[0]).kind == ExprKind::kVectorSelector) {
        break;
      }
      if (AsksForTheTime(call.signature->name)) return false;
      break;
    }
    default:
      break;
  }
  bool invariant = true;
  ForEachChild(expr, [&](const Expr& child) { invariant = invariant && IsStepInvariant(child); });
  return invariant;
}

Result<Value> Evaluator::Eval(const Expr& expr) {
  if (expr.kind == ExprKind::kParen) return Eval(*expr.As<Paren>().expr);
  const std::size_t held_before = context_.budget.held();
  const bool literal = expr.kind == ExprKind::kNumber || expr.kind == ExprKind::kString;
  auto value = !literal && grid_.size > 1 && IsStepInvariant(expr) ? Once(expr) : Node(expr);
  if (!value) return value;
  const std::size_t children = context_.budget.held() - held_before;
  DROVER_CHECK(context_.budget.Hold(CountSamples(*value)));
  context_.budget.Release(children);
  return value;
}

Result<Value> Evaluator::Once(const Expr& expr) {
  Evaluator single(context_, Grid{grid_.start, grid_.step, 1});
  DROVER_TRY(Value value, single.Eval(expr));
  for (Column& column : value.columns) {
    if (column.values.empty()) continue;
    column.values.assign(grid_.size, column.values.front());
    if (!column.histograms.empty()) column.histograms.assign(grid_.size, column.histograms.front());
  }
  if (!value.scalars.empty()) value.scalars.assign(grid_.size, value.scalars.front());
  return value;
}

Result<Value> Evaluator::Node(const Expr& expr) {
  DROVER_CHECK(context_.Continue());
  switch (expr.kind) {
    case ExprKind::kNumber:
      return Value::Scalar(std::vector<double>(grid_.size, expr.As<NumberLiteral>().value));
    case ExprKind::kString: {
      Value value;
      value.type = ValueType::kString;
      value.text = expr.As<StringLiteral>().value;
      return value;
    }
    case ExprKind::kVectorSelector:
      return EvalSelector(expr.As<VectorSelector>());
    case ExprKind::kUnary:
      return EvalUnary(expr.As<Unary>());
    case ExprKind::kBinary:
      return EvalBinary(expr.As<Binary>());
    case ExprKind::kAggregate:
      return EvalAggregate(expr.As<Aggregate>());
    case ExprKind::kCall:
      return EvalCall(expr.As<Call>());
    case ExprKind::kParen:
    case ExprKind::kMatrixSelector:
    case ExprKind::kSubquery:
      break;
  }
  return Fail(ErrorCode::kInvalid, "a range vector has no value here");
}

Result<std::vector<Column>> Evaluator::Vector(const Expr& expr) {
  DROVER_TRY(Value value, Eval(expr));
  return std::move(value.columns);
}

Result<std::vector<double>> Evaluator::Scalars(const Expr& expr) {
  DROVER_TRY(Value value, Eval(expr));
  return std::move(value.scalars);
}

const std::string& Evaluator::String(const Expr& expr) {
  return Unwrap(expr).As<StringLiteral>().value;
}

Labels Evaluator::WithoutName(const Labels& labels) const {
  if (!labels.Has(kMetricName) && !context_.options.type_and_unit_labels) return labels;
  LabelsBuilder builder(labels);
  builder.Del(kMetricName);
  if (context_.options.type_and_unit_labels) {
    builder.Del("__type__");
    builder.Del("__unit__");
  }
  return builder.Build();
}

void Evaluator::DropName(Column& column) const {
  if (context_.options.delayed_name_removal) {
    column.drop_name = true;
  } else {
    column.labels = WithoutName(column.labels);
  }
}

Status Evaluator::DropNames(std::vector<Column>& columns) const {
  for (Column& column : columns) DropName(column);
  if (context_.options.delayed_name_removal) return {};
  return MergeEqualLabels(columns, kSameLabelset);
}

Result<std::int64_t> Evaluator::ReferenceTime(const Shift& shift, std::int64_t t) const {
  std::int64_t offset = 0;
  if (shift.has_offset) {
    DROVER_TRY(offset, ResolveMs(shift.offset));
  }
  switch (shift.at) {
    case AtKind::kNone:
      break;
    case AtKind::kTime:
      t = shift.at_ms;
      break;
    case AtKind::kStart:
      t = context_.start;
      break;
    case AtKind::kEnd:
      t = context_.end;
      break;
  }
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(t) -
                                   static_cast<std::uint64_t>(offset));
}

Result<Value> Evaluator::EvalSelector(const VectorSelector& selector) {
  DROVER_TRY(auto columns, SelectInstant(*this, selector, SelectorOutput::kValue));
  return Value::Vector(std::move(columns));
}

Result<Value> Evaluator::EvalUnary(const Unary& unary) {
  DROVER_TRY(Value value, Eval(*unary.expr));
  if (!unary.negative) return value;
  for (double& v : value.scalars) v = -v;
  for (Column& column : value.columns) {
    for (double& v : column.values) {
      if (!IsAbsent(v)) v = -v;
    }
    for (HistogramPtr& h : column.histograms) {
      if (h) h = std::make_shared<const FloatHistogram>(Multiplied(*h, -1));
    }
  }
  DROVER_CHECK(DropNames(value.columns));
  return value;
}

Result<Value> Evaluator::EvalCall(const Call& call) {
  const FunctionImpl impl = FindFunction(call.signature->name);
  if (impl == nullptr) {
    return Fail(ErrorCode::kUnsupported,
                "function \"" + std::string(call.signature->name) + "\" is not supported");
  }
  return impl(*this, call);
}

Result<Value> Evaluator::EvalBinary(const Binary& binary) {
  DROVER_TRY(Value lhs, Eval(*binary.lhs));
  DROVER_TRY(Value rhs, Eval(*binary.rhs));
  if (lhs.type == ValueType::kVector && rhs.type == ValueType::kVector) {
    if (IsSetOperator(binary.op)) {
      return EvalSetOperator(*this, binary, std::move(lhs.columns), std::move(rhs.columns));
    }
    return EvalVectorBinary(*this, binary, std::move(lhs.columns), std::move(rhs.columns));
  }
  const bool trims = binary.op == BinaryOp::kTrimUpper || binary.op == BinaryOp::kTrimLower;
  if (trims && lhs.type == ValueType::kScalar && rhs.type == ValueType::kScalar) {
    return Value::Scalar(std::vector<double>(grid_.size, std::nan("")));
  }
  if (lhs.type == ValueType::kScalar && rhs.type == ValueType::kScalar) {
    WithScalarOperator(binary.op, [&](auto op) {
      for (std::size_t i = 0; i < lhs.scalars.size(); ++i) {
        lhs.scalars[i] = op(lhs.scalars[i], rhs.scalars[i]);
      }
    });
    return lhs;
  }
  const bool swapped = lhs.type == ValueType::kScalar;
  std::vector<Column>& columns = swapped ? rhs.columns : lhs.columns;
  for (Column& column : columns) {
    if (!column.histograms.empty()) {
      DROVER_CHECK(HistogramsWithScalars(*this, binary, column, swapped,
                                         swapped ? lhs.scalars : rhs.scalars));
    } else if (swapped) {
      ScalarLoop<true>(binary, column, lhs.scalars);
    } else {
      ScalarLoop<false>(binary, column, rhs.scalars);
    }
  }
  std::erase_if(columns, [](const Column& c) { return c.IsEmpty(); });
  const bool keeps_name = (IsComparison(binary.op) && !binary.return_bool) || trims;
  if (!keeps_name) DROVER_CHECK(DropNames(columns));
  return Value::Vector(std::move(columns));
}

}  // namespace drover::promql
