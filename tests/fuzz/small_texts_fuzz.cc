// The small parsers of foreign texts; the first byte chooses one.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/duration.h"
#include "core/base/numbers.h"
#include "core/http/url.h"
#include "core/json/reader.h"
#include "core/regex/regex.h"
#include "receiver/alerting/config/matchers.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace drover;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 6) {
    case 0: {
      const auto parsed = alerting::ParseMatchers(text);
      if (parsed) {
        // What is printed reads back as the same.
        const auto again = alerting::ParseMatchers(alerting::MatchersText(parsed->matchers),
                                                   alerting::MatcherSyntax::kUtf8);
        assert(!again || again->matchers.size() == parsed->matchers.size());
      }
      break;
    }
    case 1:
      (void)json::Parse(text);
      break;
    case 2: {
      const auto url = http::ParseUrl(text);
      if (url) assert(http::ParseUrl(url->ToString(true)).has_value());
      break;
    }
    case 3: {
      const auto duration = ParseDuration(text);
      if (duration) assert(ParseDuration(FormatDuration(*duration)).value() == *duration);
      (void)ParseGoDuration(text);
      (void)ParseByteSize(text);
      break;
    }
    case 4: {
      (void)ParseRfc3339(text);
      const auto number = ParseFloat(text);
      if (number && *number == *number) {
        std::string printed;
        AppendGoFloat(printed, *number);
        assert(ParseFloat(printed).value() == *number);
      }
      break;
    }
    default: {
      const std::size_t middle = text.size() / 2;
      const auto regex = Regex::Compile(text.substr(0, middle));
      if (regex) {
        (void)regex->FullMatch(text.substr(middle));
        (void)regex->ReplaceAll(text.substr(middle), "$1-${x}$$");
      }
    }
  }
  return 0;
}
