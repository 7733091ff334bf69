#include "receiver/api/prometheus_v1/answer.h"

#include <cstdlib>

#include "core/base/json_escape.h"
#include "core/base/numbers.h"
#include "core/model/histogram.h"

namespace drover::api {
namespace {

struct Kind {
  std::string_view name;
  int status;
};

Kind KindOf(ErrorType type) {
  switch (type) {
    case ErrorType::kBadData:
      return {"bad_data", 400};
    case ErrorType::kExecution:
      return {"execution", 422};
    case ErrorType::kCanceled:
      return {"canceled", 499};
    case ErrorType::kTimeout:
      return {"timeout", 503};
    case ErrorType::kInternal:
      return {"internal", 500};
    case ErrorType::kUnavailable:
      return {"unavailable", 500};
    case ErrorType::kNotFound:
      return {"not_found", 404};
    case ErrorType::kNotAcceptable:
      return {"not_acceptable", 406};
  }
  return {"internal", 500};
}

void AppendHistogram(std::string& out, const FloatHistogram& h) {
  out += "{\"count\":";
  AppendSampleValue(out, h.count);
  out += ",\"sum\":";
  AppendSampleValue(out, h.sum);
  out += '}';
}

void AppendPoint(std::string& out, std::int64_t t_ms, double value) {
  out += '[';
  AppendTimestamp(out, t_ms);
  out += ',';
  AppendSampleValue(out, value);
  out += ']';
}

void AppendHistogramPoint(std::string& out, std::int64_t t_ms, const FloatHistogram& histogram) {
  out += '[';
  AppendTimestamp(out, t_ms);
  out += ',';
  AppendHistogram(out, histogram);
  out += ']';
}

void AppendVector(std::string& out, const promql::InstantVector& vector, std::int64_t t_ms) {
  out += '[';
  for (std::size_t i = 0; i < vector.size(); ++i) {
    out += i == 0 ? "{\"metric\":" : ",{\"metric\":";
    AppendLabels(out, vector[i].labels);
    if (vector[i].histogram) {
      out += ",\"histogram\":";
      AppendHistogramPoint(out, t_ms, *vector[i].histogram);
    } else {
      out += ",\"value\":";
      AppendPoint(out, t_ms, vector[i].value);
    }
    out += '}';
  }
  out += ']';
}

void AppendMatrix(std::string& out, const promql::Matrix& matrix) {
  out += '[';
  bool first_series = true;
  for (const promql::MatrixSeries& series : matrix) {
    out += first_series ? "{\"metric\":" : ",{\"metric\":";
    first_series = false;
    AppendLabels(out, series.labels);
    const SampleColumns& samples = series.samples;
    const auto is_histogram = [&](std::size_t i) {
      return !samples.histograms.empty() && samples.histograms[i] != nullptr;
    };
    for (const bool histograms : {false, true}) {
      bool any = false;
      for (std::size_t i = 0; i < samples.size(); ++i) {
        if (is_histogram(i) != histograms) continue;
        out += any ? "," : histograms ? ",\"histograms\":[" : ",\"values\":[";
        any = true;
        if (histograms) {
          AppendHistogramPoint(out, samples.t_ms[i], *samples.histograms[i]);
        } else {
          AppendPoint(out, samples.t_ms[i], samples.value[i]);
        }
      }
      if (any) out += ']';
    }
    out += '}';
  }
  out += ']';
}

}  // namespace

http::Response Failure(ErrorType type, std::string_view message) {
  const Kind kind = KindOf(type);
  std::string body = "{\"status\":\"error\",\"errorType\":\"";
  body += kind.name;
  body += "\",\"error\":";
  AppendJsonString(body, message);
  body += '}';
  return http::Response::Json(kind.status, std::move(body));
}

http::Response BadParameter(std::string_view name, std::string_view reason) {
  return Failure(ErrorType::kBadData,
                 "invalid parameter \"" + std::string(name) + "\": " + std::string(reason));
}

http::Response Failure(const Error& error) {
  switch (error.code()) {
    case ErrorCode::kInvalid:
    case ErrorCode::kExhausted:
    case ErrorCode::kUnsupported:
      return Failure(ErrorType::kExecution, error.message());
    case ErrorCode::kUnavailable:
      return Failure(ErrorType::kTimeout, error.message());
    case ErrorCode::kCancelled:
      return Failure(ErrorType::kCanceled, error.message());
    default:
      return Failure(ErrorType::kInternal, error.message());
  }
}

http::Response Success(std::string_view data, const Notes& notes) {
  std::string body = "{\"status\":\"success\",\"data\":";
  body += data;
  if (!notes.warnings.empty()) {
    body += ",\"warnings\":";
    AppendStrings(body, notes.warnings);
  }
  if (!notes.infos.empty()) {
    body += ",\"infos\":";
    AppendStrings(body, notes.infos);
  }
  body += '}';
  return http::Response::Json(200, std::move(body));
}

void AppendTimestamp(std::string& out, std::int64_t t_ms) {
  if (t_ms < 0) out += '-';
  const std::uint64_t size =
      t_ms < 0 ? 0 - static_cast<std::uint64_t>(t_ms) : static_cast<std::uint64_t>(t_ms);
  AppendUint(out, size / 1000);
  const auto rest = static_cast<unsigned>(size % 1000);
  if (rest == 0) return;
  out += '.';
  out += static_cast<char>('0' + rest / 100);
  out += static_cast<char>('0' + rest / 10 % 10);
  out += static_cast<char>('0' + rest % 10);
}

void AppendSampleValue(std::string& out, double value) {
  out += '"';
  AppendJsonFloat(out, value);
  out += '"';
}

void AppendLabels(std::string& out, const Labels& labels) {
  out += '{';
  bool first = true;
  for (const LabelView& label : labels) {
    if (!first) out += ',';
    first = false;
    AppendJsonString(out, label.name);
    out += ':';
    AppendJsonString(out, label.value);
  }
  out += '}';
}

void AppendStrings(std::string& out, const std::vector<std::string>& list) {
  out += '[';
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (i > 0) out += ',';
    AppendJsonString(out, list[i]);
  }
  out += ']';
}

void AppendQueryData(std::string& out, const promql::QueryResult& result) {
  if (const auto* scalar = std::get_if<promql::ScalarValue>(&result.value)) {
    out += "{\"resultType\":\"scalar\",\"result\":";
    AppendPoint(out, result.t_ms, scalar->value);
  } else if (const auto* text = std::get_if<std::string>(&result.value)) {
    out += "{\"resultType\":\"string\",\"result\":[";
    AppendTimestamp(out, result.t_ms);
    out += ',';
    AppendJsonString(out, *text);
    out += ']';
  } else if (const auto* vector = std::get_if<promql::InstantVector>(&result.value)) {
    out += "{\"resultType\":\"vector\",\"result\":";
    AppendVector(out, *vector, result.t_ms);
  } else {
    out += "{\"resultType\":\"matrix\",\"result\":";
    AppendMatrix(out, std::get<promql::Matrix>(result.value));
  }
}

}  // namespace drover::api
