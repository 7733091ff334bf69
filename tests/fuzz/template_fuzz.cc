// Any bytes as a template: no crash, and limits hold.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "receiver/template/functions.h"
#include "receiver/template/notification_data.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace drover::tmpl;
  const ExpandLimits limits{.depth = 50, .output_bytes = 1 << 16, .steps = 20'000};
  const TemplateSet set(AlertmanagerFunctions({}), limits);
  NotificationData view;
  view.status = "firing";
  view.common_labels = {{"a", "b"}};
  view.alerts.resize(2);
  const auto out = set.Expand({reinterpret_cast<const char*>(data), size}, ToValue(view));
  if (out) assert(out->size() <= limits.output_bytes);
  return 0;
}
