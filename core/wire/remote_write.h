// Prometheus remote write 1.0 (https://prometheus.io/docs/specs/prw/remote_write_spec/): the
// protobuf message prometheus.WriteRequest, without the snappy block around it. Exemplars and
// native histograms are passed over and counted.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/model/labels.h"
#include "core/model/sample.h"

namespace drover::wire {

struct WriteLimits {
  std::size_t max_series = 100'000;
  std::size_t max_samples = 1'000'000;
  std::size_t max_metadata = 100'000;
};

// What a request held, good or bad.
struct WriteStats {
  std::uint64_t series = 0;
  std::uint64_t samples = 0;
  std::uint64_t exemplars = 0;   // not supported: counted only
  std::uint64_t histograms = 0;  // not supported: counted only
  std::uint64_t metadata = 0;
};

struct MetadataView {  // points into the body
  std::string_view family;
  MetricType type = MetricType::kUnknown;
  std::string_view help;
  std::string_view unit;
};

class WriteVisitor {
 public:
  virtual ~WriteVisitor() = default;
  // One TimeSeries. `label_bytes` are its Label fields as they were sent, for DecodeLabels: the
  // same series from the same sender has the same bytes each time. Both until the return.
  virtual void OnSeries(std::string_view label_bytes, std::span<const Sample> samples) = 0;
  virtual void OnMetadata(const MetadataView&) {}
};

// kInvalid: not this message (what came before the broken place was visited). kExhausted: a limit.
// Memory stays within the limits, whatever the body holds.
Result<WriteStats> DecodeWriteRequest(std::string_view body, const WriteLimits& limits,
                                      WriteVisitor& visitor);

// Replaces `out` with the labels in the order sent, unchecked; views into `label_bytes`.
// kInvalid: broken bytes; kExhausted: more than `max_labels`.
Status DecodeLabels(std::string_view label_bytes, std::size_t max_labels,
                    std::vector<LabelView>& out);

// Appends what OnSeries gives as `label_bytes`. Keep it per series: a sample then costs a copy.
void EncodeLabels(const Labels& labels, std::string& out);

// Builds one WriteRequest in a buffer that is used again. One thread at a time.
class WriteEncoder {
 public:
  void Clear();
  void AddSeries(std::string_view label_bytes, std::span<const Sample> samples);
  void AddMetadata(const MetricMetadata& metadata);

  const std::string& body() const { return body_; }
  std::size_t series() const { return series_; }
  std::size_t samples() const { return samples_; }
  bool empty() const { return body_.empty(); }

 private:
  std::string body_;
  std::size_t series_ = 0;
  std::size_t samples_ = 0;
};

}  // namespace drover::wire
