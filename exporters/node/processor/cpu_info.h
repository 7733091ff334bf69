// /proc/cpuinfo, the part that says what the processors are.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace drover::exporters::node {

// Views point into the text; "" for what the processor's entry lacks.
struct CpuInfo {
  std::string_view processor, package, core, vendor, family, model, model_name, microcode, stepping,
      cache_size;
  std::string_view flags, bugs;  // separated by blanks
  std::optional<double> mhz;
};

std::vector<CpuInfo> ParseCpuInfo(std::string_view text);

// "1,3-5,9" of /sys/devices/system/cpu/isolated and the like. What is not a number is skipped; a
// range longer than 65536 is cut.
std::vector<unsigned> ParseCpuRange(std::string_view text);

}  // namespace drover::exporters::node
