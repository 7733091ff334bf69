// PromQL of Prometheus 3 (https://prometheus.io/docs/prometheus/latest/querying/basics/).
//
//   DROVER_TRY(const ExprPtr expr, Parse("sum by (job) (rate(x_total[5m]))"));
//
// Errors are kInvalid with upstream's text, "1:5: parse error: unexpected end of input inside
// braces"; several are joined by a newline. Pure, thread-safe, bounded in depth.
#pragma once

#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "receiver/promql/ast.h"

namespace drover::promql {

// What is behind a feature flag upstream.
struct ParserOptions {
  bool experimental_functions = false;
  bool duration_expressions = false;
  bool extended_range_selectors = false;  // anchored, smoothed
  bool fill_modifiers = false;

  static ParserOptions All() { return {true, true, true, true}; }
};

// The expression with its types checked.
Result<ExprPtr> Parse(std::string_view query, const ParserOptions& options = {});

// `name{a="b"}` as the API's match[] has it. A selector that only accepts empty labels is an error.
Result<std::vector<Matcher>> ParseMetricSelector(std::string_view text);

}  // namespace drover::promql
