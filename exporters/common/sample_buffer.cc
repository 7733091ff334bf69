#include "exporters/common/sample_buffer.h"

#include <algorithm>

#include "core/base/utf8.h"

namespace drover::exporters {

void SampleBuffer::Add(const MetricDesc& desc, std::span<const std::string_view> values,
                       double value) {
  if (records_.size() >= max_samples_) {
    ++dropped_;
    return;
  }
  records_.push_back({&desc, value, static_cast<std::uint32_t>(ends_.size()),
                      static_cast<std::uint32_t>(values.size())});
  for (const std::string_view text : values) {
    const bool ascii = std::none_of(text.begin(), text.end(), [](char c) { return c < 0; });
    if (ascii || IsValidUtf8(text)) {
      text_ += text;
    } else {
      text_ += ReplaceInvalidUtf8(text);
    }
    ends_.push_back(static_cast<std::uint32_t>(text_.size()));
  }
}

void SampleBuffer::Clear() {
  dropped_ = 0;
  records_.clear();
  text_.clear();
  ends_.clear();
}

void SampleBuffer::Replay(MetricSink& sink) const {
  std::vector<std::string_view> values;
  const std::string_view text = text_;
  for (const Record& record : records_) {
    values.clear();
    for (std::uint32_t i = record.first_value; i < record.first_value + record.values; ++i) {
      const std::uint32_t begin = i == 0 ? 0 : ends_[i - 1];
      values.push_back(text.substr(begin, ends_[i] - begin));
    }
    sink.Add(*record.desc, values, record.value);
  }
}

}  // namespace drover::exporters
