#include "receiver/promql/ast.h"

#include <array>

#include "receiver/promql/signatures.h"

namespace drover::promql {
namespace {

constexpr std::array<std::string_view, 14> kAggregates = {
    "sum",    "avg",  "min",     "max",      "count",        "group",  "stddev",
    "stdvar", "topk", "bottomk", "quantile", "count_values", "limitk", "limit_ratio"};
constexpr std::array<std::string_view, 18> kBinaryOps = {"+",      "-",     "*",  "/",   "%",
                                                         "^",      "atan2", "==", "!=",  ">",
                                                         "<",      ">=",    "<=", "and", "or",
                                                         "unless", "</",    ">/"};

}  // namespace

std::string_view Text(ValueType type) {
  constexpr std::string_view kNames[] = {"none", "scalar", "vector", "matrix", "string"};
  return kNames[static_cast<std::size_t>(type)];
}

std::string_view DocumentedText(ValueType type) {
  if (type == ValueType::kVector) return "instant vector";
  if (type == ValueType::kMatrix) return "range vector";
  return Text(type);
}

ValueType Call::type() const { return signature->returns; }

std::string_view Text(AggregateOp op) { return kAggregates[static_cast<std::size_t>(op)]; }

std::optional<AggregateOp> AggregateOpOf(std::string_view lower_case) {
  for (std::size_t i = 0; i < kAggregates.size(); ++i) {
    if (kAggregates[i] == lower_case) return static_cast<AggregateOp>(i);
  }
  return std::nullopt;
}

bool TakesParameter(AggregateOp op) { return op >= AggregateOp::kTopK; }

std::string_view Text(BinaryOp op) { return kBinaryOps[static_cast<std::size_t>(op)]; }
bool IsComparison(BinaryOp op) { return op >= BinaryOp::kEqual && op <= BinaryOp::kLessEqual; }
bool IsSetOperator(BinaryOp op) { return op >= BinaryOp::kAnd && op <= BinaryOp::kUnless; }

const Expr& Unwrap(const Expr& expr) {
  const Expr* inner = &expr;
  while (inner->kind == ExprKind::kParen) inner = inner->As<Paren>().expr.get();
  return *inner;
}

}  // namespace drover::promql
