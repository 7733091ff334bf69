#include "receiver/template/humanize.h"

#include <cmath>
#include <cstdio>

#include "core/base/numbers.h"
#include "core/model/labels.h"

namespace drover::tmpl {
namespace {

// %.4g as Go prints it.
std::string FourDigits(double v) {
  if (std::isnan(v)) return "NaN";
  if (std::isinf(v)) return v > 0 ? "+Inf" : "-Inf";
  char text[40];
  std::snprintf(text, sizeof text, "%.4g", v);
  return text;
}

std::string Small(double v, std::string_view unit) {
  std::string prefix;
  for (const char* p : {"m", "u", "n", "p", "f", "a", "z", "y"}) {
    if (std::fabs(v) >= 1) break;
    prefix = p;
    v *= 1000;
  }
  return FourDigits(v) + prefix + std::string(unit);
}

std::string Large(double v, double base, std::initializer_list<const char*> prefixes) {
  std::string prefix;
  for (const char* p : prefixes) {
    if (std::fabs(v) < base) break;
    prefix = p;
    v /= base;
  }
  return FourDigits(v) + prefix;
}

bool IsOdd(double v) { return std::isnan(v) || std::isinf(v); }

}  // namespace

Result<double> NumberOf(const Value& v) {
  if (const double* f = v.AsFloat()) return *f;
  if (const auto* i = v.AsInt()) return static_cast<double>(*i);
  if (const GoDuration* d = v.AsDuration()) return static_cast<double>(d->nanos) / 1e9;
  if (const auto* text = v.AsString()) {
    if (const auto number = ParseFloat(*text)) return *number;
    std::string message = "strconv.ParseFloat: parsing ";
    AppendGoQuoted(message, *text);
    return Fail(ErrorCode::kInvalid, message + ": invalid syntax");
  }
  return Fail(ErrorCode::kInvalid, "can't convert " + v.TypeName() + " to float");
}

std::string Humanize(double v) {
  if (v == 0 || IsOdd(v)) return FourDigits(v);
  if (std::fabs(v) < 1) return Small(v, "");
  return Large(v, 1000, {"k", "M", "G", "T", "P", "E", "Z", "Y"});
}

std::string Humanize1024(double v) {
  if (std::fabs(v) <= 1 || IsOdd(v)) return FourDigits(v);
  return Large(v, 1024, {"ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"});
}

std::string HumanizeDuration(double v) {
  if (IsOdd(v)) return FourDigits(v);
  if (v == 0) return "0s";
  if (std::fabs(v) < 1) return Small(v, "s");
  const std::string sign = v < 0 ? "-" : "";
  const double whole = std::fabs(v);
  if (whole < 60) return sign + FourDigits(whole) + "s";
  if (whole > 9e15) return sign + FourDigits(whole) + "s";
  const auto n = static_cast<std::int64_t>(whole);
  std::string out = std::to_string(n % 60) + "s";
  out.insert(0, std::to_string(n / 60 % 60) + "m ");
  if (n >= 3600) out.insert(0, std::to_string(n / 3600 % 24) + "h ");
  if (n >= 86'400) out.insert(0, std::to_string(n / 86'400) + "d ");
  return sign + out;
}

std::string HumanizePercentage(double v) { return FourDigits(v * 100) + "%"; }

Result<Time> ToTime(double seconds) {
  // Nanoseconds in floating point, then cut to milliseconds: upstream's way, with its rounding.
  const double nanos = seconds * 1e9;
  if (!(std::fabs(nanos) < 9.22e18)) {
    return Fail(ErrorCode::kInvalid, FourDigits(seconds) + " cannot be represented as a timestamp");
  }
  const std::int64_t ms = static_cast<std::int64_t>(nanos) / 1'000'000;
  std::int64_t whole = ms / 1000;
  std::int64_t rest = ms % 1000;
  if (rest < 0) {
    rest += 1000;
    --whole;
  }
  return UtcTime(whole, static_cast<std::int32_t>(rest) * 1'000'000);
}

Result<std::string> HumanizeTimestamp(double seconds) {
  if (IsOdd(seconds)) return FourDigits(seconds);
  DROVER_TRY(const Time t, ToTime(seconds));
  return PrintTime(t);
}

}  // namespace drover::tmpl
