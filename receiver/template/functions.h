// The function sets of the two programs whose templates we run.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "receiver/template/template.h"

namespace drover::tmpl {

struct AlertmanagerEnv {
  std::function<TimePoint()> now;  // for `now` and `since`
};
// toUpper, join, reReplaceAll, date, tz, toJson, humanizeDuration …
Functions AlertmanagerFunctions(const AlertmanagerEnv& env);

struct QuerySample {
  std::map<std::string, std::string> labels;
  double value = 0;
};
struct PrometheusEnv {
  // Answers `query "expr"` at the time of the rule; absent: such a call is an error.
  std::function<Result<std::vector<QuerySample>>(const std::string& expr)> query;
  std::string external_url;  // no slash at the end
  std::string path_prefix;
};
// query, first, value, humanize, args, graphLink …
Functions PrometheusFunctions(const PrometheusEnv& env);

// Percent-encoding of a query value (space as +).
std::string QueryEscape(std::string_view text);

}  // namespace drover::tmpl
