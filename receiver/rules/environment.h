// What all rule groups share. All references outlive them.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/metrics/registry.h"
#include "core/model/labels.h"
#include "core/series/appender.h"
#include "core/series/queryable.h"
#include "receiver/alert/alert.h"
#include "receiver/promql/engine.h"

namespace drover::rules {

struct RuleOptions {
  Millis evaluation_interval = std::chrono::minutes(1);  // global.evaluation_interval
  Millis query_offset{0};                                // global.rule_query_offset
  Millis resend_delay = std::chrono::minutes(1);         // --rules.alert.resend-delay
  Millis outage_tolerance = std::chrono::hours(1);       // --rules.alert.for-outage-tolerance
  Millis grace_period = std::chrono::minutes(10);        // --rules.alert.for-grace-period
  int threads = 4;                                       // groups evaluated at the same time
  Labels external_labels;
  std::string external_url;  // with the path prefix, no slash at the end
  std::string path_prefix;   // "" or "/x"

  bool operator==(const RuleOptions&) const = default;
};

struct Environment {
  const promql::Engine& engine;
  const Queryable& storage;
  Appendable& appendable;
  alert::AlertSink& sink;
  Clock& clock;
  Registry& metrics;
  const Logger& log;
};

}  // namespace drover::rules
