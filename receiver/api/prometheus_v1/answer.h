// The envelope of every API answer, and values inside it, as Prometheus writes them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/http/message.h"
#include "core/model/labels.h"
#include "receiver/promql/value.h"

namespace drover::api {

// errorType and HTTP status go together.
enum class ErrorType {
  kBadData,
  kExecution,
  kCanceled,
  kTimeout,
  kInternal,
  kUnavailable,
  kNotFound,
  kNotAcceptable
};
http::Response Failure(ErrorType type, std::string_view message);
// "invalid parameter \"name\": reason"
http::Response BadParameter(std::string_view name, std::string_view reason);
// From the engine or the store.
http::Response Failure(const Error& error);

struct Notes {
  std::vector<std::string> warnings;
  std::vector<std::string> infos;
};
// `data` is JSON text.
http::Response Success(std::string_view data, const Notes& notes = {});

void AppendTimestamp(std::string& out, std::int64_t t_ms);  // 1795200000.500
void AppendSampleValue(std::string& out, double value);     // "1.5"
void AppendLabels(std::string& out, const Labels& labels);  // {"a":"1"}
void AppendStrings(std::string& out, const std::vector<std::string>& list);
// {"resultType":…,"result":…} without the closing brace, so that stats may follow.
void AppendQueryData(std::string& out, const promql::QueryResult& result);

}  // namespace drover::api
