#include "receiver/promql/parser.h"

#include <algorithm>
#include <cmath>

#include "core/base/numbers.h"
#include "core/model/labels.h"
#include "receiver/promql/lexer.h"
#include "receiver/promql/parse_errors.h"
#include "receiver/promql/signatures.h"

namespace drover::promql {
namespace {

struct OperatorToken {
  BinaryOp op;
  int precedence;  // higher binds tighter
};
constexpr int kUnaryPrecedence = 5;
constexpr int kPowPrecedence = 6;
// Below any written operator: a fresh expression.
constexpr int kAnyPrecedence = 1;

std::optional<OperatorToken> OperatorOf(const Token& token) {
  struct Row {
    std::string_view text;
    OperatorToken op;
  };
  static constexpr Row kRows[] = {
      {"or", {BinaryOp::kOr, 1}},         {"and", {BinaryOp::kAnd, 2}},
      {"unless", {BinaryOp::kUnless, 2}}, {"==", {BinaryOp::kEqual, 3}},
      {"!=", {BinaryOp::kNotEqual, 3}},   {">", {BinaryOp::kGreater, 3}},
      {"<", {BinaryOp::kLess, 3}},        {">=", {BinaryOp::kGreaterEqual, 3}},
      {"<=", {BinaryOp::kLessEqual, 3}},  {"</", {BinaryOp::kTrimUpper, 3}},
      {">/", {BinaryOp::kTrimLower, 3}},  {"+", {BinaryOp::kAdd, 4}},
      {"-", {BinaryOp::kSub, 4}},         {"*", {BinaryOp::kMul, 5}},
      {"/", {BinaryOp::kDiv, 5}},         {"%", {BinaryOp::kMod, 5}},
      {"atan2", {BinaryOp::kAtan2, 5}},   {"^", {BinaryOp::kPow, kPowPrecedence}},
  };
  if (token.kind != TokenKind::kOperator && token.kind != TokenKind::kIdentifier) {
    return std::nullopt;
  }
  const std::string lower = LowerCase(token.text);
  for (const Row& row : kRows) {
    if (row.text == lower) return row.op;
  }
  return std::nullopt;
}

// Keywords that cannot be metric names.
bool IsReserved(std::string_view lower) {
  return lower == "bool" || lower == "on" || lower == "ignoring" || lower == "group_left" ||
         lower == "group_right";
}

// Sub-parsers answer null (or false) after they have reported an error.
class Parser {
 public:
  Parser(std::string_view query, const ParserOptions& options)
      : query_(query), options_(options), tokens_(Lex(query)), errors_(query) {}

  Result<ExprPtr> Run() {
    if (tokens_.front().kind == TokenKind::kEnd) {
      return Fail(ErrorCode::kInvalid,
                  "unknown position: parse error: no expression found in input");
    }
    ExprPtr expr = Expression(kAnyPrecedence);
    if (expr && Peek().kind != TokenKind::kEnd) Unexpected();
    if (errors_.empty() && expr) CheckTypes(*expr, errors_);
    if (!errors_.empty()) return tl::unexpected(errors_.Joined());
    return expr;
  }

  Result<std::vector<Matcher>> RunSelector() {
    if (tokens_.front().kind == TokenKind::kEnd) {
      return Fail(ErrorCode::kInvalid,
                  "unknown position: parse error: no expression found in input");
    }
    const Token& first = Peek();
    std::unique_ptr<VectorSelector> selector;
    if (IsIdentifier(first) || IsPunctuation(first, "{")) {
      selector = Selector();
      if (selector && Peek().kind != TokenKind::kEnd) Unexpected();
    } else {
      Unexpected();
    }
    if (errors_.empty() && selector) CheckTypes(*selector, errors_);
    if (!errors_.empty()) return tl::unexpected(errors_.Joined());
    return std::move(selector->matchers);
  }

 private:
  const Token& Peek(std::size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  const Token& Next() {
    const Token& token = Peek();
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }
  std::size_t LastEnd() const { return at_ == 0 ? 0 : tokens_[at_ - 1].end; }

  static bool IsPunctuation(const Token& token, std::string_view text) {
    return token.kind == TokenKind::kPunctuation && token.text == text;
  }
  static bool IsIdentifier(const Token& token) {
    return token.kind == TokenKind::kIdentifier || token.kind == TokenKind::kMetricIdentifier;
  }
  static bool IsSign(const Token& token) {
    return token.kind == TokenKind::kOperator && (token.text == "+" || token.text == "-");
  }
  static bool IsNumber(const Token& token) {
    return token.kind == TokenKind::kNumber || token.kind == TokenKind::kDuration;
  }
  bool IsWord(const Token& token, std::string_view lower) const {
    return token.kind == TokenKind::kIdentifier && token.text.size() == lower.size() &&
           LowerCase(token.text) == lower;
  }
  bool Take(std::string_view punctuation) {
    if (!IsPunctuation(Peek(), punctuation)) return false;
    Next();
    return true;
  }
  bool TakeWord(std::string_view lower) {
    if (!IsWord(Peek(), lower)) return false;
    Next();
    return true;
  }

  std::nullptr_t Unexpected(std::string_view context = "", std::string_view expected = "") {
    const Token& token = Peek();
    if (token.kind == TokenKind::kError) {
      errors_.Add(token.range(), token.value);
      return nullptr;
    }
    std::string text = "unexpected " + Describe(token);
    if (!context.empty()) text += " in " + std::string(context);
    if (!expected.empty()) text += ", expected " + std::string(expected);
    errors_.Add(token.range(), text);
    return nullptr;
  }
  std::nullptr_t Refuse(TextRange range, std::string_view text) {
    errors_.Add(range, text);
    return nullptr;
  }

  // Guards the recursion of the parser itself.
  struct Nesting {
    explicit Nesting(Parser& p) : parser(p) { ++parser.nesting_; }
    ~Nesting() { --parser.nesting_; }
    Parser& parser;
  };
  bool TooDeep(int depth) {
    if (depth <= kMaxDepth && nesting_ <= kMaxDepth) return false;
    Refuse(Peek().range(), "expression is nested too deeply");
    return true;
  }

  ExprPtr Expression(int min_precedence) {
    const Nesting nesting(*this);
    if (TooDeep(0)) return nullptr;
    ExprPtr lhs = UnaryExpression();
    while (lhs) {
      const std::optional<OperatorToken> op = OperatorOf(Peek());
      if (!op || op->precedence < min_precedence) return lhs;
      lhs = BinaryRest(std::move(lhs), *op);
    }
    return nullptr;
  }

  ExprPtr BinaryRest(ExprPtr lhs, OperatorToken op) {
    auto binary = std::make_unique<Binary>();
    binary->op = op.op;
    binary->op_range = Next().range();
    if (!BinaryModifiers(*binary)) return nullptr;
    binary->rhs = Expression(op.op == BinaryOp::kPow ? op.precedence : op.precedence + 1);
    if (!binary->rhs) return nullptr;
    binary->range = {lhs->range.begin, binary->rhs->range.end};
    binary->depth = 1 + std::max(lhs->depth, binary->rhs->depth);
    binary->lhs = std::move(lhs);
    if (IsSetOperator(op.op)) binary->matching.cardinality = Cardinality::kManyToMany;
    if (TooDeep(binary->depth)) return nullptr;
    return binary;
  }

  bool BinaryModifiers(Binary& binary) {
    Matching& matching = binary.matching;
    binary.return_bool = TakeWord("bool");
    const bool on = IsWord(Peek(), "on");
    if (on || IsWord(Peek(), "ignoring")) {
      Next();
      matching.written = true;
      matching.on = on;
      if (!LabelList(matching.labels)) return false;
      const bool left = IsWord(Peek(), "group_left");
      if (left || IsWord(Peek(), "group_right")) {
        Next();
        matching.grouped = true;
        matching.cardinality = left ? Cardinality::kManyToOne : Cardinality::kOneToMany;
        if (IsPunctuation(Peek(), "(") && !LabelList(matching.include)) return false;
      }
    }
    return FillModifiers(binary);
  }

  bool FillModifiers(Binary& binary) {
    while (IsPunctuation(Peek(1), "(")) {
      const bool both = IsWord(Peek(), "fill");
      const bool left = IsWord(Peek(), "fill_left");
      if (!both && !left && !IsWord(Peek(), "fill_right")) break;
      const Token& word = Next();
      if (!options_.fill_modifiers) {
        Refuse(word.range(), "binop fill modifiers are experimental and not enabled");
        return false;
      }
      Next();
      double sign = 1;
      if (IsSign(Peek())) sign = Next().text == "-" ? -1 : 1;
      if (!IsNumber(Peek())) {
        Unexpected("fill modifier", "number");
        return false;
      }
      const double value = sign * Next().number;
      if (!Take(")")) {
        Unexpected("fill modifier", "\")\"");
        return false;
      }
      if (both || left) binary.matching.fill_left = value;
      if (both || !left) binary.matching.fill_right = value;
    }
    return true;
  }

  ExprPtr UnaryExpression() {
    const Nesting nesting(*this);
    if (TooDeep(0)) return nullptr;
    if (!IsSign(Peek())) return Postfix();
    const Token& sign = Next();
    ExprPtr operand = Expression(kUnaryPrecedence + 1);
    if (!operand) return nullptr;
    const bool negative = sign.text == "-";
    if (operand->kind == ExprKind::kNumber) {
      auto& number = static_cast<NumberLiteral&>(*operand);
      if (negative) number.value = -number.value;
      number.range.begin = sign.begin;
      return operand;
    }
    auto unary = std::make_unique<Unary>();
    unary->negative = negative;
    unary->range = {sign.begin, operand->range.end};
    unary->depth = operand->depth + 1;
    unary->expr = std::move(operand);
    if (TooDeep(unary->depth)) return nullptr;
    return unary;
  }

  ExprPtr Postfix() {
    ExprPtr expr = Primary();
    while (expr) {
      const Token& token = Peek();
      if (IsPunctuation(token, "[")) {
        expr = Bracket(std::move(expr));
      } else if (IsWord(token, "offset")) {
        expr = Offset(std::move(expr));
      } else if (IsPunctuation(token, "@")) {
        expr = At(std::move(expr));
      } else if (IsWord(token, "anchored") || IsWord(token, "smoothed")) {
        expr = Extend(std::move(expr));
      } else {
        return expr;
      }
      if (expr && TooDeep(expr->depth)) return nullptr;
    }
    return nullptr;
  }

  ExprPtr Primary() {
    const Token& token = Peek();
    switch (token.kind) {
      case TokenKind::kNumber:
      case TokenKind::kDuration: {
        auto number = std::make_unique<NumberLiteral>();
        number->value = token.number;
        number->is_duration = token.kind == TokenKind::kDuration;
        number->range = Next().range();
        return number;
      }
      case TokenKind::kString: {
        auto text = std::make_unique<StringLiteral>();
        text->value = token.value;
        text->range = Next().range();
        return text;
      }
      case TokenKind::kPunctuation:
        if (token.text == "(") return Parenthesised();
        if (token.text == "{") return Selector();
        return Unexpected();
      case TokenKind::kIdentifier:
        return Word();
      case TokenKind::kMetricIdentifier:
        return Selector();
      default:
        return Unexpected();
    }
  }

  ExprPtr Parenthesised() {
    const std::size_t begin = Next().begin;
    ExprPtr inner = Expression(kAnyPrecedence);
    if (!inner) return nullptr;
    if (!Take(")")) return Unexpected();
    auto paren = std::make_unique<Paren>();
    paren->range = {begin, LastEnd()};
    paren->depth = inner->depth + 1;
    paren->expr = std::move(inner);
    if (TooDeep(paren->depth)) return nullptr;
    return paren;
  }

  ExprPtr Word() {
    const Token& token = Peek();
    const std::string lower = LowerCase(token.text);
    if (const auto op = AggregateOpOf(lower)) {
      if (IsPunctuation(Peek(1), "(") || IsWord(Peek(1), "by") || IsWord(Peek(1), "without")) {
        return Aggregation(*op);
      }
    } else if (IsReserved(lower)) {
      return Unexpected();
    } else if (IsPunctuation(Peek(1), "(")) {
      return Function();
    }
    return Selector();
  }

  ExprPtr Function() {
    const Token& name = Next();
    std::string_view wanted = name.text;
    const std::string lower = LowerCase(name.text);
    if (IsKeyword(lower)) wanted = lower;  // start, end, range, step, min_of, max_of
    auto call = std::make_unique<Call>();
    call->signature = FindSignature(wanted);
    if (call->signature == nullptr) {
      Refuse(name.range(), "unknown function with name " + Quoted(name.text));
    } else if (call->signature->experimental && !options_.experimental_functions) {
      Refuse(name.range(), "function " + Quoted(name.text) + " is not enabled");
    }
    if (!Arguments(call->args, call->signature != nullptr && wanted == "info")) return nullptr;
    if (call->signature == nullptr) return nullptr;
    call->range = {name.begin, LastEnd()};
    for (const ExprPtr& arg : call->args) call->depth = std::max(call->depth, arg->depth + 1);
    if (TooDeep(call->depth)) return nullptr;
    return call;
  }

  bool Arguments(std::vector<ExprPtr>& args, bool info = false) {
    Next();
    if (Take(")")) return true;
    while (true) {
      ExprPtr arg = Expression(kAnyPrecedence);
      if (!arg) return false;
      if (info && args.size() == 1 && arg->kind == ExprKind::kVectorSelector) {
        static_cast<VectorSelector&>(*arg).labels_only = true;
      }
      args.push_back(std::move(arg));
      if (Take(")")) return true;
      if (!Take(",")) {
        Unexpected("", "");
        return false;
      }
      if (IsPunctuation(Peek(), ")")) {
        Refuse(Peek().range(), "trailing commas not allowed in function call args");
        return false;
      }
    }
  }

  ExprPtr Aggregation(AggregateOp op) {
    const Token& word = Next();
    auto aggregate = std::make_unique<Aggregate>();
    aggregate->op = op;
    const bool before = IsWord(Peek(), "by") || IsWord(Peek(), "without");
    if (before && !Grouping(*aggregate)) return nullptr;
    if (!IsPunctuation(Peek(), "(")) return Unexpected("aggregation");
    std::vector<ExprPtr> args;
    if (!Arguments(args)) return nullptr;
    if (!before && (IsWord(Peek(), "by") || IsWord(Peek(), "without")) && !Grouping(*aggregate)) {
      return nullptr;
    }
    aggregate->range = {word.begin, LastEnd()};
    if ((op == AggregateOp::kLimitK || op == AggregateOp::kLimitRatio) &&
        !options_.experimental_functions) {
      return Refuse(word.range(), std::string(Text(op)) +
                                      "() is experimental and must be enabled with "
                                      "--enable-feature=promql-experimental-functions");
    }
    const std::size_t wanted = TakesParameter(op) ? 2 : 1;
    if (args.empty()) {
      return Refuse(aggregate->range, "no arguments for aggregate expression provided");
    }
    if (args.size() != wanted) {
      return Refuse(aggregate->range,
                    "wrong number of arguments for aggregate expression provided, expected " +
                        std::to_string(wanted) + ", got " + std::to_string(args.size()));
    }
    if (wanted == 2) aggregate->param = std::move(args[0]);
    aggregate->expr = std::move(args.back());
    aggregate->depth = aggregate->expr->depth + 1;
    if (aggregate->param)
      aggregate->depth = std::max(aggregate->depth, aggregate->param->depth + 1);
    if (TooDeep(aggregate->depth)) return nullptr;
    return aggregate;
  }

  bool Grouping(Aggregate& aggregate) {
    aggregate.without = LowerCase(Next().text) == "without";
    return LabelList(aggregate.grouping);
  }

  bool LabelList(std::vector<std::string>& labels) {
    if (!Take("(")) {
      Unexpected("grouping opts", "\"(\"");
      return false;
    }
    while (!Take(")")) {
      const Token& token = Peek();
      if (token.kind == TokenKind::kIdentifier) {
        labels.emplace_back(token.text);
      } else if (token.kind == TokenKind::kString && !token.value.empty()) {
        labels.push_back(token.value);
      } else if (token.kind == TokenKind::kNumber && IsLegacyLabelName(token.text)) {
        labels.emplace_back(token.text);  // inf, nan
      } else {
        Unexpected("grouping opts", "label");
        return false;
      }
      Next();
      if (IsPunctuation(Peek(), ")")) continue;
      if (!Take(",")) {
        Unexpected("grouping opts", "\",\" or \")\"");
        return false;
      }
    }
    return true;
  }

  std::unique_ptr<VectorSelector> Selector() {
    auto selector = std::make_unique<VectorSelector>();
    const std::size_t begin = Peek().begin;
    if (IsIdentifier(Peek())) selector->name = std::string(Next().text);
    if (IsPunctuation(Peek(), "{") && !Matchers(*selector)) return nullptr;
    selector->range = {begin, LastEnd()};
    if (!selector->name.empty()) {
      selector->matchers.push_back(*Matcher::Make(MatchType::kEqual, kMetricName, selector->name));
    }
    return selector;
  }

  bool Matchers(VectorSelector& selector) {
    Next();
    bool name_inside = false;
    while (!Take("}")) {
      const Token& label = Peek();
      if (label.kind != TokenKind::kIdentifier && label.kind != TokenKind::kString) {
        Unexpected("label matching", "identifier or \"}\"");
        return false;
      }
      Next();
      const bool lone = label.kind == TokenKind::kString && Peek().kind != TokenKind::kOperator;
      const std::string name =
          label.kind == TokenKind::kString ? label.value : std::string(label.text);
      if (lone) {
        if (!selector.name.empty() || name_inside) {
          Refuse(label.range(), "metric name must not be set twice: " + Quoted(selector.name) +
                                    " or " + Quoted(name));
          return false;
        }
        name_inside = true;
        selector.matchers.push_back(*Matcher::Make(MatchType::kEqual, kMetricName, name));
      } else if (!OneMatcher(selector, name)) {
        return false;
      }
      if (IsPunctuation(Peek(), "}")) continue;
      if (!Take(",")) {
        Unexpected("label matching", "\",\" or \"}\"");
        return false;
      }
    }
    return true;
  }

  bool OneMatcher(VectorSelector& selector, const std::string& name) {
    const Token& op = Peek();
    MatchType type = MatchType::kEqual;
    if (op.kind == TokenKind::kOperator && op.text == "!=") {
      type = MatchType::kNotEqual;
    } else if (op.kind == TokenKind::kOperator && op.text == "=~") {
      type = MatchType::kRegexp;
    } else if (op.kind == TokenKind::kOperator && op.text == "!~") {
      type = MatchType::kNotRegexp;
    } else if (op.kind != TokenKind::kOperator || op.text != "=") {
      Unexpected("label matching", "label matching operator");
      return false;
    }
    Next();
    if (Peek().kind != TokenKind::kString) {
      Unexpected("label matching", "string");
      return false;
    }
    auto matcher = Matcher::Make(type, name, Next().value);
    if (!matcher) {
      Refuse(tokens_[at_ - 1].range(), matcher.error().message());
      return false;
    }
    selector.matchers.push_back(*std::move(matcher));
    return true;
  }

  ExprPtr Bracket(ExprPtr expr) {
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

  ExprPtr SubqueryRest(ExprPtr expr, Duration window) {
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

  static Shift* ShiftOf(Expr& expr) {
    if (expr.kind == ExprKind::kVectorSelector) return &static_cast<VectorSelector&>(expr).shift;
    if (expr.kind == ExprKind::kMatrixSelector) {
      return &static_cast<MatrixSelector&>(expr).selector->shift;
    }
    if (expr.kind == ExprKind::kSubquery) return &static_cast<Subquery&>(expr).shift;
    return nullptr;
  }

  ExprPtr Offset(ExprPtr expr) {
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

  ExprPtr At(ExprPtr expr) {
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

  ExprPtr Extend(ExprPtr expr) {
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

  // Inside brackets: a number, a duration, or arithmetic. Constants must be above zero.
  bool DurationOf(Duration& out, std::string_view context) {
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

  // After `offset`: [-]number, or an expression that is one term.
  bool OffsetValue(Duration& out) {
    const std::size_t begin = Peek().begin;
    std::unique_ptr<DurationExpr> expr = DurationTerm("offset");
    return expr && Allowed(Finish(std::move(expr), out), begin);
  }

  bool Allowed(bool simple, std::size_t begin) {
    if (simple || options_.duration_expressions) return true;
    Refuse({begin, LastEnd()}, "experimental duration expression is not enabled");
    return false;
  }

  // True when `expr` is a plain number, perhaps with a sign.
  static bool Finish(std::unique_ptr<DurationExpr> expr, Duration& out) {
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

  std::unique_ptr<DurationExpr> DurationExpression(int min_precedence, std::string_view context) {
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
      binary->rhs = DurationExpression(
          op->op == BinaryOp::kPow ? op->precedence : op->precedence + 1, context);
      if (!binary->rhs) return nullptr;
      lhs = std::move(binary);
    }
    return nullptr;
  }

  std::unique_ptr<DurationExpr> DurationTerm(std::string_view context) {
    const Nesting nesting(*this);
    if (TooDeep(0)) return nullptr;
    auto expr = std::make_unique<DurationExpr>();
    const Token& token = Peek();
    if (IsSign(token)) {
      Next();
      // In brackets the sign binds like everywhere, below ^; after offset it takes one term.
      std::unique_ptr<DurationExpr> operand =
          context == "offset" ? DurationTerm(context)
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

  std::unique_ptr<DurationExpr> MinMax(std::string_view context) {
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

  static std::string Quoted(std::string_view text) {
    std::string out;
    AppendGoQuoted(out, text);
    return out;
  }

  std::string_view query_;
  ParserOptions options_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int nesting_ = 0;
  ParseErrors errors_;
};

}  // namespace

Result<ExprPtr> Parse(std::string_view query, const ParserOptions& options) {
  return Parser(query, options).Run();
}

Result<std::vector<Matcher>> ParseMetricSelector(std::string_view text) {
  return Parser(text, ParserOptions{}).RunSelector();
}

}  // namespace drover::promql
