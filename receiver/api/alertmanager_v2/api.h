// Alertmanager's HTTP API v2, as amtool, karma, Grafana and Prometheus' senders use it
// (https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml).
#pragma once

#include "core/http/router.h"
#include "receiver/alerting/alerting.h"

namespace drover::api {

// Adds /api/v2/{status,receivers,alerts,alerts/groups,silences,silence/ID}. `alerting` outlives the
// router's server. Any origin may ask, as in the reference.
//
// Differences from the reference: times are shown in UTC whatever zone they were sent in; the texts
// behind "parsing … failed, because" are our parser's.
void AddAlertmanagerApi(http::Router& router, alerting::Alerting& alerting);

}  // namespace drover::api
