#include "receiver/alerting/metrics.h"

namespace drover::alerting {
namespace {

constexpr const char* kReceivedHelp = "The total number of received alerts.";

}  // namespace

Metrics::Metrics(Registry& registry)
    : registry_(registry),
      received_firing_(registry.AddCounter("alertmanager_alerts_received_total", kReceivedHelp,
                                           {{"status", "firing"}, {"version", "v2"}})),
      received_resolved_(registry.AddCounter("alertmanager_alerts_received_total", kReceivedHelp,
                                             {{"status", "resolved"}, {"version", "v2"}})),
      invalid_(registry.AddCounter("alertmanager_alerts_invalid_total",
                                   "The total number of received alerts that were invalid.",
                                   {{"version", "v2"}})),
      groups_(registry.AddGauge("alertmanager_dispatcher_aggregation_groups",
                                "Number of active aggregation groups")),
      config_ok_(registry.AddGauge("alertmanager_config_last_reload_successful",
                                   "Whether the last configuration reload attempt was "
                                   "successful.")),
      config_time_(registry.AddGauge("alertmanager_config_last_reload_success_timestamp_seconds",
                                     "Timestamp of the last successful configuration reload.")),
      integrations_(
          registry.AddGauge("alertmanager_integrations", "Number of configured integrations.")),
      receivers_(registry.AddGauge("alertmanager_receivers", "Number of configured receivers.")),
      inhibition_rules_(registry.AddGauge("alertmanager_inhibition_rules",
                                          "Number of configured inhibition rules.")),
      log_errors_(registry.AddCounter("alertmanager_nflog_write_errors_total",
                                      "Entries that could not be written to disk.")),
      unreadable_(registry.AddCounter("drover_alerting_unreadable_rows_total",
                                      "Rows of alerting.db that were passed over at the start.")) {
  for (const char* reason : {"silence", "inhibition", "mute_time_interval", "active_time_interval"})
    Suppressed(reason);
}

void Metrics::Announce(const std::string& integration) {
  Notifications(integration);
  for (const char* reason : {"other", "clientError", "serverError", "contextCanceled",
                             "contextDeadlineExceeded", "authError", "rateLimited"})
    Failed(integration, reason);
  Requests(integration);
  RequestsFailed(integration);
  Latency(integration);
}

Counter& Metrics::Notifications(const std::string& integration) {
  return registry_.AddCounter("alertmanager_notifications_total",
                              "The total number of attempted notifications.",
                              {{"integration", integration}});
}
Counter& Metrics::Failed(const std::string& integration, const std::string& reason) {
  return registry_.AddCounter("alertmanager_notifications_failed_total",
                              "The total number of failed notifications.",
                              {{"integration", integration}, {"reason", reason}});
}
Counter& Metrics::Requests(const std::string& integration) {
  return registry_.AddCounter("alertmanager_notification_requests_total",
                              "The total number of attempted notification requests.",
                              {{"integration", integration}});
}
Counter& Metrics::RequestsFailed(const std::string& integration) {
  return registry_.AddCounter("alertmanager_notification_requests_failed_total",
                              "The total number of failed notification requests.",
                              {{"integration", integration}});
}
Histogram& Metrics::Latency(const std::string& integration) {
  return registry_.AddHistogram("alertmanager_notification_latency_seconds",
                                "The latency of notifications in seconds.",
                                {{"integration", integration}}, {1, 5, 10, 15, 20});
}
Counter& Metrics::Suppressed(const std::string& reason) {
  return registry_.AddCounter("alertmanager_notifications_suppressed_total",
                              "The total number of notifications suppressed for being silenced, "
                              "inhibited, outside of active time intervals or within muted time "
                              "intervals.",
                              {{"reason", reason}});
}
Gauge& Metrics::Alerts(const std::string& state) {
  return registry_.AddGauge("alertmanager_alerts", "How many alerts by state.", {{"state", state}});
}
Gauge& Metrics::SilencesIn(const std::string& state) {
  return registry_.AddGauge("alertmanager_silences", "How many silences by state.",
                            {{"state", state}});
}

}  // namespace drover::alerting
