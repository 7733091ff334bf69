#include "receiver/ingest/series_labels.h"

#include "core/base/utf8.h"

namespace drover::ingest {
namespace {

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    if (static_cast<unsigned char>(text.front()) < 0x80) {
      text.remove_prefix(1);
      continue;
    }
    const std::size_t n = Utf8SequenceLength(text);
    if (n == 0) return false;
    text.remove_prefix(n);
  }
  return true;
}

}  // namespace

Status CheckLabels(const std::vector<LabelView>& labels, std::size_t max_name_bytes,
                   std::size_t max_value_bytes) {
  bool named = false;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto& [name, value] = labels[i];
    if (name.empty()) return Fail(ErrorCode::kInvalid, "empty label name");
    if (name.size() > max_name_bytes || value.size() > max_value_bytes) {
      return Fail(ErrorCode::kExhausted, "label name or value too long");
    }
    if (!IsUtf8(name) || !IsUtf8(value)) return Fail(ErrorCode::kInvalid, "label is not UTF-8");
    for (std::size_t k = 0; k < i; ++k) {
      if (labels[k].name == name) return Fail(ErrorCode::kInvalid, "repeated label name");
    }
    named = named || (name == kMetricName && !value.empty());
  }
  if (!named) return Fail(ErrorCode::kInvalid, "no metric name");
  return {};
}

}  // namespace drover::ingest
