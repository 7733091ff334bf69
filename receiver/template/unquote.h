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

}  // namespace drover::tmpl
