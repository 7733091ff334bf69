// Inside the template engine: template text into tokens.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace drover::tmpl {

enum class TokenKind {
  kText,
  kLeft,   // {{
  kRight,  // }}
  kSpace,
  kField,  // .Name
  kDot,
  kVariable,    // $x
  kIdentifier,  // keywords too
  kNumber,
  kCharacter,  // 'a'
  kString,     // "…"
  kRawString,  // `…`
  kDeclare,    // :=
  kAssign,     // =
  kPipe,
  kComma,
  kOpen,
  kClose,
  kOther,  // any other character
  kEnd,
  kError,  // text is the message
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;
  std::size_t pos = 0;
  int line = 1;
};

// Comments are left out, white space is trimmed as the markers say. Ends with kEnd or kError.
std::vector<Token> LexTemplate(std::string_view text);

}  // namespace drover::tmpl
