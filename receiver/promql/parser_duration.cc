#include <utility>

#include "receiver/promql/parser_impl.h"

namespace drover::promql {

bool Parser::DurationOf(Duration& out, std::string_view context) {
  const std::size_t begin = Peek().begin;
  std::unique_ptr<DurationExpr> expr = DurationExpression(kAnyPrecedence, context);
  if (!expr) return false;
  const bool simple = Finish(std::move(expr), out);
  if (simple && out.ms <= 0) {
    Refuse({begin, LastEnd()}, "duration must be greater than 0");
    return false;
  }
  return Allowed(simple, begin);
}

bool Parser::OffsetValue(Duration& out) {
  const std::size_t begin = Peek().begin;
  std::unique_ptr<DurationExpr> expr = DurationTerm("offset");
  return expr && Allowed(Finish(std::move(expr), out), begin);
}

bool Parser::Allowed(bool simple, std::size_t begin) {
  if (simple || options_.duration_expressions) return true;
  Refuse({begin, LastEnd()}, "experimental duration expression is not enabled");
  return false;
}

bool Parser::Finish(std::unique_ptr<DurationExpr> expr, Duration& out) {
  const bool signed_number = expr->op == DurationExpr::Op::kNegate && !expr->parens &&
                             expr->rhs->op == DurationExpr::Op::kNumber && !expr->rhs->parens;
  const bool simple = signed_number || (expr->op == DurationExpr::Op::kNumber && !expr->parens);
  out.expr = std::move(expr);
  if (!simple) return false;
  const auto ms = Resolve(out, 0, 0);
  if (!ms) return false;
  out.ms = *ms;
  out.expr.reset();
  return true;
}

std::unique_ptr<DurationExpr> Parser::DurationExpression(int min_precedence,
                                                         std::string_view context) {
  const Nesting nesting(*this);
  if (TooDeep(0)) return nullptr;
  std::unique_ptr<DurationExpr> lhs = DurationTerm(context);
  int length = 0;
  while (lhs) {
    const std::optional<OperatorToken> op = OperatorOf(Peek());
    if (!op || op->precedence < min_precedence) return lhs;
    static constexpr std::pair<BinaryOp, DurationExpr::Op> kOps[] = {
        {BinaryOp::kAdd, DurationExpr::Op::kAdd}, {BinaryOp::kSub, DurationExpr::Op::kSub},
        {BinaryOp::kMul, DurationExpr::Op::kMul}, {BinaryOp::kDiv, DurationExpr::Op::kDiv},
        {BinaryOp::kMod, DurationExpr::Op::kMod}, {BinaryOp::kPow, DurationExpr::Op::kPow}};
    const auto* found = std::find_if(std::begin(kOps), std::end(kOps),
                                     [&](const auto& row) { return row.first == op->op; });
    if (found == std::end(kOps)) return lhs;
    if (TooDeep(++length)) return nullptr;
    Next();
    auto binary = std::make_unique<DurationExpr>();
    binary->op = found->second;
    binary->lhs = std::move(lhs);
    binary->rhs =
        DurationExpression(op->op == BinaryOp::kPow ? op->precedence : op->precedence + 1, context);
    if (!binary->rhs) return nullptr;
    lhs = std::move(binary);
  }
  return nullptr;
}

std::unique_ptr<DurationExpr> Parser::DurationTerm(std::string_view context) {
  const Nesting nesting(*this);
  if (TooDeep(0)) return nullptr;
  auto expr = std::make_unique<DurationExpr>();
  const Token& token = Peek();
  if (IsSign(token)) {
    Next();
    // In brackets the sign binds like everywhere, below ^; after offset it takes one term.
    std::unique_ptr<DurationExpr> operand = context == "offset"
                                                ? DurationTerm(context)
                                                : DurationExpression(kUnaryPrecedence + 1, context);
    if (!operand || token.text == "+") return operand;
    expr->op = DurationExpr::Op::kNegate;
    expr->rhs = std::move(operand);
    return expr;
  }
  if (IsNumber(token)) {
    expr->number = token.number;
    expr->is_duration = token.kind == TokenKind::kDuration;
    Next();
    return expr;
  }
  if (IsPunctuation(token, "(")) {
    Next();
    expr = DurationExpression(kAnyPrecedence, "duration expression");
    if (!expr) return nullptr;
    expr->parens = true;
    if (!Take(")")) return Unexpected(context, "\")\"");
    return expr;
  }
  if (IsPunctuation(Peek(1), "(")) {
    if (IsWord(token, "step") || IsWord(token, "range")) {
      expr->op =
          LowerCase(Next().text) == "step" ? DurationExpr::Op::kStep : DurationExpr::Op::kRange;
      Next();
      if (!Take(")")) return Unexpected(context, "\")\"");
      return expr;
    }
    if (IsWord(token, "min_of") || IsWord(token, "max_of")) return MinMax(context);
  }
  return Unexpected(context, "number, duration, step(), or range()");
}

std::unique_ptr<DurationExpr> Parser::MinMax(std::string_view context) {
  auto expr = std::make_unique<DurationExpr>();
  expr->op = LowerCase(Next().text) == "min_of" ? DurationExpr::Op::kMin : DurationExpr::Op::kMax;
  Next();
  expr->lhs = DurationExpression(kAnyPrecedence, "duration expression");
  if (!expr->lhs) return nullptr;
  if (!Take(",")) return Unexpected(context, "\",\"");
  expr->rhs = DurationExpression(kAnyPrecedence, "duration expression");
  if (!expr->rhs) return nullptr;
  if (!Take(")")) return Unexpected(context, "\")\"");
  return expr;
}

}  // namespace drover::promql
