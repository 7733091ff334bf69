#include "core/base/duration.h"

#include <array>
#include <cmath>

#include "core/base/numbers.h"

namespace drover {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t ms;
};
constexpr std::array<Unit, 7> kUnits = {{{"y", 365LL * 86'400'000},
                                         {"w", 7LL * 86'400'000},
                                         {"d", 86'400'000},
                                         {"h", 3'600'000},
                                         {"m", 60'000},
                                         {"s", 1000},
                                         {"ms", 1}}};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

Result<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return Fail(ErrorCode::kInvalid,
                "not a valid duration string: \"" + std::string(text) + "\"" + std::string(why));
  };
  if (text == "0") return std::chrono::milliseconds(0);
  if (text.empty()) return Fail(ErrorCode::kInvalid, "empty duration string");
  std::string_view rest = text;
  std::int64_t total = 0;
  std::size_t next_unit = 0;
  while (!rest.empty()) {
    std::size_t digits = 0;
    while (digits < rest.size() && IsDigit(rest[digits])) ++digits;
    const auto number = ParseInt(rest.substr(0, digits));
    if (digits == 0 || !number) return bad("");
    rest.remove_prefix(digits);
    std::size_t letters = 0;
    while (letters < rest.size() && !IsDigit(rest[letters])) ++letters;
    const std::string_view name = rest.substr(0, letters);
    rest.remove_prefix(letters);
    std::size_t unit = next_unit;
    while (unit < kUnits.size() && kUnits[unit].name != name) ++unit;
    if (unit == kUnits.size())
      return bad(" (units y w d h m s ms, from large to small, each once)");
    std::int64_t part = 0;
    if (__builtin_mul_overflow(*number, kUnits[unit].ms, &part) ||
        __builtin_add_overflow(total, part, &total) || total > INT64_MAX / 1'000'000) {
      return Fail(ErrorCode::kInvalid, "duration out of range: \"" + std::string(text) + "\"");
    }
    next_unit = unit + 1;
  }
  return std::chrono::milliseconds(total);
}

std::string FormatDuration(std::chrono::milliseconds d) {
  std::int64_t ms = d.count();
  if (ms == 0) return "0s";
  std::string out;
  if (ms < 0) {
    out += '-';
    ms = -ms;
  }
  for (std::size_t i = 0; i < kUnits.size(); ++i) {
    const bool only_whole = i < 3;
    if (only_whole && ms % kUnits[i].ms != 0) continue;
    const std::int64_t n = ms / kUnits[i].ms;
    if (n == 0) continue;
    AppendInt(out, n);
    out += kUnits[i].name;
    ms -= n * kUnits[i].ms;
  }
  return out;
}

Result<std::chrono::nanoseconds> ParseGoDuration(std::string_view text) {
  const auto bad = [&] {
    return Fail(ErrorCode::kInvalid, "invalid duration \"" + std::string(text) + "\"");
  };
  std::string_view rest = text;
  bool negative = false;
  if (!rest.empty() && (rest.front() == '-' || rest.front() == '+')) {
    negative = rest.front() == '-';
    rest.remove_prefix(1);
  }
  if (rest == "0") return std::chrono::nanoseconds(0);
  if (rest.empty()) return bad();
  constexpr std::array<std::pair<std::string_view, double>, 8> kGoUnits = {{{"ns", 1},
                                                                            {"us", 1e3},
                                                                            {"\xC2\xB5s", 1e3},
                                                                            {"\xCE\xBCs", 1e3},
                                                                            {"ms", 1e6},
                                                                            {"s", 1e9},
                                                                            {"m", 60e9},
                                                                            {"h", 3600e9}}};
  long double total = 0;
  while (!rest.empty()) {
    std::size_t n = 0;
    while (n < rest.size() && (IsDigit(rest[n]) || rest[n] == '.')) ++n;
    const auto number = ParseFloat(rest.substr(0, n));
    if (n == 0 || !number) return bad();
    rest.remove_prefix(n);
    std::size_t letters = 0;
    while (letters < rest.size() && !IsDigit(rest[letters]) && rest[letters] != '.') ++letters;
    double scale = 0;
    for (const auto& [name, value] : kGoUnits) {
      if (rest.substr(0, letters) == name) scale = value;
    }
    if (scale == 0) return bad();
    rest.remove_prefix(letters);
    total += static_cast<long double>(*number) * static_cast<long double>(scale);
  }
  if (total > 9.2e18L) return bad();
  const auto nanos = static_cast<std::int64_t>(std::llround(total));
  return std::chrono::nanoseconds(negative ? -nanos : nanos);
}

Result<std::uint64_t> ParseByteSize(std::string_view text) {
  const auto bad = [&] {
    return Fail(ErrorCode::kInvalid, "invalid size \"" + std::string(text) +
                                         "\" (a number and B, KB, MB, GB, TB, PB or EB)");
  };
  if (text == "0") return std::uint64_t{0};
  std::size_t n = 0;
  while (n < text.size() && (IsDigit(text[n]) || text[n] == '.')) ++n;
  const auto number = ParseFloat(text.substr(0, n));
  if (n == 0 || !number) return bad();
  std::string_view unit = text.substr(n);
  if (unit.empty() || unit.back() != 'B') return bad();
  unit.remove_suffix(1);
  if (!unit.empty() && unit.back() == 'i') unit.remove_suffix(1);
  constexpr std::string_view kPrefixes = "KMGTPE";
  double scale = 1;
  if (!unit.empty()) {
    const std::size_t at = unit.size() == 1 ? kPrefixes.find(unit.front()) : std::string_view::npos;
    if (at == std::string_view::npos) return bad();
    scale = std::pow(1024.0, static_cast<double>(at + 1));
  }
  const double bytes = *number * scale;
  if (bytes >= 1.8e19) return bad();
  return static_cast<std::uint64_t>(bytes);
}

std::string FormatByteSize(std::uint64_t bytes) {
  constexpr std::string_view kNames[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  std::size_t i = 0;
  auto value = static_cast<double>(bytes);
  while (value >= 1024 && i + 1 < std::size(kNames)) {
    value /= 1024;
    ++i;
  }
  std::string out;
  AppendGoFloat(out, std::round(value * 10) / 10);
  out += kNames[i];
  return out;
}

}  // namespace drover
