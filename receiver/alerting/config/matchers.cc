#include "receiver/alerting/config/matchers.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "core/base/utf8.h"
#include "receiver/template/unquote.h"

namespace drover::alerting {
namespace {

constexpr std::string_view kReserved = "{}!=~,\\\"'`";
constexpr std::string_view kSpace = " \t\n\v\f\r";

bool IsSpace(char c) { return kSpace.find(c) != std::string_view::npos; }
bool IsReserved(char c) { return kReserved.find(c) != std::string_view::npos; }

std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

tl::unexpected<Error> Bad(std::string message) {
  return Fail(ErrorCode::kInvalid, std::move(message));
}

bool ClassicNameChar(char c, bool first) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' ||
         (!first && c >= '0' && c <= '9');
}

Result<std::string> ClassicValue(std::string_view raw) {
  const auto fail = [&] {
    return Bad("matcher value contains unescaped double quote: " + std::string(raw));
  };
  std::string_view rest = raw;
  const bool quoted = rest.starts_with('"');
  if (quoted) rest.remove_prefix(1);
  std::string out;
  bool closed = false;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const char c = rest[i];
    if (c == '\\' && i + 1 < rest.size()) {
      const char next = rest[++i];
      if (next != 'n' && next != '"' && next != '\\') out += '\\';
      out += next == 'n' ? '\n' : next;
    } else if (c == '"') {
      if (!quoted || i + 1 != rest.size()) return fail();
      closed = true;
    } else {
      out += c;
    }
  }
  if (quoted && !closed) return fail();
  return out;
}

Result<Matcher> ClassicMatcher(std::string_view piece) {
  const auto fail = [&] { return Bad("bad matcher format: " + std::string(piece)); };
  std::string_view rest = Trim(piece);
  std::size_t end = 0;
  while (end < rest.size() && ClassicNameChar(rest[end], end == 0)) ++end;
  if (end == 0) return fail();
  const std::string_view name = rest.substr(0, end);
  rest = Trim(rest.substr(end));
  MatchType type{};
  if (rest.starts_with("=~")) {
    type = MatchType::kRegexp;
  } else if (rest.starts_with("=")) {
    type = MatchType::kEqual;
  } else if (rest.starts_with("!=")) {
    type = MatchType::kNotEqual;
  } else if (rest.starts_with("!~")) {
    type = MatchType::kNotRegexp;
  } else {
    return fail();
  }
  rest = Trim(rest.substr(type == MatchType::kEqual ? 1 : 2));
  if (!IsValidUtf8(rest)) return Bad("matcher value not valid UTF-8: " + std::string(rest));
  DROVER_TRY(const std::string value, ClassicValue(rest));
  return Matcher::Make(type, name, value);
}

Result<std::vector<Matcher>> ParseClassic(std::string_view text) {
  if (text.starts_with('{')) text.remove_prefix(1);
  if (text.ends_with('}')) text.remove_suffix(1);
  std::vector<std::string_view> pieces;
  std::size_t start = 0;
  bool inside = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      inside = !inside;
    } else if (text[i] == ',' && !inside) {
      pieces.push_back(text.substr(start, i - start));
      start = i + 1;
    }
  }
  if (!Trim(text.substr(start)).empty()) pieces.push_back(text.substr(start));
  std::vector<Matcher> out;
  for (const std::string_view piece : pieces) {
    DROVER_TRY(Matcher matcher, ClassicMatcher(piece));
    out.push_back(std::move(matcher));
  }
  return out;
}

struct Token {
  enum class Kind { kEnd, kOpen, kClose, kComma, kOperator, kQuoted, kWord };
  Kind kind = Kind::kEnd;
  std::string_view text;
  std::size_t start = 0;  // code points
  std::size_t end = 0;

  bool IsText() const { return kind == Kind::kQuoted || kind == Kind::kWord; }
  std::string Place() const { return std::to_string(start) + ":" + std::to_string(end) + ": "; }
};

class Utf8Parser {
 public:
  explicit Utf8Parser(std::string_view text) : text_(text) {}

  Result<std::vector<Matcher>> Parse() {
    DROVER_TRY(const bool open, Accept(Token::Kind::kOpen));
    std::vector<Matcher> out;
    DROVER_TRY(Token next, Peek());
    while (next.kind != Token::Kind::kEnd && next.kind != Token::Kind::kClose) {
      DROVER_TRY(Matcher matcher, ParseMatcher());
      out.push_back(std::move(matcher));
      DROVER_TRY(next, Expect("a comma or close brace"));
      if (next.kind == Token::Kind::kClose || next.kind == Token::Kind::kEnd) break;
      if (next.kind != Token::Kind::kComma) return Unexpected(next, "a comma or close brace");
      Take();
      DROVER_TRY(next, Peek());
    }
    if (next.kind == Token::Kind::kClose) {
      if (!open) return Bad("0:" + std::to_string(next.end) + ": }: expected opening brace");
      Take();
      DROVER_TRY(next, Peek());
      if (next.kind != Token::Kind::kEnd) {
        return Bad(next.Place() + "unexpected " + std::string(next.text) +
                   ": expected end of input");
      }
    } else if (open) {
      return Bad("0:" + std::to_string(next.end) + ": end of input: expected close brace");
    }
    return out;
  }

 private:
  static tl::unexpected<Error> Unexpected(const Token& token, std::string_view wanted) {
    if (token.kind == Token::Kind::kEnd) {
      return Bad("end of input: expected " + std::string(wanted));
    }
    return Bad(token.Place() + "unexpected " + std::string(token.text) + ": expected " +
               std::string(wanted));
  }

  Result<Matcher> ParseMatcher() {
    DROVER_TRY(const Token name, Expect("label name"));
    if (!name.IsText()) return Unexpected(name, "label name");
    Take();
    constexpr std::string_view kOperators = "an operator such as '=', '!=', '=~' or '!~'";
    DROVER_TRY(const Token op, Expect(kOperators));
    if (op.kind != Token::Kind::kOperator) return Unexpected(op, kOperators);
    Take();
    DROVER_TRY(const Token value, Expect("label value"));
    if (!value.IsText()) return Unexpected(value, "label value");
    Take();
    DROVER_TRY(const std::string name_text, TextOf(name));
    DROVER_TRY(const std::string value_text, TextOf(value));
    const MatchType type = op.text == "="    ? MatchType::kEqual
                           : op.text == "!=" ? MatchType::kNotEqual
                           : op.text == "=~" ? MatchType::kRegexp
                                             : MatchType::kNotRegexp;
    auto matcher = Matcher::Make(type, name_text, value_text);
    if (!matcher) return Fail(std::move(matcher).error().With("failed to create matcher"));
    return matcher;
  }

  static Result<std::string> TextOf(const Token& token) {
    if (token.kind == Token::Kind::kWord) return std::string(token.text);
    const auto unquoted = tmpl::Unquote(token.text);
    if (!unquoted || !IsValidUtf8(*unquoted)) {
      return Bad(token.Place() + std::string(token.text) + ": invalid input");
    }
    return *unquoted;
  }

  Result<bool> Accept(Token::Kind kind) {
    DROVER_TRY(const Token token, Peek());
    if (token.kind != kind) return false;
    Take();
    return true;
  }
  Result<Token> Expect(std::string_view wanted) {
    auto token = Peek();
    if (!token) return Bad(token.error().message() + ": expected " + std::string(wanted));
    return token;
  }
  Result<Token> Peek() {
    if (!peeked_) {
      DROVER_TRY(peeked_, Scan());
    }
    return *peeked_;
  }
  void Take() { peeked_.reset(); }

  Result<Token> Scan() {
    while (pos_ < text_.size() && IsSpace(text_[pos_])) Advance(1);
    Token token;
    token.start = token.end = column_;
    if (pos_ == text_.size()) return token;
    const std::size_t begin = pos_;
    const char c = text_[pos_];
    const auto finish = [&](Token::Kind kind) {
      token.kind = kind;
      token.text = text_.substr(begin, pos_ - begin);
      token.end = column_;
      return token;
    };
    const auto fail = [&](std::string_view what) {
      return Bad(std::to_string(token.start) + ":" + std::to_string(column_) + ": " +
                 std::string(text_.substr(begin, pos_ - begin)) + ": " + std::string(what));
    };
    if (c == '{' || c == '}' || c == ',') {
      Advance(1);
      return finish(c == '{'   ? Token::Kind::kOpen
                    : c == '}' ? Token::Kind::kClose
                               : Token::Kind::kComma);
    }
    if (c == '=' || c == '!') {
      Advance(1);
      const char next = pos_ < text_.size() ? text_[pos_] : '\0';
      if (next == '~' || (c == '!' && next == '=')) {
        Advance(1);
      } else if (c == '!') {
        return fail("expected one of '=~'");
      }
      return finish(Token::Kind::kOperator);
    }
    if (c == '"') {
      Advance(1);
      while (pos_ < text_.size() && text_[pos_] != '"') {
        Advance(text_[pos_] == '\\' && pos_ + 1 < text_.size() ? 2 : 1);
      }
      if (pos_ == text_.size()) return fail("missing end \"");
      Advance(1);
      return finish(Token::Kind::kQuoted);
    }
    if (IsReserved(c) || Utf8SequenceLength(text_.substr(pos_)) == 0) {
      Advance(1);
      return fail("invalid input");
    }
    while (pos_ < text_.size() && !IsReserved(text_[pos_]) && !IsSpace(text_[pos_]) &&
           Utf8SequenceLength(text_.substr(pos_)) > 0) {
      Advance(1);
    }
    return finish(Token::Kind::kWord);
  }

  // Over `n` code points.
  void Advance(int n) {
    for (; n > 0 && pos_ < text_.size(); --n) {
      pos_ += std::max<std::size_t>(1, Utf8SequenceLength(text_.substr(pos_)));
      ++column_;
    }
  }

  const std::string_view text_;
  std::size_t pos_ = 0;
  std::size_t column_ = 0;
  std::optional<Token> peeked_;
};

bool Same(std::vector<Matcher> a, std::vector<Matcher> b) {
  SortMatchers(a);
  SortMatchers(b);
  return a == b;
}

}  // namespace

Result<ParsedMatchers> ParseMatchers(std::string_view text, MatcherSyntax syntax) {
  ParsedMatchers out;
  if (syntax == MatcherSyntax::kClassic) {
    DROVER_TRY(out.matchers, ParseClassic(text));
    return out;
  }
  auto utf8 = Utf8Parser(text).Parse();
  if (syntax == MatcherSyntax::kUtf8) {
    DROVER_TRY(out.matchers, std::move(utf8));
    return out;
  }
  auto classic = ParseClassic(text);
  if (!classic && !utf8) return Fail(std::move(classic).error());
  if (!classic) {
    out.matchers = *std::move(utf8);
  } else if (!utf8) {
    out.warning = "the matcher " + std::string(text) +
                  " is read by the classic syntax only; write it as " + MatchersText(*classic);
    out.matchers = *std::move(classic);
  } else {
    const bool same = Same(*classic, *utf8);
    if (!same) {
      out.warning = "the classic and the UTF-8 syntax disagree on the matcher " +
                    std::string(text) + "; the classic reading is used: " + MatchersText(*classic);
    }
    out.matchers = same ? *std::move(utf8) : *std::move(classic);
  }
  return out;
}

Result<Matcher> ParseOneMatcher(std::string_view text, MatcherSyntax syntax) {
  const std::string_view trimmed = Trim(text);
  if (trimmed.starts_with('{') || trimmed.ends_with('}')) {
    return Bad("unexpected open or close brace: " + std::string(text));
  }
  DROVER_TRY(ParsedMatchers parsed, ParseMatchers(text, syntax));
  if (parsed.matchers.size() != 1) {
    return Bad(parsed.matchers.empty()
                   ? "no matchers"
                   : "expected 1 matcher, found " + std::to_string(parsed.matchers.size()));
  }
  return std::move(parsed.matchers.front());
}

std::string MatcherText(const Matcher& matcher) {
  std::string out;
  const bool plain = std::none_of(matcher.name().begin(), matcher.name().end(),
                                  [](char c) { return IsSpace(c) || IsReserved(c); });
  if (!plain) {
    AppendGoQuoted(out, matcher.name());
    out += Text(matcher.type());
    AppendGoQuoted(out, matcher.value());
    return out;
  }
  out = matcher.name();
  out += Text(matcher.type());
  out += '"';
  for (const char c : matcher.value()) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  out += '"';
  return out;
}

void SortMatchers(std::vector<Matcher>& matchers) {
  // The reference counts its types = != =~ !~, as MatchType does.
  std::sort(matchers.begin(), matchers.end(), [](const Matcher& a, const Matcher& b) {
    return std::tuple(std::string_view(a.name()), std::string_view(a.value()), a.type()) <
           std::tuple(std::string_view(b.name()), std::string_view(b.value()), b.type());
  });
}

std::string MatchersText(std::vector<Matcher> matchers) {
  SortMatchers(matchers);
  std::string out = "{";
  for (const Matcher& matcher : matchers) {
    if (out.size() > 1) out += ',';
    out += MatcherText(matcher);
  }
  return out + "}";
}

bool AllMatch(const std::vector<Matcher>& matchers, const Labels& labels) {
  return std::all_of(matchers.begin(), matchers.end(),
                     [&](const Matcher& m) { return m.Matches(labels); });
}

}  // namespace drover::alerting
