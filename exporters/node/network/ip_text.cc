#include "exporters/node/network/ip_text.h"

#include <cstdint>

namespace drover::exporters::node {
namespace {

unsigned Byte(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

std::string FormatV4(std::string_view bytes) {
  std::string text;
  for (std::size_t i = 0; i < 4; ++i) {
    if (i > 0) text += '.';
    text += std::to_string(Byte(bytes, i));
  }
  return text;
}

void AppendHex(std::string& out, unsigned word) {
  constexpr char kDigits[] = "0123456789abcdef";
  bool started = false;
  for (int shift = 12; shift >= 0; shift -= 4) {
    const unsigned digit = word >> shift & 15;
    started = started || digit != 0 || shift == 0;
    if (started) out += kDigits[digit];
  }
}

}  // namespace

std::string FormatIp(std::string_view bytes) {
  constexpr std::string_view kMapped("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
  constexpr std::size_t kWords = 8;
  if (bytes.size() == 4) return FormatV4(bytes);
  if (bytes.size() != 2 * kWords) return {};
  if (bytes.starts_with(kMapped)) return FormatV4(bytes.substr(12));
  unsigned words[kWords];
  for (std::size_t i = 0; i < kWords; ++i)
    words[i] = Byte(bytes, 2 * i) << 8 | Byte(bytes, 2 * i + 1);
  std::size_t gap = kWords, gap_length = 1;  // the first longest run of at least two zero words
  for (std::size_t i = 0; i < kWords; ++i) {
    std::size_t end = i;
    while (end < kWords && words[end] == 0) ++end;
    if (end - i > gap_length) gap = i, gap_length = end - i;
  }
  std::string text;
  for (std::size_t i = 0; i < kWords; ++i) {
    if (i == gap) {
      text += "::";
      i += gap_length - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    AppendHex(text, words[i]);
  }
  return text;
}

}  // namespace drover::exporters::node
