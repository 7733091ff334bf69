// An alert as it travels from rules to routing, and the interface between them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/model/labels.h"

namespace drover::alert {

struct Alert {
  Labels labels;  // its identity; with alertname
  std::map<std::string, std::string> annotations;
  TimePoint starts_at{};
  TimePoint ends_at{};  // epoch: not set
  std::string generator_url;
  TimePoint updated_at{};        // when it arrived
  bool ends_at_made_up = false;  // the sender gave none: it resolves by timeout

  bool ResolvedAt(TimePoint t) const { return ends_at != TimePoint{} && ends_at <= t; }
};

using AlertPtr = std::shared_ptr<const Alert>;

// FNV-1a over name, 0xFF, value, 0xFF of each label in order. Identity of alerts, in URLs and APIs
// as 16 hex digits.
std::uint64_t Fingerprint(const Labels& labels);
std::string FingerprintText(std::uint64_t fingerprint);

// Takes alerts, firing and resolved, as POST /api/v2/alerts would. Thread-safe; must not block
// long.
class AlertSink {
 public:
  virtual ~AlertSink() = default;
  virtual void Put(std::vector<Alert> alerts) = 0;
  // The sender has just started and cannot say yet whether the alerts with these labels fire: those
  // that are known and open stay so until `until`. A sink that keeps nothing over a restart has
  // nothing to do.
  virtual void KeepOpen(const std::vector<Labels>& /*labels*/, TimePoint /*until*/) {}
};

}  // namespace drover::alert
