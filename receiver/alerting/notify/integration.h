// One place to tell: the interface that every kind of integration implements.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "core/base/clock.h"
#include "receiver/alerting/notify/message.h"

namespace drover::alerting {

struct Outcome {
  enum class Kind { kOk, kRetry, kPermanent };
  Kind kind = Kind::kOk;
  std::string error;  // for log and history
  // Label of alertmanager_notifications_failed_total: other, clientError, serverError,
  // contextCanceled, contextDeadlineExceeded, authError, rateLimited.
  std::string reason;
  std::optional<Millis> retry_after;  // the peer's wish

  static Outcome Ok() { return {}; }
  static Outcome Retry(std::string error, std::string reason) {
    return {Kind::kRetry, std::move(error), std::move(reason), {}};
  }
  static Outcome Permanent(std::string error, std::string reason) {
    return {Kind::kPermanent, std::move(error), std::move(reason), {}};
  }
};

struct SendContext {
  Millis time_left{0};   // of the flush
  std::stop_token stop;  // the configuration was replaced, or the program ends
};

// Immutable after construction, thread-safe: groups send at the same time.
class Integration {
 public:
  virtual ~Integration() = default;
  virtual std::string kind() const = 0;  // "webhook"
  virtual bool send_resolved() const = 0;
  // Blocks until answered, stopped, or out of time. One attempt: the caller repeats.
  virtual Outcome Send(const SendContext& context, const Message& message) const = 0;
};

}  // namespace drover::alerting
