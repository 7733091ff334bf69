// Contents of one /proc/pressure/<resource> file (kernel: Documentation/accounting/psi.rst). Totals
// count microseconds since boot and never fall; the kernel's moving averages are not kept, because
// rate() over the totals says the same with the window the reader picks.
#pragma once

#include <optional>
#include <string_view>

#include "core/base/result.h"

namespace drover::exporters::node {

struct PressureStats {
  std::optional<double> some_us, full_us;  // irq has no some; cpu had no full before Linux 5.13
};

// Unknown lines and keys are skipped: new kernels add them. kInvalid when a known line has no
// readable total.
Result<PressureStats> ParsePressure(std::string_view text);

}  // namespace drover::exporters::node
