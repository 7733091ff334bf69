// A parsed PromQL expression. The tree is immutable after Parse and may be shared by threads and
// by many evaluations; what depends on a query (its step, start and end) is resolved while it runs.
//
//   if (expr.kind == ExprKind::kCall) { const auto& call = expr.As<Call>(); … }
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/matcher.h"

namespace drover::promql {

// Bytes [begin, end) of the query text.
struct TextRange {
  std::size_t begin = 0;
  std::size_t end = 0;
};

enum class ValueType { kNone, kScalar, kVector, kMatrix, kString };
// none, scalar, vector, matrix, string: as the HTTP API writes result types.
std::string_view Text(ValueType type);
// "instant vector", "range vector" … as the documentation and error texts call them.
std::string_view DocumentedText(ValueType type);

enum class ExprKind {
  kNumber,
  kString,
  kVectorSelector,
  kMatrixSelector,
  kSubquery,
  kCall,
  kAggregate,
  kBinary,
  kUnary,
  kParen,
};

struct Expr {
  virtual ~Expr() = default;
  template <typename T>
  const T& As() const {
    return static_cast<const T&>(*this);
  }
  virtual ValueType type() const = 0;

  const ExprKind kind;
  TextRange range;
  int depth = 1;  // of the tree below; Parse refuses more than kMaxDepth

 protected:
  explicit Expr(ExprKind k) : kind(k) {}
};
using ExprPtr = std::unique_ptr<Expr>;
inline constexpr int kMaxDepth = 500;

struct NumberLiteral final : Expr {
  NumberLiteral() : Expr(ExprKind::kNumber) {}
  ValueType type() const override { return ValueType::kScalar; }
  double value = 0;
  bool is_duration = false;  // written as 5m; keeps that form when printed
};

struct StringLiteral final : Expr {
  StringLiteral() : Expr(ExprKind::kString) {}
  ValueType type() const override { return ValueType::kString; }
  std::string value;
};

// Arithmetic on durations inside […] and after offset. Values are seconds.
struct DurationExpr {
  enum class Op { kNumber, kNegate, kAdd, kSub, kMul, kDiv, kMod, kPow, kStep, kRange, kMin, kMax };
  Op op = Op::kNumber;
  double number = 0;
  bool is_duration = false;
  bool parens = false;                     // written in parentheses
  std::unique_ptr<DurationExpr> lhs, rhs;  // kNegate has only rhs
};

// A length of time in the query: a constant, or an expression over the query's step and range.
struct Duration {
  std::int64_t ms = 0;
  std::shared_ptr<const DurationExpr> expr;  // when set, `ms` has no meaning
};
// kInvalid: division by zero, not finite.
Result<std::int64_t> Resolve(const Duration& duration, std::int64_t step_ms,
                             std::int64_t query_range_ms);

enum class AtKind { kNone, kTime, kStart, kEnd };
// `offset` and `@` of a selector or subquery.
struct Shift {
  AtKind at = AtKind::kNone;
  std::int64_t at_ms = 0;
  bool has_offset = false;
  Duration offset;
};

enum class Extension { kNone, kAnchored, kSmoothed };

struct VectorSelector final : Expr {
  VectorSelector() : Expr(ExprKind::kVectorSelector) {}
  ValueType type() const override { return ValueType::kVector; }
  std::string name;               // written before the braces; else empty
  std::vector<Matcher> matchers;  // the name's among them, last
  Shift shift;
  Extension extension = Extension::kNone;
  // As the second argument of info(): only matchers, may be empty.
  bool labels_only = false;
};

struct MatrixSelector final : Expr {
  MatrixSelector() : Expr(ExprKind::kMatrixSelector) {}
  ValueType type() const override { return ValueType::kMatrix; }
  std::unique_ptr<VectorSelector> selector;
  Duration window;
};

struct Subquery final : Expr {
  Subquery() : Expr(ExprKind::kSubquery) {}
  ValueType type() const override { return ValueType::kMatrix; }
  ExprPtr expr;
  Duration window;
  std::optional<Duration> step;
  Shift shift;
};

struct Signature;  // signatures.h

struct Call final : Expr {
  Call() : Expr(ExprKind::kCall) {}
  ValueType type() const override;
  const Signature* signature = nullptr;
  std::vector<ExprPtr> args;
};

enum class AggregateOp {
  kSum,
  kAvg,
  kMin,
  kMax,
  kCount,
  kGroup,
  kStddev,
  kStdvar,
  kTopK,
  kBottomK,
  kQuantile,
  kCountValues,
  kLimitK,
  kLimitRatio,
};
std::string_view Text(AggregateOp op);
std::optional<AggregateOp> AggregateOpOf(std::string_view lower_case);
bool TakesParameter(AggregateOp op);

struct Aggregate final : Expr {
  Aggregate() : Expr(ExprKind::kAggregate) {}
  ValueType type() const override { return ValueType::kVector; }
  AggregateOp op = AggregateOp::kSum;
  ExprPtr expr;
  ExprPtr param;  // may be null
  bool without = false;
  std::vector<std::string> grouping;  // as written
};

enum class BinaryOp {
  kAdd,
  kSub,
  kMul,
  kDiv,
  kMod,
  kPow,
  kAtan2,
  kEqual,
  kNotEqual,
  kGreater,
  kLess,
  kGreaterEqual,
  kLessEqual,
  kAnd,
  kOr,
  kUnless,
  kTrimUpper,  // </
  kTrimLower,  // >/
};
std::string_view Text(BinaryOp op);
bool IsComparison(BinaryOp op);  // == != > < >= <=
bool IsSetOperator(BinaryOp op);

enum class Cardinality { kOneToOne, kManyToOne, kOneToMany, kManyToMany };
struct Matching {
  Cardinality cardinality = Cardinality::kOneToOne;
  bool on = false;       // else ignoring
  bool written = false;  // on or ignoring stands in the text
  bool grouped = false;  // group_left or group_right stands in the text
  std::vector<std::string> labels;
  std::vector<std::string> include;
  std::optional<double> fill_left, fill_right;
};

struct Binary final : Expr {
  Binary() : Expr(ExprKind::kBinary) {}
  ValueType type() const override {
    return lhs->type() == ValueType::kScalar && rhs->type() == ValueType::kScalar
               ? ValueType::kScalar
               : ValueType::kVector;
  }
  BinaryOp op = BinaryOp::kAdd;
  ExprPtr lhs, rhs;
  bool return_bool = false;
  Matching matching;
  TextRange op_range;
};

struct Unary final : Expr {
  Unary() : Expr(ExprKind::kUnary) {}
  ValueType type() const override { return expr->type(); }
  bool negative = false;
  ExprPtr expr;
};

struct Paren final : Expr {
  Paren() : Expr(ExprKind::kParen) {}
  ValueType type() const override { return expr->type(); }
  ExprPtr expr;
};

// `expr` without parentheses around it.
const Expr& Unwrap(const Expr& expr);

// Calls visit(child) for each direct sub-expression (a matrix selector's selector included).
template <typename Visit>
void ForEachChild(const Expr& expr, Visit&& visit) {
  switch (expr.kind) {
    case ExprKind::kNumber:
    case ExprKind::kString:
    case ExprKind::kVectorSelector:
      break;
    case ExprKind::kMatrixSelector:
      visit(static_cast<const Expr&>(*expr.As<MatrixSelector>().selector));
      break;
    case ExprKind::kSubquery:
      visit(static_cast<const Expr&>(*expr.As<Subquery>().expr));
      break;
    case ExprKind::kCall:
      for (const ExprPtr& arg : expr.As<Call>().args) visit(static_cast<const Expr&>(*arg));
      break;
    case ExprKind::kAggregate:
      if (expr.As<Aggregate>().param) visit(static_cast<const Expr&>(*expr.As<Aggregate>().param));
      visit(static_cast<const Expr&>(*expr.As<Aggregate>().expr));
      break;
    case ExprKind::kBinary:
      visit(static_cast<const Expr&>(*expr.As<Binary>().lhs));
      visit(static_cast<const Expr&>(*expr.As<Binary>().rhs));
      break;
    case ExprKind::kUnary:
      visit(static_cast<const Expr&>(*expr.As<Unary>().expr));
      break;
    case ExprKind::kParen:
      visit(static_cast<const Expr&>(*expr.As<Paren>().expr));
      break;
  }
}

}  // namespace drover::promql
