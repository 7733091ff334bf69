#include "core/base/json_escape.h"

#include <cstdint>

#include "core/base/utf8.h"

namespace drover {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr char kHex[] = "0123456789abcdef";

void AppendUnicodeEscape(std::string& out, unsigned code) {
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kHex[(code >> shift) & 0xF];
}

}  // namespace

void AppendJsonString(std::string& out, std::string_view text, bool html) {
  out += '"';
  while (!text.empty()) {
    const char c = text.front();
    const auto u = static_cast<std::uint8_t>(c);
    if (u < 0x80) {
      text.remove_prefix(1);
      switch (c) {
        case '"':
          out += "\\\"";
          break;
        case '\\':
          out += "\\\\";
          break;
        case '\n':
          out += "\\n";
          break;
        case '\r':
          out += "\\r";
          break;
        case '\t':
          out += "\\t";
          break;
        default:
          if (u < 0x20 || (html && (c == '<' || c == '>' || c == '&'))) {
            AppendUnicodeEscape(out, u);
          } else {
            out += c;
          }
      }
      continue;
    }
    const std::size_t n = Utf8SequenceLength(text);
    if (n == 0) {
      out += html ? "\\ufffd" : kReplacement;
      text.remove_prefix(1);
      continue;
    }
    const std::string_view sequence = text.substr(0, n);
    if (html && sequence == "\xE2\x80\xA8") {
      out += "\\u2028";
    } else if (html && sequence == "\xE2\x80\xA9") {
      out += "\\u2029";
    } else {
      out += sequence;
    }
    text.remove_prefix(n);
  }
  out += '"';
}

}  // namespace drover
