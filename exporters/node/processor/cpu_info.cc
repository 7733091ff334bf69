#include "exporters/node/processor/cpu_info.h"

#include <algorithm>

#include "core/base/numbers.h"
#include "exporters/common/fields.h"

namespace drover::exporters::node {

std::vector<CpuInfo> ParseCpuInfo(std::string_view text) {
  std::vector<CpuInfo> cpus;
  while (!text.empty()) {
    const std::string_view line = NextLine(text);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view key = Trim(line.substr(0, colon));
    const std::string_view value = Trim(line.substr(colon + 1));
    if (key == "processor") {
      cpus.emplace_back().processor = value;
      continue;
    }
    if (cpus.empty()) continue;
    CpuInfo& cpu = cpus.back();
    if (key == "cpu MHz") cpu.mhz = ParseFloat(value);
    std::string_view* const field = key == "physical id"  ? &cpu.package
                                    : key == "core id"    ? &cpu.core
                                    : key == "vendor_id"  ? &cpu.vendor
                                    : key == "cpu family" ? &cpu.family
                                    : key == "model"      ? &cpu.model
                                    : key == "model name" ? &cpu.model_name
                                    : key == "microcode"  ? &cpu.microcode
                                    : key == "stepping"   ? &cpu.stepping
                                    : key == "cache size" ? &cpu.cache_size
                                    : key == "flags"      ? &cpu.flags
                                    : key == "bugs"       ? &cpu.bugs
                                                          : nullptr;
    if (field != nullptr) *field = value;
  }
  return cpus;
}

std::vector<unsigned> ParseCpuRange(std::string_view text) {
  std::vector<unsigned> cpus;
  text = Trim(text);
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    const std::size_t dash = part.find('-');
    const auto first = ParseUint(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : ParseUint(part.substr(dash + 1));
    if (!first || !last || *first > 0xFFFF'FFFF) continue;
    for (auto cpu = *first; cpu <= std::min(*last, *first + 65535); ++cpu)
      cpus.push_back(static_cast<unsigned>(cpu));
  }
  return cpus;
}

}  // namespace drover::exporters::node
