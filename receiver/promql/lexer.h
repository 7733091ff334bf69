// PromQL text into tokens. Keywords are identifiers here: what they mean depends on where they
// stand, which the parser knows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "receiver/promql/ast.h"

namespace drover::promql {

enum class TokenKind {
  kEnd,
  kError,             // `value` is the message
  kIdentifier,        // without a colon
  kMetricIdentifier,  // with one
  kNumber,            // number is set
  kDuration,          // 5m; number holds seconds
  kString,            // value is set
  kOperator,          // text is + - * / % ^ == != < <= > >= =~ !~ </ >/ =
  kPunctuation,       // text is ( ) { } [ ] , : @
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string_view text;  // into the query
  std::size_t begin = 0;
  std::size_t end = 0;
  double number = 0;
  std::string value;  // unescaped string, or the error

  TextRange range() const { return {begin, end}; }
};

// Ends with kEnd or kError. Comments are left out.
std::vector<Token> Lex(std::string_view query);

// How an error text names a token: `identifier "up"`, `<op:*>`, `end of input`.
std::string Describe(const Token& token);

// Identifiers with a meaning, lower case: by, offset, sum, and …
bool IsKeyword(std::string_view lower_case);
std::string LowerCase(std::string_view text);

}  // namespace drover::promql
