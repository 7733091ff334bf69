#include "receiver/promql/lexer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "core/base/numbers.h"
#include "core/base/utf8.h"
#include "core/model/labels.h"

namespace drover::promql {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsAlpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsHex(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
int HexValue(char c) {
  if (IsDigit(c)) return c - '0';
  return (c >= 'a' ? c - 'a' : c - 'A') + 10;
}

std::string Quoted(std::string_view text) {
  std::string out;
  AppendGoQuoted(out, text);
  return out;
}

struct Unit {
  std::string_view name;
  double ms;
};
constexpr std::array<Unit, 7> kUnits = {{{"y", 365.0 * 86'400'000},
                                         {"w", 7.0 * 86'400'000},
                                         {"d", 86'400'000},
                                         {"h", 3'600'000},
                                         {"m", 60'000},
                                         {"s", 1000},
                                         {"ms", 1}}};

// Milliseconds of "1h30m".
std::optional<double> DurationOf(std::string_view text) {
  double total = 0;
  std::size_t next_unit = 0;
  while (!text.empty()) {
    std::uint64_t count = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
    std::size_t letters = 0;
    while (letters < text.size() && IsAlpha(text[letters])) ++letters;
    const std::string_view name = text.substr(0, letters);
    text.remove_prefix(letters);
    while (next_unit < kUnits.size() && kUnits[next_unit].name != name) ++next_unit;
    if (next_unit == kUnits.size()) return std::nullopt;
    total += static_cast<double>(count) * kUnits[next_unit++].ms;
  }
  // Longer than Go's time.Duration (292 years) is refused there too.
  return total > 9.2e15 ? std::nullopt : std::optional<double>(total);
}

// A number as Go reads it with base 0: underscores between digits, octal with a leading 0.
std::optional<double> NumberOf(std::string_view text) {
  std::string digits;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      digits.push_back(text[i]);
    } else if (i == 0 || i + 1 == text.size() || !IsHex(text[i + 1]) || text[i - 1] == '_') {
      return std::nullopt;
    }
  }
  if (digits.size() > 2 && digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X')) {
    std::uint64_t whole = 0;
    const char* end = digits.data() + digits.size();
    const auto [rest, error] = std::from_chars(digits.data() + 2, end, whole, 16);
    if (error != std::errc() || rest != end) return std::nullopt;
    return static_cast<double>(whole);
  }
  if (digits.size() > 1 && digits[0] == '0' &&
      std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '7'; })) {
    std::uint64_t whole = 0;
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), whole, 8);
    if (result.ec == std::errc()) return static_cast<double>(whole);
  }
  return ParseFloat(digits);
}

class Lexer {
 public:
  explicit Lexer(std::string_view query) : query_(query) {}

  std::vector<Token> Run() {
    while (Step()) {
    }
    return std::move(tokens_);
  }

 private:
  char Peek(std::size_t ahead = 0) const {
    return at_ + ahead < query_.size() ? query_[at_ + ahead] : '\0';
  }
  bool AtEnd() const { return at_ >= query_.size(); }

  Token& Put(TokenKind kind, std::size_t begin) {
    Token& token = tokens_.emplace_back();
    token.kind = kind;
    token.begin = begin;
    token.end = at_;
    token.text = query_.substr(begin, at_ - begin);
    return token;
  }
  bool Fail(std::size_t at, std::string message) {
    Token& token = tokens_.emplace_back();
    token.kind = TokenKind::kError;
    token.begin = token.end = at;
    token.value = std::move(message);
    return false;
  }
  bool Punctuation(std::size_t length, TokenKind kind = TokenKind::kPunctuation) {
    const std::size_t begin = at_;
    at_ += length;
    Put(kind, begin);
    return true;
  }

  bool Step() {
    while (!AtEnd() && (Peek() == ' ' || Peek() == '\t' || Peek() == '\n' || Peek() == '\r')) ++at_;
    if (Peek() == '#' && !AtEnd()) {
      while (!AtEnd() && Peek() != '\n') ++at_;
      return true;
    }
    if (AtEnd()) return End();
    const char c = Peek();
    if (c == '"' || c == '\'') return String(c);
    if (c == '`') return RawString();
    if (in_braces_) return InBraces(c);
    if (IsDigit(c) || (c == '.' && IsDigit(Peek(1)))) return Number();
    if (IsAlpha(c) || (c == ':' && !in_brackets_)) return Identifier();
    return Sign(c);
  }

  bool End() {
    if (in_braces_) return Fail(at_, "unexpected end of input inside braces");
    if (in_brackets_) return Fail(at_, "unclosed left bracket");
    if (open_ > 0) return Fail(at_, "unclosed left parenthesis");
    Put(TokenKind::kEnd, at_);
    return false;
  }

  bool InBraces(char c) {
    if (IsAlpha(c)) {
      const std::size_t begin = at_;
      while (IsAlpha(Peek()) || IsDigit(Peek())) ++at_;
      Put(TokenKind::kIdentifier, begin);
      return true;
    }
    switch (c) {
      case ',':
        return Punctuation(1);
      case '}':
        in_braces_ = false;
        return Punctuation(1);
      case '{':
        return Fail(at_, "unexpected left brace '{'");
      case '=':
        return Punctuation(Peek(1) == '~' ? 2 : 1, TokenKind::kOperator);
      case '!':
        if (Peek(1) == '~' || Peek(1) == '=') return Punctuation(2, TokenKind::kOperator);
        return Fail(at_, "unexpected character after '!' inside braces: " + Character(at_ + 1));
      default:
        return Fail(at_, "unexpected character inside braces: " + Character(at_));
    }
  }

  bool Sign(char c) {
    switch (c) {
      case '{':
        in_braces_ = true;
        return Punctuation(1);
      case '}':
        return Fail(at_, "unexpected right brace '}'");
      case '(':
        ++open_;
        return Punctuation(1);
      case ')':
        if (--open_ < 0) return Fail(at_, "unexpected right parenthesis ')'");
        return Punctuation(1);
      case '[':
        if (in_brackets_) return Fail(at_, "unexpected left bracket '['");
        in_brackets_ = true;
        return Punctuation(1);
      case ']':
        if (!in_brackets_) return Fail(at_, "unexpected right bracket ']'");
        in_brackets_ = false;
        return Punctuation(1);
      case ',':
      case '@':
      case ':':
        return Punctuation(1);
      case '*':
      case '/':
      case '%':
      case '+':
      case '-':
      case '^':
        return Punctuation(1, TokenKind::kOperator);
      case '=':
        if (Peek(1) == '~') {
          at_ += 1;
          return Fail(at_, "unexpected character after '=': '~'");
        }
        return Punctuation(Peek(1) == '=' ? 2 : 1, TokenKind::kOperator);
      case '!':
        if (Peek(1) == '=') return Punctuation(2, TokenKind::kOperator);
        return Fail(at_, "unexpected character after '!': " + Character(at_ + 1));
      case '<':
      case '>':
        return Punctuation(Peek(1) == '=' || Peek(1) == '/' ? 2 : 1, TokenKind::kOperator);
      default:
        return Fail(at_, "unexpected character: " + Character(at_));
    }
  }

  // 'x', or the whole of a UTF-8 character.
  std::string Character(std::size_t at) const {
    if (at >= query_.size()) return "'\\ufffd'";
    std::size_t end = at + 1;
    while (end < query_.size() && (static_cast<unsigned char>(query_[end]) & 0xC0) == 0x80 &&
           (static_cast<unsigned char>(query_[at]) & 0x80) != 0) {
      ++end;
    }
    std::string quoted = Quoted(query_.substr(at, end - at));
    quoted.front() = quoted.back() = '\'';
    return quoted;
  }

  bool Identifier() {
    const std::size_t begin = at_;
    bool colon = false;
    while (IsAlpha(Peek()) || IsDigit(Peek()) || (Peek() == ':' && !in_brackets_)) {
      colon = colon || Peek() == ':';
      ++at_;
    }
    const std::string_view text = query_.substr(begin, at_ - begin);
    const std::string lower = LowerCase(text);
    if (lower == "inf" || lower == "nan") {
      Put(TokenKind::kNumber, begin).number = *ParseFloat(lower);
    } else {
      Put(colon ? TokenKind::kMetricIdentifier : TokenKind::kIdentifier, begin);
    }
    return true;
  }

  bool Number() {
    const std::size_t begin = at_;
    if (Peek() == '0' && (Peek(1) == 'x' || Peek(1) == 'X')) {
      at_ += 2;
      while (IsHex(Peek()) || Peek() == '_') ++at_;
    } else {
      while (IsDigit(Peek()) || Peek() == '_') ++at_;
      if (Peek() == '.') ++at_;
      while (IsDigit(Peek()) || Peek() == '_') ++at_;
      if ((Peek() == 'e' || Peek() == 'E') &&
          (IsDigit(Peek(1)) || ((Peek(1) == '+' || Peek(1) == '-') && IsDigit(Peek(2))))) {
        at_ += 2;
        while (IsDigit(Peek()) || Peek() == '_') ++at_;
      }
    }
    const bool more = IsAlpha(Peek()) || IsDigit(Peek()) || Peek() == '.';
    if (!more) {
      const std::optional<double> number = NumberOf(query_.substr(begin, at_ - begin));
      if (number) {
        Put(TokenKind::kNumber, begin).number = *number;
        return true;
      }
    }
    while (IsAlpha(Peek()) || IsDigit(Peek()) || Peek() == '.') ++at_;
    const std::string_view text = query_.substr(begin, at_ - begin);
    const std::optional<double> ms = DurationOf(text);
    if (!ms) return Fail(begin, "bad number or duration syntax: " + Quoted(text));
    Put(TokenKind::kDuration, begin).number = *ms / 1000;
    return true;
  }

  bool RawString() {
    const std::size_t begin = at_++;
    const std::size_t close = query_.find('`', at_);
    if (close == std::string_view::npos) return Fail(begin, "unterminated raw string");
    std::string value(query_.substr(at_, close - at_));
    at_ = close + 1;
    Put(TokenKind::kString, begin).value = std::move(value);
    return true;
  }

  bool String(char quote) {
    const std::size_t begin = at_++;
    std::string value;
    while (true) {
      if (AtEnd() || Peek() == '\n') return Fail(begin, "unterminated quoted string");
      const char c = query_[at_++];
      if (c == quote) break;
      if (c != '\\') {
        value.push_back(c);
      } else if (!Escape(quote, value)) {
        return false;
      }
    }
    Put(TokenKind::kString, begin).value = std::move(value);
    return true;
  }

  bool Escape(char quote, std::string& value) {
    if (AtEnd()) return Fail(at_, "escape sequence not terminated");
    const char c = query_[at_++];
    constexpr std::string_view kPlain = "abfnrtv\\";
    constexpr std::string_view kMeaning = "\a\b\f\n\r\t\v\\";
    if (c == quote) {
      value.push_back(c);
      return true;
    }
    if (const auto i = kPlain.find(c); i != std::string_view::npos) {
      value.push_back(kMeaning[i]);
      return true;
    }
    if (c >= '0' && c <= '7') {
      --at_;
      return Coded(3, 8, 255, false, value);
    }
    if (c == 'x') return Coded(2, 16, 255, false, value);
    if (c == 'u') return Coded(4, 16, 0x10FFFF, true, value);
    if (c == 'U') return Coded(8, 16, 0x10FFFF, true, value);
    return Fail(at_ - 1, "unknown escape sequence " + Character(at_ - 1));
  }

  bool Coded(int digits, unsigned base, std::uint32_t max, bool rune, std::string& value) {
    std::uint64_t code = 0;
    for (int i = 0; i < digits; ++i, ++at_) {
      const char c = Peek();
      if (AtEnd()) return Fail(at_, "escape sequence not terminated");
      if (!IsHex(c) || static_cast<unsigned>(HexValue(c)) >= base) {
        return Fail(at_, "illegal character " + Character(at_) + " in escape sequence");
      }
      code = code * base + static_cast<unsigned>(HexValue(c));
    }
    if (code > max || (rune && !AppendUtf8(value, static_cast<std::uint32_t>(code)))) {
      return Fail(at_, "escape sequence is an invalid Unicode code point");
    }
    if (!rune) value.push_back(static_cast<char>(code));
    return true;
  }

  std::string_view query_;
  std::size_t at_ = 0;
  bool in_braces_ = false;
  bool in_brackets_ = false;
  int open_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> Lex(std::string_view query) { return Lexer(query).Run(); }

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return lower;
}

bool IsKeyword(std::string_view lower) {
  constexpr std::string_view kWords[] = {
      "by",     "without",  "on",       "ignoring", "group_left", "group_right", "bool",
      "offset", "anchored", "smoothed", "fill",     "fill_left",  "fill_right",  "start",
      "end",    "step",     "range",    "max_of",   "min_of"};
  return std::find(std::begin(kWords), std::end(kWords), lower) != std::end(kWords);
}

std::string Describe(const Token& token) {
  const std::string lower = LowerCase(token.text);
  switch (token.kind) {
    case TokenKind::kEnd:
      return "end of input";
    case TokenKind::kError:
      return token.value;
    case TokenKind::kIdentifier:
      if (lower == "and" || lower == "or" || lower == "unless" || lower == "atan2") {
        return "<op:" + lower + ">";
      }
      if (AggregateOpOf(lower)) return "<aggr:" + lower + ">";
      if (IsKeyword(lower)) return "<" + lower + ">";
      return "identifier " + Quoted(token.text);
    case TokenKind::kMetricIdentifier:
      return "metric identifier " + Quoted(token.text);
    case TokenKind::kOperator:
      return "<op:" + std::string(token.text) + ">";
    case TokenKind::kPunctuation:
      return Quoted(token.text);
    case TokenKind::kNumber:
    case TokenKind::kDuration:
    case TokenKind::kString:
      break;
  }
  std::string text = token.kind == TokenKind::kString     ? "string "
                     : token.kind == TokenKind::kDuration ? "duration "
                                                          : "number ";
  if (token.text.size() > 10) return text + Quoted(token.text.substr(0, 10)) + "...";
  return text + Quoted(token.text);
}

}  // namespace drover::promql
