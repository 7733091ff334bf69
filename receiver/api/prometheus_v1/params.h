// Parameters as the API reads them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/http/url.h"
#include "core/model/matcher.h"

namespace drover::api {

// Decimal Unix seconds or RFC 3339. Errors: "cannot parse \"x\" to a valid timestamp".
Result<TimePoint> ParseTime(std::string_view text);
// Float seconds or a Prometheus duration. Errors: "cannot parse \"x\" to a valid duration".
Result<Millis> ParseStep(std::string_view text);

struct TimeRange {
  std::int64_t min_ms = INT64_MIN / 2;
  std::int64_t max_ms = INT64_MAX / 2;
};
// start and end, both optional; the error is a whole answer's text for the parameter named in
// `bad`.
Result<TimeRange> ParseRange(const http::Form& form, std::string& bad);

// The match[] parameters, each with a matcher that refuses "".
Result<std::vector<std::vector<Matcher>>> ParseMatches(const http::Form& form);

// 0: none. "limit must be a number", "limit must be non-negative".
Result<std::size_t> ParseLimit(const http::Form& form);

// Go's strconv.ParseBool; its error text.
Result<bool> ParseBool(std::string_view text);

}  // namespace drover::api
