// An answer on its stream of a tunnel.
#pragma once

#include "pushprox/client/answer_sink.h"
#include "pushprox/net/tunnel_stream.h"

namespace drover::pushprox {

// Its owner lets go of it in OnSinkDone, or after End or Cancel.
class TunnelSink final : public AnswerSink, private TunnelStreamHandler {
 public:
  explicit TunnelSink(TunnelStream& stream);
  ~TunnelSink() override { Cancel({}); }

  void set_handler(AnswerSinkHandler& handler) override { handler_ = &handler; }
  Status Begin(std::string_view head, const BodyLength& length, Millis left) override;
  void Write(std::string_view piece) override;
  bool full() const override {
    return stream_ != nullptr && stream_->unsent() > TunnelStream::kHighWater;
  }
  bool End() override;
  void Cancel(std::string_view why) override;

 private:
  void OnBytes(std::string_view) override {}  // a scrape has no body: the tunnel sees to it
  void OnEnd() override {}
  void OnReset(std::string_view why) override;
  void OnWritable() override;

  TunnelStream* stream_;  // null once it is gone
  AnswerSinkHandler* handler_ = nullptr;
};

}  // namespace drover::pushprox
