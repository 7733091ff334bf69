#include "receiver/template/common_functions.h"

#include "core/base/utf8.h"
#include "core/regex/regex.h"
#include "receiver/template/unquote.h"

namespace drover::tmpl {
namespace {

using Args = std::span<const Value>;

// Letters of Latin, Greek and Cyrillic; other scripts have no case here.
std::uint32_t Cased(std::uint32_t c, bool upper) {
  const auto in = [c](std::uint32_t low, std::uint32_t high) { return c >= low && c <= high; };
  if (upper) {
    if (in('a', 'z') || (in(0xE0, 0xFE) && c != 0xF7) || in(0x3B1, 0x3C9)) {
      return c == 0x3C2 ? 0x3A3 : c - 32;
    }
    if (in(0x430, 0x44F)) return c - 32;
    if (in(0x450, 0x45F)) return c - 80;
    if (in(0x100, 0x137) || in(0x14A, 0x177)) return c & ~1U;
    return c;
  }
  if (in('A', 'Z') || (in(0xC0, 0xDE) && c != 0xD7) || in(0x391, 0x3A9)) return c + 32;
  if (in(0x410, 0x42F)) return c + 32;
  if (in(0x400, 0x40F)) return c + 80;
  if (in(0x100, 0x137) || in(0x14A, 0x177)) return c | 1U;
  return c;
}

std::string MapCase(std::string_view text, bool upper) {
  std::string out;
  while (!text.empty()) AppendUtf8(out, Cased(TakeRune(text), upper));
  return out;
}

bool IsLetter(std::uint32_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '\'' || c >= 0xC0;
}

std::string Title(std::string_view text, bool lower_rest) {
  std::string out;
  bool inside = false;
  while (!text.empty()) {
    const std::uint32_t c = TakeRune(text);
    AppendUtf8(out, !inside ? Cased(c, true) : lower_rest ? Cased(c, false) : c);
    inside = IsLetter(c);
  }
  return out;
}

// Go's text for a bad pattern; RE2 says nearly the same.
std::string RegexError(const Error& error, std::string_view pattern) {
  std::string_view message = error.message();
  if (message.find("missing )") != std::string_view::npos) {
    return "error parsing regexp: missing closing ): `" + std::string(pattern) + "`";
  }
  return "error parsing regexp: " + std::string(message);
}

}  // namespace

void AddCommonFunctions(Functions& f, bool lower_rest) {
  const ArgKind s = ArgKind::kString;
  f["toUpper"] = {
      {s}, false, [](Args a) -> Result<Value> { return Value(MapCase(*a[0].AsString(), true)); }};
  f["toLower"] = {
      {s}, false, [](Args a) -> Result<Value> { return Value(MapCase(*a[0].AsString(), false)); }};
  f["title"] = {{s}, false, [lower_rest](Args a) -> Result<Value> {
                  return Value(Title(*a[0].AsString(), lower_rest));
                }};
  f["match"] = {{s, s}, false, [](Args a) -> Result<Value> {
                  const auto regex = Regex::Compile(*a[0].AsString());
                  if (!regex) {
                    return Fail(ErrorCode::kInvalid, RegexError(regex.error(), *a[0].AsString()));
                  }
                  return Value(regex->Search(*a[1].AsString()));
                }};
  f["reReplaceAll"] = {{s, s, s}, false, [](Args a) -> Result<Value> {
                         const std::string& pattern = *a[0].AsString();
                         const auto regex = Regex::Compile(pattern);
                         if (!regex) {
                           return Fail(ErrorCode::kInvalid, "regexp: Compile(`" + pattern + "`): " +
                                                                RegexError(regex.error(), pattern));
                         }
                         return Value(regex->ReplaceAll(*a[2].AsString(), *a[1].AsString()));
                       }};
  f["safeHtml"] = {{s}, false, [](Args a) -> Result<Value> {
                     return Value(Text{*a[0].AsString(), Safety::kHtml});
                   }};
}

}  // namespace drover::tmpl
