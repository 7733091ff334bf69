// A page of the text format or of OpenMetrics out of samples in any order: families by name, labels
// by name, the series of a family by number of labels and then by values, as the Go exporters print
// them. Of series with equal labels the first stays; the others are counted. The
// series of one histogram or summary stay together, in the order they came.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "exporters/common/metric.h"

namespace drover::exporters {

// One thread at a time. Families are remembered between pages (a page costs no look-up by name), so
// every desc ever added outlives this. Families of one name from several descs are one; the first
// desc on a page gives help and type.
class TextPage final : public MetricSink {
 public:
  TextPage();
  ~TextPage() override;

  using MetricSink::Add;
  // Values must be valid UTF-8 (SampleBuffer sees to it).
  void Add(const MetricDesc& desc, std::span<const std::string_view> values, double value) override;

  // Series are named alike in both formats. So OpenMetrics (1.0, openmetrics.io) calls counter what
  // ends in _total and does not share its name with another family; other counters are unknown.
  enum class Format { kText, kOpenMetrics };
  // Appends the page to `out` and starts over.
  void Render(std::string& out, Format format = Format::kText);

  std::uint64_t duplicates() const { return duplicates_; }  // since the start

 private:
  struct Family;
  struct Form;  // one desc's labels
  struct Series {
    const Form* form;
    std::uint32_t values;  // offset in values_: length and bytes of each value, by label name
    double value;
  };
  const Form& FormOf(const MetricDesc& desc);
  int Compare(const Series& a, const Series& b) const;
  bool IsRepeat(const Series& a, const Series& b) const;
  std::string_view ValueAt(std::size_t& offset) const;
  bool HasFamily(std::string_view name) const;
  void AppendHeader(const Family& family, Format format, std::string& out) const;
  static void Describe(Family& family);
  void RenderSeries(const Series& series, std::string& out) const;

  std::unordered_map<const MetricDesc*, std::unique_ptr<Form>> forms_;
  std::vector<std::unique_ptr<Family>> families_;  // sorted by name
  std::string values_;
  std::uint64_t duplicates_ = 0;
};

}  // namespace drover::exporters
