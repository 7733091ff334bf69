// Go's string and character literals.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace drover::tmpl {

// "…" with escapes or `…`; nullopt when malformed.
std::optional<std::string> Unquote(std::string_view literal);
// 'a', '\n', '\u00e9'.
std::optional<std::uint32_t> UnquoteCharacter(std::string_view literal);

void AppendUtf8(std::string& out, std::uint32_t rune);
// Takes one character off the front; U+FFFD (one byte) when it is not UTF-8.
std::uint32_t TakeRune(std::string_view& text);

}  // namespace drover::tmpl
