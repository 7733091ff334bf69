// drover-pushprox client that looks each minute whether the flavour finds other components, and is
// reloaded then.
#pragma once

#include <memory>
#include <string>
#include <thread>

#include "core/base/mutex.h"
#include "pushprox/client/client.h"
#include "pushprox/client/flavour_watch.h"

namespace drover::pushprox {

class WatchedClient final : public RunningProgram {
 public:
  // As Client::Start; without a flavour there is no thread.
  static Result<std::unique_ptr<RunningProgram>> Start(const ClientOptions& options, Clock& clock,
                                                       const Logger& log);
  ~WatchedClient() override;

  std::string address() const override { return client_->address(); }
  Status Reload() override;
  void Stop() override;

 private:
  WatchedClient(ClientOptions options, const Logger& log);
  bool Changed();
  void Watch(Clock& clock);

  const ClientOptions options_;
  std::unique_ptr<RunningProgram> client_;
  Mutex mutex_;
  FlavourWatch watch_ GUARDED_BY(mutex_);
  std::jthread thread_;
};

}  // namespace drover::pushprox
