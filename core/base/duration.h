// Durations and sizes as Prometheus' configuration files write them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace drover {

// "1h30m", "15s", "0": units y (365 d) w d h m s ms, falling, each at most once, no sign, no
// fraction.
Result<std::chrono::milliseconds> ParseDuration(std::string_view text);
// The same form back: "1h30m", "1w", "0s". y, w and d only where they divide.
std::string FormatDuration(std::chrono::milliseconds d);

// Go's own syntax: sign, decimals, units ns us µs ms s m h: "1.5h", "-2m3.5s", "0".
Result<std::chrono::nanoseconds> ParseGoDuration(std::string_view text);

// "512MB", "1GiB", "0": a whole or decimal number and B, KB, MB, GB, TB, PB, EB (all powers of
// 1024, as Prometheus has it) or their iB spellings.
Result<std::uint64_t> ParseByteSize(std::string_view text);
std::string FormatByteSize(std::uint64_t bytes);  // "1.5GiB"

}  // namespace drover
