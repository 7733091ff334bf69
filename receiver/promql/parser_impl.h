// The recursive descent behind Parse; its parts are in parser*.cc.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "receiver/promql/lexer.h"
#include "receiver/promql/parse_errors.h"
#include "receiver/promql/parser.h"

namespace drover::promql {

struct OperatorToken {
  BinaryOp op;
  int precedence;  // higher binds tighter
};
inline constexpr int kUnaryPrecedence = 5;
inline constexpr int kPowPrecedence = 6;
// Below any written operator: a fresh expression.
inline constexpr int kAnyPrecedence = 1;

std::optional<OperatorToken> OperatorOf(const Token& token);

// One thread, one text. Sub-parsers answer null (or false) after they have reported an error.
class Parser {
 public:
  Parser(std::string_view query, const ParserOptions& options)
      : query_(query), options_(options), tokens_(Lex(query)), errors_(query) {}
  Result<ExprPtr> Run();
  Result<std::vector<Matcher>> RunSelector();

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

  std::nullptr_t Unexpected(std::string_view context = "", std::string_view expected = "");
  std::nullptr_t Refuse(TextRange range, std::string_view text);

  // Guards the recursion of the parser itself.
  struct Nesting {
    explicit Nesting(Parser& p) : parser(p) { ++parser.nesting_; }
    ~Nesting() { --parser.nesting_; }
    Parser& parser;
  };
  bool TooDeep(int depth);

  ExprPtr Expression(int min_precedence);
  ExprPtr BinaryRest(ExprPtr lhs, OperatorToken op);
  bool BinaryModifiers(Binary& binary);
  bool FillModifiers(Binary& binary);
  ExprPtr UnaryExpression();
  ExprPtr Postfix();
  ExprPtr Primary();
  ExprPtr Parenthesised();
  ExprPtr Word();
  ExprPtr Function();
  bool Arguments(std::vector<ExprPtr>& args, bool info = false);
  ExprPtr Aggregation(AggregateOp op);
  bool Grouping(Aggregate& aggregate);

  bool LabelList(std::vector<std::string>& labels);
  std::unique_ptr<VectorSelector> Selector();
  bool Matchers(VectorSelector& selector);
  bool OneMatcher(VectorSelector& selector, const std::string& name);

  ExprPtr Bracket(ExprPtr expr);
  ExprPtr SubqueryRest(ExprPtr expr, Duration window);
  static Shift* ShiftOf(Expr& expr);
  ExprPtr Offset(ExprPtr expr);
  ExprPtr At(ExprPtr expr);
  ExprPtr Extend(ExprPtr expr);

  // Inside brackets: a number, a duration, or arithmetic. Constants must be above zero.
  bool DurationOf(Duration& out, std::string_view context);
  // After `offset`: [-]number, or an expression that is one term.
  bool OffsetValue(Duration& out);
  bool Allowed(bool simple, std::size_t begin);
  // True when `expr` is a plain number, perhaps with a sign.
  static bool Finish(std::unique_ptr<DurationExpr> expr, Duration& out);
  std::unique_ptr<DurationExpr> DurationExpression(int min_precedence, std::string_view context);
  std::unique_ptr<DurationExpr> DurationTerm(std::string_view context);
  std::unique_ptr<DurationExpr> MinMax(std::string_view context);

  static std::string Quoted(std::string_view text);

  std::string_view query_;
  ParserOptions options_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int nesting_ = 0;
  ParseErrors errors_;
};

}  // namespace drover::promql
