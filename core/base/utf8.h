// UTF-8, byte by byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace drover {

inline constexpr std::uint32_t kReplacementRune = 0xFFFD;

// Length in bytes of the valid sequence at the start of `text`; 0 when there is none.
std::size_t Utf8SequenceLength(std::string_view text);
bool IsValidUtf8(std::string_view text);
// Every invalid byte replaced by U+FFFD.
std::string ReplaceInvalidUtf8(std::string_view text);

// False, and U+FFFD appended, for what is no character: surrogates and beyond U+10FFFF.
bool AppendUtf8(std::string& out, std::uint32_t rune);
// Takes one character off the front; U+FFFD (one byte) when it is not UTF-8.
std::uint32_t TakeRune(std::string_view& text);

}  // namespace drover
