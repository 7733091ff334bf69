// Strings as JSON wants them, without a JSON library.
#pragma once

#include <string>
#include <string_view>

namespace drover {

// Appends `text` in double quotes. Control characters and, as Go's encoder does, < > & U+2028
// U+2029 become \u escapes when `html` is true. Invalid UTF-8 becomes U+FFFD.
void AppendJsonString(std::string& out, std::string_view text, bool html = true);

}  // namespace drover
