// What a collector emits: samples of described families into a sink.
#pragma once

#include <initializer_list>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/model/sample.h"

namespace drover::exporters {

// A metric family, usually a constant at the top of its collector:
//   constexpr MetricDesc kSeconds{"node_cpu_seconds_total", "Seconds …", MetricType::kCounter,
//                                 "cpu,mode"};
// Sinks know a family by the address, so a desc lives as long as the collector's runner and page.
struct MetricDesc {
  std::string_view name;
  std::string_view help;
  MetricType type = MetricType::kGauge;
  std::string_view labels{};  // names, separated by commas, in the order in which values are given
  // Of a histogram or summary, whose series are called x_bucket, x_sum, x_count: "x". Its series
  // are added group by group, as they shall stand on the page.
  std::string_view family{};

  std::string_view family_name() const { return family.empty() ? name : family; }
};

// Takes the samples of one collection. One thread at a time. Values are copied.
class MetricSink {
 public:
  virtual ~MetricSink() = default;
  // As many values as `desc` has label names. An invalid byte of a value becomes U+FFFD.
  virtual void Add(const MetricDesc& desc, std::span<const std::string_view> values,
                   double value) = 0;

  void Add(const MetricDesc& desc, double value) {
    Add(desc, std::span<const std::string_view>(), value);
  }
  void Add(const MetricDesc& desc, std::initializer_list<std::string_view> values, double value) {
    Add(desc, std::span<const std::string_view>(values.begin(), values.size()), value);
  }
};

// Families whose names come from the kernel: prefix + key + suffix, made when a key is first seen.
//   DescTable fields("node_vmstat_", "", "/proc/vmstat information field ", ".", …);
//   sink.Add(fields.Get("pgfault"), 7);
// One thread at a time. Grows with the keys it has seen.
class DescTable {
 public:
  DescTable(std::string name_prefix, std::string name_suffix, std::string help_prefix,
            std::string help_suffix, MetricType type, std::string labels = "")
      : name_prefix_(std::move(name_prefix)),
        name_suffix_(std::move(name_suffix)),
        help_prefix_(std::move(help_prefix)),
        help_suffix_(std::move(help_suffix)),
        type_(type),
        labels_(std::move(labels)) {}

  const MetricDesc& Get(std::string_view key) {
    auto found = descs_.find(key);
    if (found == descs_.end()) {
      auto owned = std::make_unique<Owned>();
      owned->name = name_prefix_ + std::string(key) + name_suffix_;
      owned->help = help_prefix_ + std::string(key) + help_suffix_;
      owned->desc = {owned->name, owned->help, type_, labels_};
      found = descs_.emplace(std::string(key), std::move(owned)).first;
    }
    return found->second->desc;
  }

 private:
  struct Owned {
    std::string name;
    std::string help;
    MetricDesc desc;
  };
  const std::string name_prefix_, name_suffix_, help_prefix_, help_suffix_;
  const MetricType type_;
  const std::string labels_;
  std::map<std::string, std::unique_ptr<Owned>, std::less<>> descs_;
};

}  // namespace drover::exporters
