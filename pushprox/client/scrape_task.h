// One scrape that the proxy asked for: run here, its answer pushed while it comes.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "core/base/log.h"
#include "core/metrics/registry.h"
#include "pushprox/client/options.h"
#include "pushprox/net/http_call.h"

namespace drover::pushprox {

// What all tasks share. Outlives them.
struct ClientContext {
  EventLoop& loop;
  Resolver& resolver;
  const ClientPlan& plan;
  const Logger& log;
  Peer& proxy;
  Counter& scrape_errors;
  Counter& push_errors;
  Counter& poll_errors;
  Counter& bytes;
  std::uint32_t clock_seed = 0;  // spreads retries of many clients
  std::map<std::string, std::unique_ptr<Peer>> targets{};

  // Head of a request to the proxy, with its credentials but without framing.
  Result<std::string> ProxyRequest(std::string_view path) const;
  Peer& PeerOf(const TargetTable::Choice& choice);
};

// One thread: the loop's. Calls `done` once, last thing.
class ScrapeTask final : public Disposable {
 public:
  ScrapeTask(ClientContext& context, Head request, std::function<void()> done);

  void Begin();
  void Refuse(std::string_view word, const std::string& why);  // pushes a failure

 private:
  struct TargetHandler final : CallHandler {
    explicit TargetHandler(ScrapeTask& t) : task(t) {}
    void OnHead(const Head& head) override { task.TargetHead(head); }
    bool OnBody(std::string_view piece) override { return task.TargetBody(piece); }
    void OnEnd() override { task.TargetEnd(); }
    void OnFailed(const std::string& why, bool stale) override { task.TargetFailed(why, stale); }
    ScrapeTask& task;
  };
  struct PushHandler final : CallHandler {
    explicit PushHandler(ScrapeTask& t) : task(t) {}
    void OnHead(const Head& head) override { task.push_status_ = head.status; }
    bool OnBody(std::string_view) override { return true; }
    void OnEnd() override { task.PushEnd(); }
    void OnFailed(const std::string& why, bool) override { task.PushFailed(why); }
    void OnDrained() override {
      if (task.target_ != nullptr) task.target_->Resume();
    }
    ScrapeTask& task;
  };
  Status Prepare();
  void Ask();
  void TargetHead(const Head& head);
  bool TargetBody(std::string_view piece);
  void TargetEnd();
  void TargetFailed(const std::string& why, bool stale);
  bool StartPush(const std::string& inner_head, std::optional<std::uint64_t> length);
  void PushEnd();
  void PushFailed(const std::string& why);
  void OnTimer();
  void Over();
  std::string Left() const;

  ClientContext& context_;
  const Head request_;
  const std::function<void()> done_;
  TargetHandler target_handler_{*this};
  PushHandler push_handler_{*this};
  Timer timer_;
  TargetTable::Choice choice_;
  std::string id_;
  std::string text_;  // of the request to the target
  MonoTime deadline_{};
  Call* target_ = nullptr;
  Call* push_ = nullptr;
  Framing inner_ = Framing::kNone;
  bool outer_chunked_ = false;
  bool all_pushed_ = false;
  bool asked_again_ = false;
  int push_status_ = 0;
  std::uint64_t passed_ = 0;
};

}  // namespace drover::pushprox
