#include <cmath>

#include "core/base/numbers.h"
#include "receiver/promql/parser_impl.h"

namespace drover::promql {

ExprPtr Parser::Bracket(ExprPtr expr) {
  Next();
  Duration window;
  if (!DurationOf(window, "subquery or range selector")) return nullptr;
  if (IsPunctuation(Peek(), ":")) return SubqueryRest(std::move(expr), std::move(window));
  if (!Take("]")) return Unexpected("subquery or range", "\":\" or \"]\"");
  const TextRange range{expr->range.begin, LastEnd()};
  if (expr->kind != ExprKind::kVectorSelector) {
    return Refuse(range, "ranges only allowed for vector selectors");
  }
  auto& selector = static_cast<VectorSelector&>(*expr);
  if (selector.shift.has_offset) {
    return Refuse(range, "no offset modifiers allowed before range");
  }
  if (selector.shift.at != AtKind::kNone) {
    return Refuse(range, "no @ modifiers allowed before range");
  }
  auto matrix = std::make_unique<MatrixSelector>();
  matrix->selector.reset(static_cast<VectorSelector*>(expr.release()));
  matrix->window = std::move(window);
  matrix->range = range;
  matrix->depth = 2;
  return matrix;
}

ExprPtr Parser::SubqueryRest(ExprPtr expr, Duration window) {
  Next();
  auto subquery = std::make_unique<Subquery>();
  subquery->window = std::move(window);
  if (!IsPunctuation(Peek(), "]")) {
    Duration step;
    if (!DurationOf(step, "subquery selector")) return nullptr;
    subquery->step = std::move(step);
  }
  if (!Take("]")) return Unexpected("subquery selector", "\"]\"");
  subquery->range = {expr->range.begin, LastEnd()};
  subquery->depth = expr->depth + 1;
  subquery->expr = std::move(expr);
  return subquery;
}

Shift* Parser::ShiftOf(Expr& expr) {
  if (expr.kind == ExprKind::kVectorSelector) return &static_cast<VectorSelector&>(expr).shift;
  if (expr.kind == ExprKind::kMatrixSelector) {
    return &static_cast<MatrixSelector&>(expr).selector->shift;
  }
  if (expr.kind == ExprKind::kSubquery) return &static_cast<Subquery&>(expr).shift;
  return nullptr;
}

ExprPtr Parser::Offset(ExprPtr expr) {
  Next();
  Duration offset;
  if (!OffsetValue(offset)) return nullptr;
  Shift* shift = ShiftOf(*expr);
  expr->range.end = LastEnd();
  if (shift == nullptr) {
    return Refuse(expr->range,
                  "offset modifier must be preceded by an instant vector selector or range "
                  "vector selector or a subquery");
  }
  if (shift->has_offset) return Refuse(expr->range, "offset may not be set multiple times");
  shift->has_offset = true;
  shift->offset = std::move(offset);
  return expr;
}

ExprPtr Parser::At(ExprPtr expr) {
  Next();
  Shift at;
  if ((IsWord(Peek(), "start") || IsWord(Peek(), "end")) && IsPunctuation(Peek(1), "(")) {
    at.at = LowerCase(Next().text) == "start" ? AtKind::kStart : AtKind::kEnd;
    Next();
    if (!Take(")")) return Unexpected("@", "\")\"");
  } else {
    double sign = 1;
    if (IsSign(Peek())) sign = Next().text == "-" ? -1 : 1;
    if (!IsNumber(Peek())) return Unexpected("@", "timestamp");
    const double seconds = sign * Next().number;
    if (!(std::fabs(seconds) < 9.223372036854775e15)) {
      std::string text = "timestamp out of bounds for @ modifier: ";
      AppendFloatF(text, seconds);
      return Refuse(expr->range, text);
    }
    at.at = AtKind::kTime;
    at.at_ms = static_cast<std::int64_t>(std::llround(seconds * 1000));
  }
  Shift* shift = ShiftOf(*expr);
  expr->range.end = LastEnd();
  if (shift == nullptr) {
    return Refuse(expr->range,
                  "@ modifier must be preceded by an instant vector selector or range vector "
                  "selector or a subquery");
  }
  if (shift->at != AtKind::kNone) {
    return Refuse(expr->range, "@ <timestamp> may not be set multiple times");
  }
  shift->at = at.at;
  shift->at_ms = at.at_ms;
  return expr;
}

ExprPtr Parser::Extend(ExprPtr expr) {
  const Token& word = Next();
  const std::string lower = LowerCase(word.text);
  if (!options_.extended_range_selectors) {
    return Refuse(word.range(), lower + " modifier is experimental and not enabled");
  }
  const bool anchored = lower == "anchored";
  VectorSelector* selector = nullptr;
  if (expr->kind == ExprKind::kVectorSelector && !anchored) {
    selector = static_cast<VectorSelector*>(expr.get());
  } else if (expr->kind == ExprKind::kMatrixSelector) {
    selector = static_cast<MatrixSelector&>(*expr).selector.get();
  }
  expr->range.end = LastEnd();
  if (selector == nullptr) {
    return Refuse(expr->range,
                  anchored ? "anchored modifier must be preceded by a range vector selector"
                           : "smoothed modifier must be preceded by an instant vector selector "
                             "or range vector selector");
  }
  if (selector->extension != Extension::kNone) {
    return Refuse(expr->range, "anchored and smoothed may be set only once");
  }
  selector->extension = anchored ? Extension::kAnchored : Extension::kSmoothed;
  return expr;
}

}  // namespace drover::promql
