// Asks one address of the proxy for scrapes of one name, one poll after another, for ever.
#pragma once

#include <memory>
#include <string>

#include "core/base/backoff.h"
#include "pushprox/client/context.h"
#include "pushprox/client/proxy_leg.h"

namespace drover::pushprox {

// Called from the loop.
class PollerOwner {
 public:
  virtual ~PollerOwner() = default;
  virtual void OnPolled() = 0;  // a poll was held, or answered with a scrape
  enum class Failure {
    kDisplaced,  // ended at once: somebody else polls for the name
    kAnswered,   // refused
    kLost,       // no connection, or it broke
  };
  virtual void OnPollFailed(Failure failure, const std::string& why) = 0;
};

// One thread: the loop's. Tries again by itself whatever its owner is told.
class Poller final : public Disposable, private CallHandler {
 public:
  Poller(ClientContext& context, std::shared_ptr<ProxyLeg> leg, std::string name,
         PollerOwner& owner);
  ~Poller() override;

  void Poll();  // calls nothing back from here
  void Stop();  // nothing is called any more
  const std::string& name() const { return name_; }

 private:
  void OnHead(const Head& head) override;
  bool OnBody(std::string_view piece) override;
  void OnEnd() override;
  void OnFailed(const std::string& why, bool stale) override;
  Status Start();
  void OnRetry();
  void RetryLater(PollerOwner::Failure failure, const std::string& why);

  ClientContext& context_;
  const std::shared_ptr<ProxyLeg> leg_;
  const std::string name_;
  PollerOwner& owner_;
  Backoff backoff_;
  Timer retry_;
  Timer held_;
  Call* call_ = nullptr;
  std::string cannot_;  // why no poll could be made, to be told by the timer
  int status_ = 0;
  std::string body_;
  bool too_long_ = false;
  bool connected_ = false;  // as the log has said it
  bool said_ = false;
  MonoTime began_{};
};

}  // namespace drover::pushprox
