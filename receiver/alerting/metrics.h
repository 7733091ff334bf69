// alertmanager_* of this process; names and labels are Alertmanager's
// (https://prometheus.io/docs/alerting/latest/alertmanager/, its mixin reads them).
#pragma once

#include <string>

#include "core/metrics/registry.h"

namespace drover::alerting {

// Thread-safe. `registry` outlives it.
class Metrics {
 public:
  explicit Metrics(Registry& registry);

  Counter& Received(bool firing) { return firing ? received_firing_ : received_resolved_; }
  Counter& invalid() { return invalid_; }
  Counter& Notifications(const std::string& integration);
  Counter& Failed(const std::string& integration, const std::string& reason);
  Counter& Requests(const std::string& integration);
  Counter& RequestsFailed(const std::string& integration);
  Histogram& Latency(const std::string& integration);
  Counter& Suppressed(const std::string& reason);
  // All series of one kind of integration at 0, before anything is sent.
  void Announce(const std::string& integration);

  Gauge& Alerts(const std::string& state);
  Gauge& SilencesIn(const std::string& state);
  Gauge& groups() { return groups_; }
  Gauge& config_ok() { return config_ok_; }
  Gauge& config_time() { return config_time_; }
  Gauge& integrations() { return integrations_; }
  Gauge& receivers() { return receivers_; }
  Gauge& inhibition_rules() { return inhibition_rules_; }
  Counter& log_errors() { return log_errors_; }
  Counter& unreadable() { return unreadable_; }

 private:
  Registry& registry_;
  Counter& received_firing_;
  Counter& received_resolved_;
  Counter& invalid_;
  Gauge& groups_;
  Gauge& config_ok_;
  Gauge& config_time_;
  Gauge& integrations_;
  Gauge& receivers_;
  Gauge& inhibition_rules_;
  Counter& log_errors_;
  Counter& unreadable_;
};

}  // namespace drover::alerting
