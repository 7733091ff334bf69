// Numbers for people, as Prometheus' and Alertmanager's templates print them.
#pragma once

#include <string>

#include "core/base/result.h"
#include "receiver/template/value.h"

namespace drover::tmpl {

// A float, int, duration (seconds) or a text that is a number.
Result<double> NumberOf(const Value& v);

std::string Humanize(double v);
std::string Humanize1024(double v);
std::string HumanizeDuration(double seconds);
std::string HumanizePercentage(double v);
// "2022-01-25 12:36:43 +0000 UTC"; kInvalid when it is beyond all calendars.
Result<std::string> HumanizeTimestamp(double seconds);
Result<Time> ToTime(double seconds);

}  // namespace drover::tmpl
