// The text exposition format 0.0.4
// (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format), appended to a
// string the caller owns and reuses.
//
//   TextWriter w(page);
//   w.Family("up", "Is it?", MetricType::kGauge);
//   w.Sample("up", {{"job", "a\"b"}}, 1);        // up{job="a\"b"} 1
//
// Nothing is sorted and nothing is checked for repeats: the caller hands families and series in the
// order they should have. Names outside [a-zA-Z0-9_:] are written in quotes ({"a.b",l="v"}), the
// form of Prometheus 3.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/model/labels.h"
#include "core/model/sample.h"

namespace drover::exposition {

void AppendHelpText(std::string& out, std::string_view help);    // \ and newline escaped
void AppendLabelText(std::string& out, std::string_view value);  // and the double quote
// counter, gauge, histogram, summary, untyped: what 0.0.4 has; the rest is untyped.
std::string_view TypeText(MetricType type);

// `out` outlives this. Appends only, so a caller may write between calls.
class TextWriter {
 public:
  explicit TextWriter(std::string& out) : out_(out) {}

  // "# HELP" and "# TYPE"; an empty help leaves its line out.
  void Family(std::string_view name, std::string_view help, MetricType type);
  // `labels` in the order given, without the metric name.
  void Sample(std::string_view name, std::span<const LabelView> labels, double value,
              std::optional<std::int64_t> t_ms = std::nullopt);
  void Sample(std::string_view name, std::initializer_list<LabelView> labels, double value) {
    Sample(name, std::span<const LabelView>(labels.begin(), labels.size()), value);
  }

 private:
  std::string& out_;
};

}  // namespace drover::exposition
