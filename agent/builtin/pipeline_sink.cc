#include "agent/builtin/pipeline_sink.h"

#include "core/base/utf8.h"

namespace drover::agent::builtin {
namespace {

constexpr char kSeparator = '\xff';  // in no valid UTF-8

// The key is name, then each value, all ended by the separator.
Status DecodeKey(const exporters::MetricDesc& desc, std::string_view key, LabelsBuilder& out) {
  const auto next = [&key] {
    const std::size_t end = key.find(kSeparator);
    const std::string_view part = key.substr(0, end);
    key.remove_prefix(end == std::string_view::npos ? key.size() : end + 1);
    return part;
  };
  out.Set(kMetricName, next());
  std::string_view names = desc.labels;
  while (!names.empty()) {
    const std::size_t comma = names.find(',');
    out.Set(names.substr(0, comma), next());
    names = comma == std::string_view::npos ? std::string_view() : names.substr(comma + 1);
  }
  return {};
}

}  // namespace

void PipelineSink::Add(const exporters::MetricDesc& desc, std::span<const std::string_view> values,
                       double value) {
  if (!status_) return;
  if (described_ != &desc) {
    described_ = &desc;
    status_ = out_.AppendMetadata(
        {std::string(desc.family_name()), desc.type, std::string(desc.help), ""});
    if (!status_) return;
  }
  key_ = desc.name;
  key_ += kSeparator;
  for (const std::string_view one : values) {
    if (IsValidUtf8(one)) {
      key_ += one;
    } else {
      key_ += ReplaceInvalidUtf8(one);
    }
    key_ += kSeparator;
  }
  status_ = cache_.Add(
      key_, value, std::nullopt,
      [&desc](std::string_view key, LabelsBuilder& out) { return DecodeKey(desc, key, out); });
}

}  // namespace drover::agent::builtin
