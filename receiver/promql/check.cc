#include <algorithm>
#include <string>

#include "core/model/labels.h"
#include "receiver/promql/parse_errors.h"
#include "receiver/promql/signatures.h"

namespace drover::promql {
namespace {

std::string Quoted(std::string_view text) {
  std::string out;
  AppendGoQuoted(out, text);
  return out;
}

class Checker {
 public:
  explicit Checker(ParseErrors& errors) : errors_(errors) {}

  void Visit(const Expr& expr) {
    ForEachChild(expr, [this](const Expr& child) { Visit(child); });
    switch (expr.kind) {
      case ExprKind::kAggregate:
        return Check(expr.As<Aggregate>());
      case ExprKind::kBinary:
        return Check(expr.As<Binary>());
      case ExprKind::kCall:
        return Check(expr.As<Call>());
      case ExprKind::kUnary:
        return Check(expr.As<Unary>());
      case ExprKind::kSubquery:
        return Check(expr.As<Subquery>());
      case ExprKind::kVectorSelector:
        return Check(expr.As<VectorSelector>());
      default:
        return;
    }
  }

 private:
  void Expect(const Expr& expr, ValueType wanted, const std::string& where) {
    if (expr.type() == wanted) return;
    errors_.Add(expr.range, "expected type " + std::string(DocumentedText(wanted)) + " in " +
                                where + ", got " + std::string(DocumentedText(expr.type())));
  }

  void Check(const Aggregate& a) {
    Expect(*a.expr, ValueType::kVector, "aggregation expression");
    if (a.param) {
      Expect(*a.param, a.op == AggregateOp::kCountValues ? ValueType::kString : ValueType::kScalar,
             "aggregation parameter");
    }
  }

  void Check(const Binary& b) {
    const ValueType left = b.lhs->type();
    const ValueType right = b.rhs->type();
    const bool vectors = left == ValueType::kVector && right == ValueType::kVector;
    const bool scalars = left == ValueType::kScalar && right == ValueType::kScalar;
    if (b.return_bool && !IsComparison(b.op)) {
      errors_.Add(b.op_range, "bool modifier can only be used on comparison operators");
    }
    if (IsComparison(b.op) && !b.return_bool && scalars) {
      errors_.Add(b.op_range, "comparisons between scalars must use BOOL modifier");
    }
    if (IsSetOperator(b.op) && b.matching.grouped) {
      errors_.Add(b.op_range, "no grouping allowed for " + Quoted(Text(b.op)) + " operation");
    }
    if (IsSetOperator(b.op) && (b.matching.fill_left || b.matching.fill_right)) {
      errors_.Add(b.op_range, "filling in missing series not allowed for set operators");
    }
    for (const std::string& label : b.matching.include) {
      if (b.matching.on && std::find(b.matching.labels.begin(), b.matching.labels.end(), label) !=
                               b.matching.labels.end()) {
        errors_.Add(b.op_range,
                    "label " + Quoted(label) + " must not occur in ON and GROUP clause at once");
      }
    }
    for (const Expr* side : {b.lhs.get(), b.rhs.get()}) {
      if (side->type() != ValueType::kScalar && side->type() != ValueType::kVector) {
        errors_.Add(side->range,
                    "binary expression must contain only scalar and instant vector types");
      }
    }
    const bool fills = b.matching.fill_left || b.matching.fill_right;
    if (!vectors && (b.matching.written || fills)) {
      errors_.Add(b.range, fills && !b.matching.written
                               ? "fill modifiers only allowed between instant vectors"
                               : "vector matching only allowed between instant vectors");
    }
    if (IsSetOperator(b.op) && (left == ValueType::kScalar || right == ValueType::kScalar)) {
      errors_.Add(b.range, "set operator " + Quoted(Text(b.op)) +
                               " not allowed in binary scalar expression");
    }
  }

  void Check(const Call& call) {
    const Signature& s = *call.signature;
    const std::size_t n = call.args.size();
    const std::string rest =
        " argument(s) in call to " + Quoted(s.name) + ", got " + std::to_string(n);
    if (s.optional == 0 && n != s.args.size()) {
      errors_.Add(call.range, "expected " + std::to_string(s.args.size()) + rest);
      return;
    }
    if (n < s.min_args()) {
      errors_.Add(call.range, "expected at least " + std::to_string(s.min_args()) + rest);
      return;
    }
    if (n > s.max_args()) {
      errors_.Add(call.range, "expected at most " + std::to_string(s.max_args()) + rest);
      return;
    }
    for (std::size_t i = 0; i < n; ++i) {
      Expect(*call.args[i], s.args[std::min(i, s.args.size() - 1)],
             "call to function " + Quoted(s.name));
    }
    if (s.name == "info" && n == 2) {
      const Expr& second = *call.args[1];
      if (second.kind != ExprKind::kVectorSelector || !second.As<VectorSelector>().name.empty()) {
        errors_.Add(second.range, "expected label selectors only");
      }
    }
  }

  void Check(const Unary& unary) {
    const ValueType type = unary.expr->type();
    if (type != ValueType::kScalar && type != ValueType::kVector) {
      errors_.Add(unary.range,
                  "unary expression only allowed on expressions of type scalar or "
                  "instant vector, got " +
                      Quoted(DocumentedText(type)));
    }
  }

  void Check(const Subquery& subquery) {
    if (subquery.expr->type() != ValueType::kVector) {
      errors_.Add(subquery.range, "subquery is only allowed on instant vector, got " +
                                      std::string(Text(subquery.expr->type())) + " instead");
    }
  }

  void Check(const VectorSelector& selector) {
    if (!selector.name.empty()) {
      for (std::size_t i = 0; i + 1 < selector.matchers.size(); ++i) {
        if (selector.matchers[i].name() != kMetricName) continue;
        errors_.Add(selector.range, "metric name must not be set twice: " + Quoted(selector.name) +
                                        " or " + Quoted(selector.matchers[i].value()));
      }
      return;
    }
    if (selector.labels_only) return;
    for (const Matcher& matcher : selector.matchers) {
      if (!matcher.MatchesEmpty()) return;
    }
    errors_.Add(selector.range, "vector selector must contain at least one non-empty matcher");
  }

  ParseErrors& errors_;
};

}  // namespace

void CheckTypes(const Expr& expr, ParseErrors& errors) { Checker(errors).Visit(expr); }

}  // namespace drover::promql
