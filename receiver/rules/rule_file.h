// Rule files (https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "receiver/promql/parser.h"

namespace drover::rules {

using TextMap = std::map<std::string, std::string>;

struct RuleSpec {
  bool alerting = false;
  std::string name;  // record or alert
  std::string query;
  std::shared_ptr<const promql::Expr> expr;
  Millis hold{};  // for
  Millis keep_firing_for{};
  TextMap labels;       // with the group's, own ones win; templates for alerts
  TextMap annotations;  // templates

  bool operator==(const RuleSpec& o) const {
    return alerting == o.alerting && name == o.name && query == o.query && hold == o.hold &&
           keep_firing_for == o.keep_firing_for && labels == o.labels &&
           annotations == o.annotations;
  }
};

struct GroupSpec {
  std::string name;
  std::string file;
  std::optional<Millis> interval;      // absent: the global evaluation interval
  std::optional<Millis> query_offset;  // absent: the global one
  std::size_t limit = 0;               // series or alerts of a rule; 0: none
  std::vector<RuleSpec> rules;

  bool operator==(const GroupSpec&) const = default;
  std::string Key() const { return file + ";" + name; }
};

// The groups of one file. `file` is the name for messages. kInvalid "file:line:column: message":
// unknown keys, missing ones, expressions or templates that do not parse.
Result<std::vector<GroupSpec>> ParseRuleFile(std::string_view text, const std::string& file,
                                             const promql::ParserOptions& options);

}  // namespace drover::rules
