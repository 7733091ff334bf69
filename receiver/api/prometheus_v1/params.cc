#include "receiver/api/prometheus_v1/params.h"

#include <cmath>

#include "core/base/duration.h"
#include "core/base/numbers.h"
#include "receiver/promql/parser.h"

namespace drover::api {
namespace {

// What client libraries send for "open": the extremes of their time type.
constexpr std::string_view kMinTimeText = "-292273086-05-16T16:47:06Z";
constexpr std::string_view kMaxTimeText = "292277025-08-18T07:12:54.999999999Z";

// The parser's words for {a=""}, which has words of its own here.
constexpr std::string_view kNothingSelected = "must contain at least one non-empty matcher";

}  // namespace

Result<TimePoint> ParseTime(std::string_view text) {
  if (const auto seconds = ParseFloat(text);
      seconds && std::isfinite(*seconds) && std::fabs(*seconds) < 9e15) {
    return FromMs(static_cast<std::int64_t>(std::llround(*seconds * 1000)));
  }
  if (const auto time = ParseRfc3339(text)) return *time;
  if (text == kMinTimeText) return FromMs(INT64_MIN / 2);
  if (text == kMaxTimeText) return FromMs(INT64_MAX / 2);
  return Fail(ErrorCode::kInvalid,
              "cannot parse \"" + std::string(text) + "\" to a valid timestamp");
}

Result<Millis> ParseStep(std::string_view text) {
  const auto bad = [&](std::string_view more = "") {
    return Fail(ErrorCode::kInvalid, "cannot parse \"" + std::string(text) +
                                         "\" to a valid duration" + std::string(more));
  };
  if (const auto seconds = ParseFloat(text)) {
    if (!(std::fabs(*seconds) < 9.2e9)) return bad(". It overflows int64");
    return Millis(static_cast<std::int64_t>(*seconds * 1000));
  }
  const auto duration = ParseDuration(text);
  if (!duration) return bad();
  return *duration;
}

Result<TimeRange> ParseRange(const http::Form& form, std::string& bad) {
  TimeRange range;
  for (const bool end : {false, true}) {
    const std::string name = end ? "end" : "start";
    const std::string_view text = form.Get(name);
    if (text.empty()) continue;
    auto time = ParseTime(text);
    if (!time) {
      bad = name;
      return tl::unexpected(std::move(time).error().With("invalid time value for '" + name + "'"));
    }
    (end ? range.max_ms : range.min_ms) = ToMs(*time);
  }
  if (range.max_ms < range.min_ms) {
    bad = "end";
    return Fail(ErrorCode::kInvalid, "end timestamp must not be before start time");
  }
  return range;
}

Result<std::vector<std::vector<Matcher>>> ParseMatches(const http::Form& form) {
  std::vector<std::vector<Matcher>> out;
  for (const std::string& text : form.All("match[]")) {
    auto parsed = promql::ParseMetricSelector(text);
    if (!parsed && parsed.error().message().find(kNothingSelected) == std::string::npos)
      return tl::unexpected(std::move(parsed).error());
    const std::vector<Matcher> matchers = parsed ? std::move(*parsed) : std::vector<Matcher>();
    bool selective = false;
    for (const Matcher& matcher : matchers) selective = selective || !matcher.MatchesEmpty();
    if (!selective)
      return Fail(ErrorCode::kInvalid, "match[] must contain at least one non-empty matcher");
    out.push_back(matchers);
  }
  return out;
}

Result<std::size_t> ParseLimit(const http::Form& form) {
  const std::string_view text = form.Get("limit");
  if (text.empty()) return std::size_t{0};
  const auto limit = ParseInt(text);
  if (!limit)
    return Fail(ErrorCode::kInvalid,
                "strconv.Atoi: parsing \"" + std::string(text) + "\": invalid syntax");
  if (*limit < 0) return Fail(ErrorCode::kInvalid, "limit must be non-negative");
  return static_cast<std::size_t>(*limit);
}

Result<bool> ParseBool(std::string_view text) {
  for (const std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (text == yes) return true;
  }
  for (const std::string_view no : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (text == no) return false;
  }
  return Fail(ErrorCode::kInvalid,
              "strconv.ParseBool: parsing \"" + std::string(text) + "\": invalid syntax");
}

}  // namespace drover::api
