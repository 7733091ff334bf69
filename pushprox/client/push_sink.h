// An answer as PushProx wants it: POST /push with the HTTP response as body.
#pragma once

#include <memory>
#include <string>

#include "pushprox/client/answer_sink.h"
#include "pushprox/client/proxy_leg.h"

namespace drover::pushprox {

class PushSink final : public AnswerSink, private CallHandler {
 public:
  PushSink(std::shared_ptr<ProxyLeg> leg, std::string id);
  ~PushSink() override;

  void set_handler(AnswerSinkHandler& handler) override { handler_ = &handler; }
  Status Begin(std::string_view head, const BodyLength& length, Millis left) override;
  void Write(std::string_view piece) override;
  bool full() const override;
  bool End() override;
  void Cancel(std::string_view why) override;

 private:
  void OnHead(const Head& head) override { status_ = head.status; }
  bool OnBody(std::string_view) override { return true; }
  void OnEnd() override;
  void OnFailed(const std::string& why, bool stale) override;
  void OnDrained() override { handler_->OnSinkDrained(); }

  const std::shared_ptr<ProxyLeg> leg_;
  const std::string id_;
  AnswerSinkHandler* handler_ = nullptr;
  Call* push_ = nullptr;
  bool chunked_ = false;  // within, and so outside
  bool ended_ = false;
  int status_ = 0;
};

}  // namespace drover::pushprox
