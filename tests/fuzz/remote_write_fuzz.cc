// Any bytes: no crash, and what decodes keeps to the limits.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "core/wire/remote_write.h"

namespace {

struct Visitor final : drover::wire::WriteVisitor {
  void OnSeries(std::string_view label_bytes, std::span<const drover::Sample> samples) override {
    (void)drover::wire::DecodeLabels(label_bytes, 30, labels);
    if (labels.size() > 30) std::abort();
    seen += samples.size();
  }
  std::vector<drover::LabelView> labels;
  std::size_t seen = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Visitor visitor;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto stats = drover::wire::DecodeWriteRequest(body, {}, visitor);
  if (stats && stats->samples != visitor.seen) std::abort();
  return 0;
}
