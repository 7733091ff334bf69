// Numbers as Go and Prometheus read and print them. No locale, no allocation besides `out`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/result.h"

namespace drover {

// Whole-string parsers: nullopt on any rest. A leading + is taken.
std::optional<std::int64_t> ParseInt(std::string_view text);
std::optional<std::uint64_t> ParseUint(std::string_view text);
// Decimal and exponent forms, hex floats with 0x, and, in any case, [+-]inf, [+-]infinity, nan.
// An overflow gives ±Inf, as strconv.ParseFloat's value does. NaN is 0x7FF8000000000001.
std::optional<double> ParseFloat(std::string_view text);

void AppendInt(std::string& out, std::int64_t v);
void AppendUint(std::string& out, std::uint64_t v);

// Shortest digits that read back to the same value; NaN, +Inf, -Inf. The forms differ only in where
// the exponent (sign, at least two digits) begins:
void AppendGoFloat(std::string& out, double v);    // Go's %v and 'g': below 1e-04 and from 1e+06
void AppendJsonFloat(std::string& out, double v);  // HTTP API: below 1e-6 and from 1e21
void AppendFloatF(std::string& out, double v);     // 'f': never
void AppendFloatE(std::string& out, double v);     // 'e': always, as in 1.25e+01

// 2026-01-02T03:04:05.678Z; the fraction has exactly `digits` digits (0, 3, 6, 9).
std::string FormatRfc3339(TimePoint t, int digits = 3);
// Any RFC 3339 time with fraction and zone; milliseconds are kept, rounded.
std::optional<TimePoint> ParseRfc3339(std::string_view text);

}  // namespace drover
