#include <chrono>
#include <cmath>

#include <date/tz.h>

#include "receiver/template/value.h"

namespace drover::tmpl {
namespace {

namespace chr = std::chrono;
constexpr std::int64_t kNanos = 1'000'000'000;
constexpr const char* kMonths[] = {"January",   "February", "March",    "April",
                                   "May",       "June",     "July",     "August",
                                   "September", "October",  "November", "December"};
constexpr const char* kDays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                 "Thursday", "Friday", "Saturday"};

struct Civil {
  int year, month, day, weekday, year_day, hour, minute, second;
};

Civil CivilOf(const Time& t) {
  const std::int64_t local = t.seconds + t.offset_seconds;
  std::int64_t days = local / 86'400;
  std::int64_t rest = local % 86'400;
  if (rest < 0) {
    rest += 86'400;
    --days;
  }
  const chr::sys_days day{chr::days(days)};
  const chr::year_month_day ymd{day};
  const chr::sys_days first = ymd.year() / chr::January / 1;
  return {static_cast<int>(ymd.year()),
          static_cast<int>(static_cast<unsigned>(ymd.month())),
          static_cast<int>(static_cast<unsigned>(ymd.day())),
          static_cast<int>(chr::weekday(day).c_encoding()),
          static_cast<int>((day - first).count()) + 1,
          static_cast<int>(rest / 3600),
          static_cast<int>(rest / 60 % 60),
          static_cast<int>(rest % 60)};
}

std::string Padded(int v, std::size_t width, char fill = '0') {
  std::string text = std::to_string(v < 0 ? -v : v);
  if (text.size() < width) text.insert(0, width - text.size(), fill);
  return v < 0 ? "-" + text : text;
}

std::string Offset(std::int32_t seconds, bool colon, bool z) {
  if (z && seconds == 0) return "Z";
  const int minutes = (seconds < 0 ? -seconds : seconds) / 60;
  return (seconds < 0 ? "-" : "+") + Padded(minutes / 60, 2) + (colon ? ":" : "") +
         Padded(minutes % 60, 2);
}

// ".000" keeps zeros, ".999" cuts them; `digits` of the nanoseconds.
std::string Fraction(std::int32_t nanos, std::size_t digits, bool cut, char separator) {
  std::string text = Padded(nanos, 9).substr(0, digits);
  if (cut) {
    while (!text.empty() && text.back() == '0') text.pop_back();
    if (text.empty()) return "";
  }
  return std::string(1, separator) + text;
}

// One element of a layout at the front of `rest`; 0 when there is none.
std::size_t Element(std::string_view rest, const Time& t, const Civil& c, std::string& out) {
  const auto is = [&](std::string_view word) { return rest.starts_with(word); };
  const std::string month = kMonths[c.month - 1];
  const std::string day = kDays[c.weekday];
  const auto put = [&](std::string text, std::size_t length) {
    out += text;
    return length;
  };
  if (is("January")) return put(month, 7);
  if (is("Jan")) return put(month.substr(0, 3), 3);
  if (is("Monday")) return put(day, 6);
  if (is("Mon")) return put(day.substr(0, 3), 3);
  if (is("MST")) return put(t.zone.empty() ? Offset(t.offset_seconds, false, false) : t.zone, 3);
  if (is("2006")) return put(Padded(c.year, 4), 4);
  if (is("002")) return put(Padded(c.year_day, 3), 3);
  if (is("01")) return put(Padded(c.month, 2), 2);
  if (is("02")) return put(Padded(c.day, 2), 2);
  if (is("03")) return put(Padded((c.hour + 11) % 12 + 1, 2), 2);
  if (is("04")) return put(Padded(c.minute, 2), 2);
  if (is("05")) return put(Padded(c.second, 2), 2);
  if (is("06")) return put(Padded(c.year % 100, 2), 2);
  if (is("15")) return put(Padded(c.hour, 2), 2);
  if (is("__2")) return put(Padded(c.year_day, 3, ' '), 3);
  if (is("_2")) return rest.starts_with("_2006") ? 0 : put(Padded(c.day, 2, ' '), 2);
  if (is("PM")) return put(c.hour >= 12 ? "PM" : "AM", 2);
  if (is("pm")) return put(c.hour >= 12 ? "pm" : "am", 2);
  if (is("-07:00")) return put(Offset(t.offset_seconds, true, false), 6);
  if (is("-0700")) return put(Offset(t.offset_seconds, false, false), 5);
  if (is("-07")) return put(Offset(t.offset_seconds, false, false).substr(0, 3), 3);
  if (is("Z07:00")) return put(Offset(t.offset_seconds, true, true), 6);
  if (is("Z0700")) return put(Offset(t.offset_seconds, false, true), 5);
  if ((rest[0] == '.' || rest[0] == ',') && rest.size() > 1 && (rest[1] == '0' || rest[1] == '9')) {
    std::size_t n = 1;
    while (n < rest.size() && rest[n] == rest[1]) ++n;
    const bool digit_follows = n < rest.size() && rest[n] >= '0' && rest[n] <= '9';
    if (!digit_follows && n <= 10) {
      return put(Fraction(t.nanos, n - 1, rest[1] == '9', rest[0]), n);
    }
    return 0;
  }
  if (is("1")) return put(std::to_string(c.month), 1);
  if (is("2")) return put(std::to_string(c.day), 1);
  if (is("3")) return put(std::to_string((c.hour + 11) % 12 + 1), 1);
  if (is("4")) return put(std::to_string(c.minute), 1);
  if (is("5")) return put(std::to_string(c.second), 1);
  return 0;
}

Status WantArgs(std::span<const Value> args, std::size_t n) {
  if (args.size() == n) return {};
  return Fail(ErrorCode::kInvalid, "wrong number of args: want " + std::to_string(n) + " got " +
                                       std::to_string(args.size()));
}

std::int64_t NanosBetween(const Time& a, const Time& b) {
  const double rough = static_cast<double>(a.seconds - b.seconds);
  if (rough > 9.2e9) return INT64_MAX;  // as Go: the longest duration
  if (rough < -9.2e9) return INT64_MIN;
  return (a.seconds - b.seconds) * kNanos + a.nanos - b.nanos;
}

Time Plus(Time t, std::int64_t nanos) {
  std::int64_t total = t.nanos + nanos % kNanos;
  t.seconds += nanos / kNanos;
  if (total < 0) {
    total += kNanos;
    --t.seconds;
  }
  t.seconds += total / kNanos;
  t.nanos = static_cast<std::int32_t>(total % kNanos);
  return t;
}

template <typename F>
Type::Method TimeMethod(std::size_t n, F f) {
  return [n, f](const Value& self, std::span<const Value> args) -> Result<Value> {
    DROVER_CHECK(WantArgs(args, n));
    return f(*self.AsTime(), args);
  };
}

template <typename F>
Type::Method CivilMethod(F f) {
  return TimeMethod(0, [f](const Time& t, std::span<const Value>) -> Result<Value> {
    return Value(f(CivilOf(t)));
  });
}

Result<Time> TimeArg(const Value& v) {
  if (const Time* t = v.AsTime()) return *t;
  return Fail(ErrorCode::kInvalid, "wrong type for value; expected time.Time; got " + v.TypeName());
}
Result<std::int64_t> DurationArg(const Value& v) {
  if (const GoDuration* d = v.AsDuration()) return d->nanos;
  if (const auto* i = v.AsInt()) return *i;
  return Fail(ErrorCode::kInvalid,
              "wrong type for value; expected time.Duration; got " + v.TypeName());
}

Type MakeTimeType() {
  Type type;
  type.name = "time.Time";
  auto& m = type.methods;
  m["Unix"] = TimeMethod(0, [](const Time& t, auto) -> Result<Value> { return Value(t.seconds); });
  m["UnixMilli"] = TimeMethod(0, [](const Time& t, auto) -> Result<Value> {
    return Value(t.seconds * 1000 + t.nanos / 1'000'000);
  });
  m["Format"] = TimeMethod(1, [](const Time& t, auto args) -> Result<Value> {
    if (args[0].AsString() == nullptr) {
      return Fail(ErrorCode::kInvalid, "expected string; found " + args[0].Print());
    }
    return Value(FormatTime(t, *args[0].AsString()));
  });
  const auto utc = TimeMethod(
      0, [](const Time& t, auto) -> Result<Value> { return Value(UtcTime(t.seconds, t.nanos)); });
  m["UTC"] = utc;
  m["Local"] = utc;  // the receiver runs in UTC
  m["Year"] = CivilMethod([](const Civil& c) { return Value(c.year); });
  m["Month"] = CivilMethod([](const Civil& c) { return Value(kMonths[c.month - 1]); });
  m["Day"] = CivilMethod([](const Civil& c) { return Value(c.day); });
  m["Hour"] = CivilMethod([](const Civil& c) { return Value(c.hour); });
  m["Minute"] = CivilMethod([](const Civil& c) { return Value(c.minute); });
  m["Second"] = CivilMethod([](const Civil& c) { return Value(c.second); });
  m["Weekday"] = CivilMethod([](const Civil& c) { return Value(kDays[c.weekday]); });
  m["YearDay"] = CivilMethod([](const Civil& c) { return Value(c.year_day); });
  m["IsZero"] = TimeMethod(0, [](const Time& t, auto) -> Result<Value> {
    return Value(t.seconds == Time().seconds && t.nanos == 0);
  });
  m["String"] =
      TimeMethod(0, [](const Time& t, auto) -> Result<Value> { return Value(PrintTime(t)); });
  m["Sub"] = TimeMethod(1, [](const Time& t, auto args) -> Result<Value> {
    DROVER_TRY(const Time other, TimeArg(args[0]));
    return Value(GoDuration{NanosBetween(t, other)});
  });
  m["Add"] = TimeMethod(1, [](const Time& t, auto args) -> Result<Value> {
    DROVER_TRY(const std::int64_t nanos, DurationArg(args[0]));
    return Value(Plus(t, nanos));
  });
  m["Before"] = TimeMethod(1, [](const Time& t, auto args) -> Result<Value> {
    DROVER_TRY(const Time other, TimeArg(args[0]));
    return Value(NanosBetween(t, other) < 0);
  });
  m["After"] = TimeMethod(1, [](const Time& t, auto args) -> Result<Value> {
    DROVER_TRY(const Time other, TimeArg(args[0]));
    return Value(NanosBetween(t, other) > 0);
  });
  m["Equal"] = TimeMethod(1, [](const Time& t, auto args) -> Result<Value> {
    DROVER_TRY(const Time other, TimeArg(args[0]));
    return Value(NanosBetween(t, other) == 0);
  });
  const auto rounded = [](bool nearest) {
    return TimeMethod(1, [nearest](const Time& t, auto args) -> Result<Value> {
      DROVER_TRY(const std::int64_t unit, DurationArg(args[0]));
      if (unit <= 0) return Value(t);
      // Multiples count from the zero time; whole seconds and their fractions suffice here.
      const __int128 since = (static_cast<__int128>(t.seconds) - Time().seconds) * kNanos + t.nanos;
      const auto rest = static_cast<std::int64_t>(since % unit);
      return Value(Plus(t, nearest && rest >= unit - rest ? unit - rest : -rest));
    });
  };
  m["Truncate"] = rounded(false);
  m["Round"] = rounded(true);
  return type;
}

Type MakeDurationType() {
  Type type;
  type.name = "time.Duration";
  const auto number = [](double unit) {
    return [unit](const Value& self, std::span<const Value> args) -> Result<Value> {
      DROVER_CHECK(WantArgs(args, 0));
      return Value(static_cast<double>(self.AsDuration()->nanos) / unit);
    };
  };
  type.methods["Hours"] = number(3600e9);
  type.methods["Minutes"] = number(60e9);
  type.methods["Seconds"] = number(1e9);
  type.methods["Milliseconds"] = [](const Value& self,
                                    std::span<const Value> args) -> Result<Value> {
    DROVER_CHECK(WantArgs(args, 0));
    return Value(self.AsDuration()->nanos / 1'000'000);
  };
  type.methods["String"] = [](const Value& self, std::span<const Value> args) -> Result<Value> {
    DROVER_CHECK(WantArgs(args, 0));
    return Value(PrintDuration(*self.AsDuration()));
  };
  const auto rounded = [](bool nearest) {
    return [nearest](const Value& self, std::span<const Value> args) -> Result<Value> {
      DROVER_CHECK(WantArgs(args, 1));
      DROVER_TRY(const std::int64_t unit, DurationArg(args[0]));
      const std::int64_t d = self.AsDuration()->nanos;
      if (unit <= 0) return Value(GoDuration{d});
      const std::int64_t rest = d % unit;
      std::int64_t result = d - rest;
      if (nearest && 2 * (rest < 0 ? -rest : rest) >= unit) result += rest < 0 ? -unit : unit;
      return Value(GoDuration{result});
    };
  };
  type.methods["Round"] = rounded(true);
  type.methods["Truncate"] = rounded(false);
  return type;
}

}  // namespace

const Type& TimeType() {
  static const Type type = MakeTimeType();
  return type;
}
const Type& DurationType() {
  static const Type type = MakeDurationType();
  return type;
}

Time UtcTime(std::int64_t seconds, std::int32_t nanos) { return {seconds, nanos, 0, "UTC"}; }

std::string FormatTime(const Time& t, std::string_view layout) {
  const Civil civil = CivilOf(t);
  std::string out;
  while (!layout.empty()) {
    const std::size_t used = Element(layout, t, civil, out);
    if (used == 0) out.push_back(layout.front());
    layout.remove_prefix(used == 0 ? 1 : used);
  }
  return out;
}

std::string PrintTime(const Time& t) {
  return FormatTime(t, "2006-01-02 15:04:05.999999999 -0700 MST");
}

std::string PrintDuration(GoDuration d) {
  if (d.nanos == 0) return "0s";
  const bool minus = d.nanos < 0;
  const std::uint64_t n =
      minus ? 0 - static_cast<std::uint64_t>(d.nanos) : static_cast<std::uint64_t>(d.nanos);
  const auto decimal = [](std::uint64_t v, std::uint64_t unit, std::size_t digits) {
    std::string out = std::to_string(v / unit);
    std::string fraction = std::to_string(v % unit);
    fraction.insert(0, digits - fraction.size(), '0');
    while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
    return fraction.empty() ? out : out + "." + fraction;
  };
  std::string out = minus ? "-" : "";
  if (n < 1000) return out + std::to_string(n) + "ns";
  if (n < 1'000'000) return out + decimal(n, 1000, 3) + "µs";
  if (n < 1'000'000'000) return out + decimal(n, 1'000'000, 6) + "ms";
  const std::uint64_t minutes = n / 60'000'000'000;
  if (minutes >= 60) out += std::to_string(minutes / 60) + "h";
  if (minutes > 0) out += std::to_string(minutes % 60) + "m";
  return out + decimal(n % 60'000'000'000, 1'000'000'000, 9) + "s";
}

Result<Time> InZone(const Time& t, const std::string& zone) {
  if (zone.empty() || zone == "UTC") return UtcTime(t.seconds, t.nanos);
  try {
    const auto* place = date::locate_zone(zone);
    const auto info = place->get_info(date::sys_seconds(chr::seconds(t.seconds)));
    return Time{t.seconds, t.nanos, static_cast<std::int32_t>(info.offset.count()), info.abbrev};
  } catch (const std::exception&) {  // the package's only way to say so
    return Fail(ErrorCode::kInvalid, "unknown time zone " + zone);
  }
}

}  // namespace drover::tmpl
