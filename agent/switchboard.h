// What samples are appended to stays the same object while a reload replaces the forwarder behind
// it.
#pragma once

#include <functional>
#include <memory>

#include "agent/forward/forwarder.h"
#include "core/base/mutex.h"
#include "core/series/appender.h"

namespace drover::agent {

// Thread-safe.
class Switchboard final : public Appendable {
 public:
  std::unique_ptr<Appender> NewAppender() override;
  std::shared_ptr<forward::Forwarder> forwarder() const;

  // Destroys the old forwarder, then makes the new one (both use the queues' folders). Appenders
  // made meanwhile wait. On an error there is none, and samples are refused with kUnavailable.
  Status Replace(const std::function<Result<std::shared_ptr<forward::Forwarder>>()>& make);

 private:
  mutable Mutex mutex_;
  std::shared_ptr<forward::Forwarder> forwarder_ GUARDED_BY(mutex_);
};

}  // namespace drover::agent
