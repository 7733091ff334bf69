// Inside the engine: evaluates a tree at all times of a grid at once.
#pragma once

#include <string>
#include <vector>

#include "core/base/json_escape.h"
#include "core/base/result.h"
#include "receiver/promql/ast.h"
#include "receiver/promql/eval/column.h"
#include "receiver/promql/eval/context.h"

namespace drover::promql {

struct Value {
  ValueType type = ValueType::kVector;
  std::vector<Column> columns;  // vector
  std::vector<double> scalars;  // scalar: one per step
  std::string text;             // string

  static Value Vector(std::vector<Column> columns) {
    Value v;
    v.columns = std::move(columns);
    return v;
  }
  static Value Scalar(std::vector<double> scalars) {
    Value v;
    v.type = ValueType::kScalar;
    v.scalars = std::move(scalars);
    return v;
  }
};

// One thread at a time.
class Evaluator {
 public:
  Evaluator(Context& context, const Grid& grid) : context_(context), grid_(grid) {}

  // Of every type but matrix.
  Result<Value> Eval(const Expr& expr);
  Result<std::vector<Column>> Vector(const Expr& expr);
  Result<std::vector<double>> Scalars(const Expr& expr);
  static const std::string& String(const Expr& expr);  // a string literal, perhaps in parentheses

  Context& context() { return context_; }
  const Grid& grid() const { return grid_; }

  // What functions and operators do that lose the metric name: now, or marked for the end.
  void DropName(Column& column) const;
  // Drops them all and merges what became equal.
  Status DropNames(std::vector<Column>& columns) const;
  // Removes the name (and type and unit) at once.
  Labels WithoutName(const Labels& labels) const;

  // The time a selector or subquery looks at for step k.
  Result<std::int64_t> ReferenceTime(const Shift& shift, std::int64_t t) const;
  Result<std::int64_t> ResolveMs(const Duration& duration) const {
    return Resolve(duration, context_.step, context_.end - context_.start);
  }

 private:
  Result<Value> Node(const Expr& expr);
  Result<Value> EvalSelector(const VectorSelector& selector);
  Result<Value> EvalUnary(const Unary& unary);
  Result<Value> EvalBinary(const Binary& binary);
  Result<Value> EvalAggregate(const Aggregate& aggregate);
  Result<Value> EvalCall(const Call& call);
  Result<Value> Once(const Expr& expr);

  Context& context_;
  Grid grid_;
};

// The same at every step: all selectors in it have @, and nothing asks for the time.
bool IsStepInvariant(const Expr& expr);

// Each instant selector's newest sample, or its time in seconds (timestamp() of a bare selector).
enum class SelectorOutput { kValue, kTimestamp };
Result<std::vector<Column>> SelectInstant(Evaluator& evaluator, const VectorSelector& selector,
                                          SelectorOutput output);

Result<Value> EvalVectorBinary(Evaluator& evaluator, const Binary& binary, std::vector<Column> lhs,
                               std::vector<Column> rhs);
Result<Value> EvalSetOperator(Evaluator& evaluator, const Binary& binary, std::vector<Column> lhs,
                              std::vector<Column> rhs);

// nullptr when the engine lacks it.
using FunctionImpl = Result<Value> (*)(Evaluator& evaluator, const Call& call);
FunctionImpl FindFunction(std::string_view name);

}  // namespace drover::promql
