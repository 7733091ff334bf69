#include "core/base/numbers.h"
#include "core/model/labels.h"
#include "receiver/promql/parser_impl.h"
#include "receiver/promql/signatures.h"

namespace drover::promql {
namespace {

// Keywords that cannot be metric names.
bool IsReserved(std::string_view lower) {
  return lower == "bool" || lower == "on" || lower == "ignoring" || lower == "group_left" ||
         lower == "group_right";
}

}  // namespace

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

Result<ExprPtr> Parser::Run() {
  if (tokens_.front().kind == TokenKind::kEnd) {
    return Fail(ErrorCode::kInvalid, "unknown position: parse error: no expression found in input");
  }
  ExprPtr expr = Expression(kAnyPrecedence);
  if (expr && Peek().kind != TokenKind::kEnd) Unexpected();
  if (errors_.empty() && expr) CheckTypes(*expr, errors_);
  if (!errors_.empty()) return tl::unexpected(errors_.Joined());
  return expr;
}

Result<std::vector<Matcher>> Parser::RunSelector() {
  if (tokens_.front().kind == TokenKind::kEnd) {
    return Fail(ErrorCode::kInvalid, "unknown position: parse error: no expression found in input");
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

std::nullptr_t Parser::Unexpected(std::string_view context, std::string_view expected) {
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

std::nullptr_t Parser::Refuse(TextRange range, std::string_view text) {
  errors_.Add(range, text);
  return nullptr;
}

bool Parser::TooDeep(int depth) {
  if (depth <= kMaxDepth && nesting_ <= kMaxDepth) return false;
  Refuse(Peek().range(), "expression is nested too deeply");
  return true;
}

ExprPtr Parser::Expression(int min_precedence) {
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

ExprPtr Parser::BinaryRest(ExprPtr lhs, OperatorToken op) {
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

bool Parser::BinaryModifiers(Binary& binary) {
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

bool Parser::FillModifiers(Binary& binary) {
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

ExprPtr Parser::UnaryExpression() {
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

ExprPtr Parser::Postfix() {
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

ExprPtr Parser::Primary() {
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

ExprPtr Parser::Parenthesised() {
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

ExprPtr Parser::Word() {
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

ExprPtr Parser::Function() {
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

bool Parser::Arguments(std::vector<ExprPtr>& args, bool info) {
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

ExprPtr Parser::Aggregation(AggregateOp op) {
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
  if (aggregate->param) aggregate->depth = std::max(aggregate->depth, aggregate->param->depth + 1);
  if (TooDeep(aggregate->depth)) return nullptr;
  return aggregate;
}

bool Parser::Grouping(Aggregate& aggregate) {
  aggregate.without = LowerCase(Next().text) == "without";
  return LabelList(aggregate.grouping);
}

std::string Parser::Quoted(std::string_view text) {
  std::string out;
  AppendGoQuoted(out, text);
  return out;
}

Result<ExprPtr> Parse(std::string_view query, const ParserOptions& options) {
  return Parser(query, options).Run();
}

Result<std::vector<Matcher>> ParseMetricSelector(std::string_view text) {
  return Parser(text, ParserOptions{}).RunSelector();
}

}  // namespace drover::promql
