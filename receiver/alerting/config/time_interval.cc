#include "receiver/alerting/config/time_interval.h"

#include <algorithm>
#include <array>
#include <functional>
#include <optional>

#include <date/date.h>
#include <date/tz.h>
#include <fmt/format.h>

#include "core/base/numbers.h"

namespace drover::alerting {
namespace {

constexpr std::array<std::string_view, 7> kWeekdays = {"sunday",   "monday", "tuesday", "wednesday",
                                                       "thursday", "friday", "saturday"};
constexpr std::array<std::string_view, 12> kMonths = {
    "january", "february", "march",     "april",   "may",      "june",
    "july",    "august",   "september", "october", "november", "december"};

std::string Lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

using ParseEnd = std::function<Result<int>(const YamlNode&, const std::string&)>;

Result<int> Number(const YamlNode& node, const std::string& text) {
  const auto value = ParseInt(text);
  if (!value || *value > 100'000 || *value < -100'000)
    return node.Fail("\"" + text + "\" is not a number");
  return static_cast<int>(*value);
}

template <std::size_t N>
Result<int> Word(const YamlNode& node, const std::string& text,
                 const std::array<std::string_view, N>& words, std::string_view what, int base,
                 bool numbers) {
  const auto it = std::find(words.begin(), words.end(), Lower(text));
  if (it != words.end()) return static_cast<int>(it - words.begin()) + base;
  if (numbers && ParseInt(text)) return Number(node, text);
  return node.Fail(text + " is not a valid " + std::string(what));
}

Result<NumberRange> Range(const YamlNode& node, const ParseEnd& parse) {
  if (node.kind != YamlNode::Kind::kScalar) return node.Fail("expected a text");
  const std::size_t colon = node.text.find(':');
  NumberRange out;
  DROVER_TRY(out.begin, parse(node, node.text.substr(0, colon)));
  if (colon == std::string::npos) {
    out.end = out.begin;
    return out;
  }
  DROVER_TRY(out.end, parse(node, node.text.substr(colon + 1)));
  return out;
}

Status Ranges(const YamlNode& node, const ParseEnd& parse,
              const std::function<std::string(const NumberRange&)>& complaint,
              std::vector<NumberRange>& out) {
  if (node.IsNull()) return {};
  if (node.kind != YamlNode::Kind::kSequence) return node.Fail("expected a list");
  for (const YamlNode& item : node.items) {
    DROVER_TRY(const NumberRange range, Range(item, parse));
    if (const std::string text = complaint(range); !text.empty()) return item.Fail(text);
    out.push_back(range);
  }
  return {};
}

std::string DayComplaint(const NumberRange& r) {
  for (const int day : {r.begin, r.end}) {
    if (day == 0 || day < -31 || day > 31)
      return fmt::format("{} is not a valid day of the month: out of range", day);
  }
  if (r.begin < 0 && r.end > 0) return "end day must be negative if start day is negative";
  // The shortest month decides whether a range can ever hold a day.
  const int begin = r.begin < 0 ? 28 + r.begin + 1 : r.begin;
  const int end = r.end < 0 ? 28 + r.end + 1 : r.end;
  if (begin > end) return fmt::format("end day {} is always before start day {}", r.end, r.begin);
  return "";
}

Result<int> MinuteOfDay(const YamlNode& node) {
  const std::string& t = node.text;
  const auto digit = [&](std::size_t i) { return i < t.size() && t[i] >= '0' && t[i] <= '9'; };
  const auto bad = [&] { return node.Fail("couldn't parse timestamp " + t + ", invalid format"); };
  if (t.size() != 5 || t[2] != ':' || !digit(0) || !digit(1) || !digit(3) || !digit(4))
    return bad();
  const int hours = (t[0] - '0') * 10 + (t[1] - '0');
  const int minutes = (t[3] - '0') * 10 + (t[4] - '0');
  if (hours > 24 || minutes > 59 || (hours == 24 && minutes != 0)) return bad();
  return hours * 60 + minutes;
}

Status Times(const YamlNode& node, std::vector<NumberRange>& out) {
  if (node.IsNull()) return {};
  if (node.kind != YamlNode::Kind::kSequence) return node.Fail("expected a list");
  for (const YamlNode& item : node.items) {
    const YamlNode* start = nullptr;
    const YamlNode* end = nullptr;
    if (item.kind != YamlNode::Kind::kMap) return item.Fail("expected a map of keys");
    for (const auto& [key, value] : item.entries) {
      if (key.text == "start_time") {
        start = &value;
      } else if (key.text == "end_time") {
        end = &value;
      } else {
        return key.Fail("unknown key \"" + key.text + "\"");
      }
    }
    if (start == nullptr || end == nullptr || start->text.empty() || end->text.empty())
      return item.Fail("both start and end times must be provided");
    NumberRange range;
    DROVER_TRY(range.begin, MinuteOfDay(*start));
    DROVER_TRY(range.end, MinuteOfDay(*end));
    if (range.begin >= range.end)
      return item.Fail("start time cannot be equal or greater than end time");
    out.push_back(range);
  }
  return {};
}

bool In(const std::vector<NumberRange>& ranges, int value) {
  return ranges.empty() || std::any_of(ranges.begin(), ranges.end(), [&](const NumberRange& r) {
           return r.begin <= value && value <= r.end;
         });
}

bool InDays(const std::vector<NumberRange>& ranges, int day, int days_in_month) {
  return ranges.empty() || std::any_of(ranges.begin(), ranges.end(), [&](const NumberRange& r) {
           int begin = r.begin < 0 ? days_in_month + r.begin + 1 : r.begin;
           int end = r.end < 0 ? days_in_month + r.end + 1 : r.end;
           if (begin > days_in_month) return false;
           begin = std::clamp(begin, 1, days_in_month);
           end = std::clamp(end, 1, days_in_month);
           return begin <= day && day <= end;
         });
}

template <typename Name>
void WriteRanges(const std::vector<NumberRange>& ranges, std::string_view key, YamlWriter& out,
                 Name name) {
  if (ranges.empty()) return;
  out.Key(key);
  out.BeginList();
  for (const NumberRange& r : ranges) {
    out.Item();
    std::string text = name(r.begin);
    if (r.begin != r.end) text += ":" + name(r.end);
    ToYaml(text, out);
  }
  out.EndList();
}

}  // namespace

Result<Zone> Zone::Find(const std::string& name) {
  Zone out;
  out.name_ = name;
  if (name.empty() || name == "UTC") return out;
  try {
    out.zone_ = name == "Local" ? date::current_zone() : date::locate_zone(name);
  } catch (const std::exception&) {
    return Fail(ErrorCode::kInvalid, "unknown time zone " + name);
  }
  return out;
}

TimePoint Zone::ToLocal(TimePoint utc) const {
  if (zone_ == nullptr) return utc;
  const auto* zone = static_cast<const date::time_zone*>(zone_);
  return utc + zone->get_info(date::floor<std::chrono::seconds>(utc)).offset;
}

bool Contains(const TimeSpec& spec, TimePoint t) {
  const TimePoint local = spec.location.ToLocal(t);
  const auto day = date::floor<date::days>(local);
  const date::year_month_day ymd(day);
  const int minute =
      static_cast<int>(std::chrono::duration_cast<std::chrono::minutes>(local - day).count());
  const auto last = date::year_month_day_last(ymd.year(), date::month_day_last(ymd.month()));
  const bool in_times =
      spec.minutes.empty() ||
      std::any_of(spec.minutes.begin(), spec.minutes.end(),
                  [&](const NumberRange& r) { return r.begin <= minute && minute < r.end; });
  return in_times && In(spec.weekdays, static_cast<int>(date::weekday(day).c_encoding())) &&
         InDays(spec.days_of_month, static_cast<int>(unsigned(ymd.day())),
                static_cast<int>(unsigned(last.day()))) &&
         In(spec.months, static_cast<int>(unsigned(ymd.month()))) &&
         In(spec.years, int(ymd.year()));
}

bool NamedInterval::Contains(TimePoint t) const {
  return std::any_of(specs.begin(), specs.end(),
                     [&](const TimeSpec& s) { return alerting::Contains(s, t); });
}

Status FromYaml(const YamlNode& node, TimeSpec& out) {
  if (node.IsNull()) return {};
  if (node.kind != YamlNode::Kind::kMap) return node.Fail("expected a map of keys");
  const auto backwards = [](std::string_view what) {
    return [what](const NumberRange& r) {
      return r.begin > r.end
                 ? fmt::format("end {} {} is before start {} {}", what, r.end, what, r.begin)
                 : std::string();
    };
  };
  for (const auto& [key, value] : node.entries) {
    if (key.text == "times") {
      DROVER_CHECK(Times(value, out.minutes));
    } else if (key.text == "weekdays") {
      DROVER_CHECK(Ranges(
          value,
          [](const YamlNode& n, const std::string& t) {
            return Word(n, t, kWeekdays, "weekday", 0, false);
          },
          [](const NumberRange& r) {
            return r.begin > r.end ? std::string("start day cannot be before end day") : "";
          },
          out.weekdays));
    } else if (key.text == "days_of_month") {
      DROVER_CHECK(Ranges(value, Number, DayComplaint, out.days_of_month));
    } else if (key.text == "months") {
      DROVER_CHECK(Ranges(
          value,
          [](const YamlNode& n, const std::string& t) {
            return Word(n, t, kMonths, "month", 1, true);
          },
          backwards("month"), out.months));
    } else if (key.text == "years") {
      DROVER_CHECK(Ranges(value, Number, backwards("year"), out.years));
    } else if (key.text == "location") {
      auto zone = Zone::Find(value.text);
      if (!zone) return value.Fail(zone.error().message());
      out.location = *std::move(zone);
    } else {
      return key.Fail("unknown key \"" + key.text + "\"");
    }
  }
  return {};
}

void ToYaml(const TimeSpec& spec, YamlWriter& out) {
  out.BeginMap();
  if (!spec.minutes.empty()) {
    out.Key("times");
    out.BeginList();
    const auto clock = [](int m) { return fmt::format("{:02}:{:02}", m / 60, m % 60); };
    for (const NumberRange& r : spec.minutes) {
      out.Item();
      out.BeginMap();
      out.Key("start_time");
      ToYaml(clock(r.begin), out);
      out.Key("end_time");
      ToYaml(clock(r.end), out);
      out.EndMap();
    }
    out.EndList();
  }
  const auto digits = [](int v) { return std::to_string(v); };
  WriteRanges(spec.weekdays, "weekdays", out,
              [](int v) { return std::string(kWeekdays[static_cast<std::size_t>(v)]); });
  WriteRanges(spec.days_of_month, "days_of_month", out, digits);
  WriteRanges(spec.months, "months", out, digits);
  WriteRanges(spec.years, "years", out, digits);
  if (!spec.location.name().empty()) {
    out.Key("location");
    ToYaml(spec.location.name(), out);
  }
  out.EndMap();
}

}  // namespace drover::alerting
