#include "core/base/numbers.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>
#include <system_error>

namespace drover {
namespace {

template <typename T>
std::optional<T> ParseWhole(std::string_view text) {
  if (!text.empty() && text.front() == '+') {
    text.remove_prefix(1);
    if (!text.empty() && text.front() == '-') return std::nullopt;
  }
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool EqualsNoCase(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() &&
         std::equal(text.begin(), text.end(), lower.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
         });
}

bool AppendSpecial(std::string& out, double v) {
  if (std::isnan(v)) {
    out += "NaN";
  } else if (std::isinf(v)) {
    out += v > 0 ? "+Inf" : "-Inf";
  } else {
    return false;
  }
  return true;
}

template <typename... Format>
void AppendChars(std::string& out, double v, Format... format) {
  char buffer[400];
  const auto result = std::to_chars(buffer, buffer + sizeof buffer, v, format...);
  out.append(buffer, result.ptr);
}

template <typename T>
void AppendWhole(std::string& out, T v) {
  char buffer[24];
  const auto result = std::to_chars(buffer, buffer + sizeof buffer, v);
  out.append(buffer, result.ptr);
}

bool IsSmallWhole(double v, double limit) {
  return v == std::trunc(v) && std::fabs(v) < limit && !(v == 0 && std::signbit(v));
}

}  // namespace

std::optional<std::int64_t> ParseInt(std::string_view text) {
  return ParseWhole<std::int64_t>(text);
}
std::optional<std::uint64_t> ParseUint(std::string_view text) {
  return ParseWhole<std::uint64_t>(text);
}

std::optional<double> ParseFloat(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
    negative = text.front() == '-';
    text.remove_prefix(1);
  }
  if (text.empty()) return std::nullopt;
  const char first = text.front();
  double value = 0;
  if ((first >= '0' && first <= '9') || first == '.') {
    auto format = std::chars_format::general;
    if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
      format = std::chars_format::hex;
      text.remove_prefix(2);
      if (text.front() == '-' || text.front() == '+') return std::nullopt;
    }
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value, format);
    if (end != text.data() + text.size()) return std::nullopt;
    if (error == std::errc::result_out_of_range) {
      // from_chars leaves the value alone: decide between overflow and underflow by the exponent.
      const std::size_t e = text.find_first_of(format == std::chars_format::hex ? "pP" : "eE");
      const bool tiny =
          (e != std::string_view::npos && e + 1 < text.size() && text[e + 1] == '-') ||
          (e == std::string_view::npos && (text.front() == '0' || text.front() == '.'));
      value = tiny ? 0.0 : std::numeric_limits<double>::infinity();
    } else if (error != std::errc()) {
      return std::nullopt;
    }
  } else if (EqualsNoCase(text, "inf") || EqualsNoCase(text, "infinity")) {
    value = std::numeric_limits<double>::infinity();
  } else if (EqualsNoCase(text, "nan")) {
    return std::bit_cast<double>(std::uint64_t{0x7FF8000000000001});
  } else {
    return std::nullopt;
  }
  return negative ? -value : value;
}

void AppendInt(std::string& out, std::int64_t v) { AppendWhole(out, v); }
void AppendUint(std::string& out, std::uint64_t v) { AppendWhole(out, v); }

void AppendFloatF(std::string& out, double v) {
  if (AppendSpecial(out, v)) return;
  if (IsSmallWhole(v, 1e15)) return AppendInt(out, static_cast<std::int64_t>(v));
  AppendChars(out, v, std::chars_format::fixed);
}

void AppendFloatE(std::string& out, double v) {
  if (AppendSpecial(out, v)) return;
  AppendChars(out, v, std::chars_format::scientific);
}

namespace {

// Plain while low <= |v| < high, the exponent form elsewhere (0 is plain).
void AppendBetween(std::string& out, double v, double low, double high) {
  const double size = std::fabs(v);
  if (size != 0 && (size < low || size >= high)) {
    AppendFloatE(out, v);
  } else {
    AppendFloatF(out, v);
  }
}

}  // namespace

void AppendGoFloat(std::string& out, double v) {
  if (IsSmallWhole(v, 1e6)) return AppendInt(out, static_cast<std::int64_t>(v));
  if (AppendSpecial(out, v)) return;
  AppendBetween(out, v, 1e-4, 1e6);
}

void AppendJsonFloat(std::string& out, double v) {
  if (IsSmallWhole(v, 1e15)) return AppendInt(out, static_cast<std::int64_t>(v));
  if (AppendSpecial(out, v)) return;
  AppendBetween(out, v, 1e-6, 1e21);
}

std::string FormatRfc3339(TimePoint t, int digits) {
  const auto day = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(t - day);
  char buffer[64];
  int n = std::snprintf(buffer, sizeof buffer, "%04d-%02u-%02uT%02d:%02d:%02d",
                        static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                        static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                        static_cast<int>(time.minutes().count()),
                        static_cast<int>(time.seconds().count()));
  std::string out(buffer, static_cast<std::size_t>(n));
  if (digits > 0) {
    n = std::snprintf(buffer, sizeof buffer, "%03d000000",
                      static_cast<int>(time.subseconds().count()));
    out += '.';
    out.append(buffer, static_cast<std::size_t>(std::min(digits, n)));
  }
  out += 'Z';
  return out;
}

std::optional<TimePoint> ParseRfc3339(std::string_view text) {
  const auto number = [&](std::size_t at, std::size_t count) -> std::optional<int> {
    if (text.size() < at + count) return std::nullopt;
    int value = 0;
    for (std::size_t i = at; i < at + count; ++i) {
      if (text[i] < '0' || text[i] > '9') return std::nullopt;
      value = value * 10 + (text[i] - '0');
    }
    return value;
  };
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' ||
      (text[10] != 'T' && text[10] != 't') || text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  const auto year = number(0, 4), month = number(5, 2), day = number(8, 2);
  const auto hour = number(11, 2), minute = number(14, 2), second = number(17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  if (*hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  std::size_t at = 19;
  std::int64_t nanos = 0;
  if (text[at] == '.' || text[at] == ',') {
    ++at;
    std::int64_t unit = 100'000'000;
    const std::size_t start = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
      nanos += (text[at] - '0') * unit;
      unit /= 10;
      ++at;
    }
    if (at == start) return std::nullopt;
  }
  std::chrono::minutes zone{0};
  if (at >= text.size()) return std::nullopt;
  if (text[at] == 'Z' || text[at] == 'z') {
    ++at;
  } else if (text[at] == '+' || text[at] == '-') {
    const auto zone_hour = number(at + 1, 2), zone_minute = number(at + 4, 2);
    if (!zone_hour || !zone_minute || text[at + 3] != ':' || *zone_hour > 23 || *zone_minute > 59)
      return std::nullopt;
    zone = std::chrono::hours(*zone_hour) + std::chrono::minutes(*zone_minute);
    if (text[at] == '-') zone = -zone;
    at += 6;
  }
  if (at != text.size()) return std::nullopt;
  return TimePoint(std::chrono::sys_days(date)) + std::chrono::hours(*hour) +
         std::chrono::minutes(*minute) + std::chrono::seconds(*second) +
         Millis((nanos + 500'000) / 1'000'000) - zone;
}

}  // namespace drover
