// Times of the week, month or year in which routes are mute or active
// (https://prometheus.io/docs/alerting/latest/configuration/#time_interval).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/config/describe.h"

namespace drover::alerting {

struct NumberRange {  // both ends included
  int begin = 0;
  int end = 0;
};

// A zone of the system's database; empty name: UTC.
class Zone {
 public:
  static Result<Zone> Find(const std::string& name);  // IANA name, UTC, Local

  const std::string& name() const { return name_; }
  TimePoint ToLocal(TimePoint utc) const;  // wall-clock time there, as if it were UTC

 private:
  std::string name_;
  const void* zone_ = nullptr;  // const date::time_zone*, lives as long as the process
};

// Holds a time when every list that is given holds it; an empty list means any.
struct TimeSpec {
  std::vector<NumberRange> minutes;        // of the day: begin <= minute < end
  std::vector<NumberRange> weekdays;       // sunday 0
  std::vector<NumberRange> days_of_month;  // negative: from the end
  std::vector<NumberRange> months;
  std::vector<NumberRange> years;
  Zone location;
};

struct NamedInterval {
  std::string name;
  std::vector<TimeSpec> specs;

  bool Contains(TimePoint t) const;  // minute resolution
};

bool Contains(const TimeSpec& spec, TimePoint t);

Status FromYaml(const YamlNode& node, TimeSpec& out);
void ToYaml(const TimeSpec& spec, YamlWriter& out);

template <typename Visitor>
void Describe(NamedInterval& c, Visitor& v) {
  v.Field("name", c.name, "text", "What routes call it.");
  v.Field("time_intervals", c.specs, "", "A time inside any of them is inside.");
}

}  // namespace drover::alerting
