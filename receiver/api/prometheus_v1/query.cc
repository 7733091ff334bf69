#include <algorithm>

#include "core/base/json_escape.h"
#include "core/base/numbers.h"
#include "receiver/api/prometheus_v1/answer.h"
#include "receiver/api/prometheus_v1/api.h"
#include "receiver/api/prometheus_v1/params.h"
#include "receiver/promql/printer.h"

namespace drover::api {
namespace {

constexpr std::uint64_t kMaxPoints = 11'000;

void AppendStats(std::string& out, const promql::QueryResult& result, double evaluated_seconds) {
  const auto seconds = [&](std::string_view name, double value) {
    out += '"';
    out += name;
    out += "\":";
    AppendJsonFloat(out, value);
  };
  out += ",\"stats\":{\"timings\":{";
  seconds("evalTotalTime", evaluated_seconds);
  out += ",\"resultSortTime\":0,\"queryPreparationTime\":0,";
  seconds("innerEvalTime", evaluated_seconds);
  out += ',';
  // A query that waits has no thread yet, so its wait is not seen here.
  seconds("execQueueTime", 0);
  out += ',';
  seconds("execTotalTime", evaluated_seconds);
  out += "},\"samples\":{\"totalQueryableSamples\":";
  AppendUint(out, result.stats.total_samples);
  out += ",\"peakSamples\":";
  AppendUint(out, result.stats.peak_samples);
  out += "}}";
}

// timeout, lookback_delta and limit, which both query endpoints have.
struct Common {
  promql::QueryParams params;
  std::optional<http::Response> failure;
};

void ReadOptional(const http::Form& form, Common& out) {
  if (const std::string_view text = form.Get("timeout"); !text.empty()) {
    const auto timeout = ParseStep(text);
    if (!timeout) {
      out.failure = BadParameter("timeout", timeout.error().message());
      return;
    }
    out.params.timeout = *timeout;
  }
  if (const std::string_view text = form.Get("lookback_delta"); !text.empty()) {
    const auto lookback = ParseStep(text);
    if (!lookback) {
      out.failure = Failure(ErrorType::kBadData,
                            "error parsing lookback delta duration: " + lookback.error().message());
      return;
    }
    if (lookback->count() > 0) out.params.lookback_delta = *lookback;
  }
}

http::Response Answer(const promql::QueryResult& result, const promql::Query& query, bool stats,
                      double evaluated_seconds) {
  std::string data;
  AppendQueryData(data, result);
  if (stats) AppendStats(data, result, evaluated_seconds);
  data += '}';
  return Success(data,
                 {result.annotations.Warnings(query.text), result.annotations.Infos(query.text)});
}

class Seconds {
 public:
  explicit Seconds(const Clock& clock) : clock_(clock), start_(clock.Mono()) {}
  double Get() const { return std::chrono::duration<double>(clock_.Mono() - start_).count(); }

 private:
  const Clock& clock_;
  const MonoTime start_;
};

}  // namespace

http::Response PrometheusApi::Query(const http::Request& request) {
  const http::Form form = http::FormOf(request);
  Common common;
  const auto limit = ParseLimit(form);
  if (!limit) return BadParameter("limit", limit.error().message());
  common.params.limit = *limit;
  TimePoint time = clock_.Now();
  if (const std::string_view text = form.Get("time"); !text.empty()) {
    auto parsed = ParseTime(text);
    if (!parsed)
      return BadParameter("time", "invalid time value for 'time': " + parsed.error().message());
    time = *parsed;
  }
  ReadOptional(form, common);
  if (common.failure) return *common.failure;
  const auto query = engine_.Parse(form.Get("query"));
  if (!query) return BadParameter("query", query.error().message());

  common.params.stop = stop_.get_token();
  const Seconds running(clock_);
  const auto result = engine_.Instant(head_, *query, time, common.params);
  if (!result) return Failure(result.error());
  return Answer(*result, *query, !form.Get("stats").empty(), running.Get());
}

http::Response PrometheusApi::QueryRange(const http::Request& request) {
  const http::Form form = http::FormOf(request);
  Common common;
  const auto limit = ParseLimit(form);
  if (!limit) return BadParameter("limit", limit.error().message());
  common.params.limit = *limit;
  const auto start = ParseTime(form.Get("start"));
  if (!start) return BadParameter("start", start.error().message());
  const auto end = ParseTime(form.Get("end"));
  if (!end) return BadParameter("end", end.error().message());
  if (*end < *start) return BadParameter("end", "end timestamp must not be before start time");
  const auto step = ParseStep(form.Get("step"));
  if (!step) return BadParameter("step", step.error().message());
  if (step->count() <= 0) {
    return BadParameter(
        "step",
        "zero or negative query resolution step widths are not accepted. Try a positive integer");
  }
  // Unsigned: the distance of two far times is more than a signed number holds.
  const auto distance = static_cast<std::uint64_t>(end->time_since_epoch().count()) -
                        static_cast<std::uint64_t>(start->time_since_epoch().count());
  if (distance / static_cast<std::uint64_t>(step->count()) > kMaxPoints) {
    return Failure(ErrorType::kBadData,
                   "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing "
                   "the query resolution (?step=XX)");
  }
  ReadOptional(form, common);
  if (common.failure) return *common.failure;
  const auto query = engine_.Parse(form.Get("query"));
  if (!query) return BadParameter("query", query.error().message());

  common.params.stop = stop_.get_token();
  const Seconds running(clock_);
  const auto result = engine_.Range(head_, *query, *start, *end, *step, common.params);
  if (!result) {
    // Upstream finds a wrong result type before it evaluates.
    if (result.error().message().starts_with("invalid expression type"))
      return BadParameter("query", result.error().message());
    return Failure(result.error());
  }
  return Answer(*result, *query, !form.Get("stats").empty(), running.Get());
}

http::Response PrometheusApi::FormatQuery(const http::Request& request) {
  const http::Form form = http::FormOf(request);
  const auto query = engine_.Parse(form.Get("query"));
  if (!query) return BadParameter("query", query.error().message());
  std::string data;
  AppendJsonString(data, promql::ToPrettyText(*query->expr));
  return Success(data);
}

}  // namespace drover::api
