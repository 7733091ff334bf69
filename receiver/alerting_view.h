// What /alerts shows of routing: from the alerting side to the page's words.
#pragma once

#include "receiver/alerting/alerting.h"
#include "receiver/web/pages.h"

namespace drover::receiver {

web::AlertingView MakeAlertingView(const alerting::Alerting& alerting);

}  // namespace drover::receiver
