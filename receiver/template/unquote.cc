#include "receiver/template/unquote.h"

#include "core/base/utf8.h"

namespace drover::tmpl {
namespace {

std::optional<std::uint32_t> Digits(std::string_view& text, std::size_t n, unsigned base) {
  if (text.size() < n) return std::nullopt;
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const char c = text[i];
    unsigned digit = 99;
    if (c >= '0' && c <= '9') digit = static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') digit = static_cast<unsigned>(c - 'a') + 10;
    if (c >= 'A' && c <= 'F') digit = static_cast<unsigned>(c - 'A') + 10;
    if (digit >= base) return std::nullopt;
    value = value * base + digit;
  }
  text.remove_prefix(n);
  return value;
}

struct Unit {
  std::uint32_t code = 0;
  bool byte = false;  // \x and octal give bytes, not characters
};

std::optional<Unit> TakeUnit(std::string_view& text, char quote) {
  if (text.front() != '\\') return Unit{TakeRune(text), false};
  text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  const char c = text.front();
  constexpr std::string_view kPlain = "abfnrtv\\";
  constexpr std::string_view kMeaning = "\a\b\f\n\r\t\v\\";
  if (const auto i = kPlain.find(c); i != std::string_view::npos) {
    text.remove_prefix(1);
    return Unit{static_cast<std::uint32_t>(kMeaning[i]), false};
  }
  if (c == quote) {
    text.remove_prefix(1);
    return Unit{static_cast<std::uint32_t>(c), false};
  }
  std::optional<std::uint32_t> code;
  bool byte = false;
  if (c >= '0' && c <= '7') {
    code = Digits(text, 3, 8);
    byte = true;
  } else {
    text.remove_prefix(1);
    byte = c == 'x';
    if (c == 'x') code = Digits(text, 2, 16);
    if (c == 'u') code = Digits(text, 4, 16);
    if (c == 'U') code = Digits(text, 8, 16);
  }
  if (!code || *code > 0x10FFFF || (byte && *code > 255)) return std::nullopt;
  return Unit{*code, byte};
}

}  // namespace

std::optional<std::string> Unquote(std::string_view literal) {
  if (literal.size() < 2) return std::nullopt;
  const char quote = literal.front();
  std::string_view rest = literal.substr(1, literal.size() - 2);
  if (quote == '`') return std::string(rest);
  std::string out;
  while (!rest.empty()) {
    if (rest.front() != '\\') {  // as it is, valid or not
      out.push_back(rest.front());
      rest.remove_prefix(1);
      continue;
    }
    const auto unit = TakeUnit(rest, quote);
    if (!unit) return std::nullopt;
    if (unit->byte) {
      out.push_back(static_cast<char>(unit->code));
    } else {
      AppendUtf8(out, unit->code);
    }
  }
  return out;
}

std::optional<std::uint32_t> UnquoteCharacter(std::string_view literal) {
  if (literal.size() < 3) return std::nullopt;
  std::string_view rest = literal.substr(1, literal.size() - 2);
  const auto unit = TakeUnit(rest, '\'');
  if (!unit || !rest.empty()) return std::nullopt;
  return unit->code;
}

}  // namespace drover::tmpl
