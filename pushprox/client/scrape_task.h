// One scrape that the proxy asked for: the target is asked here, its answer goes to a sink while it
// comes.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "pushprox/client/context.h"

namespace drover::pushprox {

// One thread: the loop's. Calls `done` once, last thing.
class ScrapeTask final : public Disposable, private CallHandler, private AnswerSinkHandler {
 public:
  ScrapeTask(ClientContext& context, Head request, std::unique_ptr<AnswerSink> sink,
             std::function<void()> done);

  void Begin();
  void Refuse(std::string_view word, const std::string& why);  // answers with a failure

 private:
  void OnHead(const Head& head) override;
  bool OnBody(std::string_view piece) override;
  void OnEnd() override;
  void OnFailed(const std::string& why, bool stale) override;
  void OnSinkDrained() override;
  void OnSinkDone(const Status& status) override;
  Status Prepare();
  void Ask();
  bool StartAnswer(const std::string& head, const BodyLength& length);
  void EndAnswer(Millis most);
  void Broken(const std::string& why);
  void OnTimer();
  void Over();
  Millis Left() const;

  ClientContext& context_;
  const std::shared_ptr<const ClientPlan> plan_;
  const Head request_;
  const std::unique_ptr<AnswerSink> sink_;
  const std::function<void()> done_;
  Timer timer_;
  TargetTable::Choice choice_;
  std::string text_;  // of the request to the target
  MonoTime deadline_{};
  Call* target_ = nullptr;
  bool answering_ = false;
  bool all_sent_ = false;
  bool asked_again_ = false;
  std::uint64_t passed_ = 0;
};

}  // namespace drover::pushprox
