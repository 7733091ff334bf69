// Asks the proxy for scrapes of one name, one poll after another, for ever.
#pragma once

#include <list>
#include <memory>
#include <string>

#include "core/base/backoff.h"
#include "pushprox/client/scrape_task.h"

namespace drover::pushprox {

// One thread: the loop's.
class Poller final : private CallHandler {
 public:
  Poller(ClientContext& context, std::string name);

  void Poll();

 private:
  void OnHead(const Head& head) override;
  bool OnBody(std::string_view piece) override;
  void OnEnd() override;
  void OnFailed(const std::string& why, bool stale) override;
  Status Start();
  void RetryLater(const std::string& why);

  ClientContext& context_;
  const std::string name_;
  Backoff backoff_;
  Timer retry_;
  int status_ = 0;
  std::string body_;
  bool too_long_ = false;
  bool connected_ = false;  // as the log has said it
  bool said_ = false;
  MonoTime began_{};
  std::list<std::unique_ptr<ScrapeTask>> tasks_;
};

}  // namespace drover::pushprox
