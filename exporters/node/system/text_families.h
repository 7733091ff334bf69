// A .prom file: the text exposition format 0.0.4 as its validator reads it (prometheus/common,
// expfmt), which is stricter than a scraper: every line ends with a newline and nothing stands
// behind a value, HELP and TYPE come once and TYPE before the samples, le and quantile are numbers.
// (core/exposition's parser takes what Prometheus scrapes, which is more in some places and less in
// others.) Names are the classic ones: no quotes.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/model/sample.h"

namespace drover::exporters::node {

// One series; of a histogram or summary, the group of its series.
struct TextMetric {
  std::vector<std::pair<std::string, std::string>> labels;  // in file order, without le, quantile
  double value = 0;
  double sum = 0;
  double count = 0;
  std::map<double, double> parts;  // bucket by upper bound, value by quantile
};

struct TextFamily {
  std::string name;
  std::optional<std::string> help;
  std::optional<MetricType> type;  // set when there is a metric
  std::vector<TextMetric> metrics;
};

// Families with at least one metric, in file order. kInvalid "line 3: …" for what breaks the
// format; kUnsupported for a timestamp.
Result<std::vector<TextFamily>> ParseTextFamilies(std::string_view text);

}  // namespace drover::exporters::node
