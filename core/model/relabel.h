// Relabel rules: the eleven actions of Prometheus' relabel_configs.
// https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/model/labels.h"
#include "core/regex/regex.h"

namespace drover {

enum class RelabelAction {
  kReplace,
  kKeep,
  kDrop,
  kKeepEqual,
  kDropEqual,
  kHashMod,
  kLabelMap,
  kLabelDrop,
  kLabelKeep,
  kLowercase,
  kUppercase
};

// What a rule says in a file; unset fields have the action's default.
struct RelabelSpec {
  std::vector<std::string> source_labels;
  std::string separator = ";";
  std::string regex = "(.*)";
  std::uint64_t modulus = 0;
  std::string target_label;
  std::string replacement = "$1";
  std::string action = "replace";
  bool regex_given = false;
  bool separator_given = false;
  bool replacement_given = false;
  bool operator==(const RelabelSpec&) const = default;
};

// Immutable, thread-safe.
class RelabelRule {
 public:
  // kInvalid with the reason, in Prometheus' words where it has some.
  static Result<RelabelRule> Make(const RelabelSpec& spec);

  // False: the target or series is dropped.
  bool Apply(LabelsBuilder& labels) const;

 private:
  RelabelRule(RelabelSpec spec, RelabelAction action, Regex regex)
      : spec_(std::move(spec)), action_(action), regex_(std::move(regex)) {}

  RelabelSpec spec_;
  RelabelAction action_;
  Regex regex_;
};

// All rules in order. False as soon as one drops.
bool Relabel(const std::vector<RelabelRule>& rules, LabelsBuilder& labels);

}  // namespace drover
