// What the API and the pages show of rules: copies, taken under the group's lock.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/model/labels.h"
#include "receiver/rules/rule_file.h"

namespace drover::rules {

enum class AlertState { kInactive, kPending, kFiring };
std::string_view Text(AlertState state);  // inactive, pending, firing
enum class Health { kUnknown, kOk, kErr };
std::string_view Text(Health health);  // unknown, ok, err

struct AlertSnapshot {
  Labels labels;
  TextMap annotations;
  AlertState state = AlertState::kInactive;
  TimePoint active_at{};
  std::optional<TimePoint> keep_firing_since;
  double value = 0;
};

struct RuleSnapshot {
  RuleSpec spec;      // labels and annotations unexpanded
  std::string query;  // canonical text
  Health health = Health::kUnknown;
  std::string last_error;
  double evaluation_seconds = 0;
  TimePoint last_evaluation{};
  AlertState state = AlertState::kInactive;  // the highest of its alerts
  std::vector<AlertSnapshot> alerts;         // pending and firing ones
};

struct GroupSnapshot {
  std::string name;
  std::string file;
  Millis interval{};
  std::size_t limit = 0;
  double evaluation_seconds = 0;
  TimePoint last_evaluation{};
  std::vector<RuleSnapshot> rules;
};

}  // namespace drover::rules
