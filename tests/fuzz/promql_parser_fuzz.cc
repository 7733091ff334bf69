// Any bytes: no crash; what parses prints to a text that parses to the same text again.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "receiver/promql/parser.h"
#include "receiver/promql/printer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace drover::promql;
  const auto expr = Parse({reinterpret_cast<const char*>(data), size}, ParserOptions::All());
  if (!expr) return 0;
  const std::string text = ToText(**expr);
  const auto again = Parse(text, ParserOptions::All());
  assert(again.has_value());
  assert(ToText(**again) == text);
  assert(!ToPrettyText(**expr).empty());
  return 0;
}
