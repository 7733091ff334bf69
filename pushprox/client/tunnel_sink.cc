#include "pushprox/client/tunnel_sink.h"

#include <string>
#include <utility>

#include "pushprox/net/tunnel.h"
#include "pushprox/protocol/head.h"

namespace drover::pushprox {

TunnelSink::TunnelSink(TunnelStream& stream) : stream_(&stream) { stream.set_handler(*this); }

Status TunnelSink::Begin(std::string_view head, const BodyLength& length, Millis) {
  std::string text(head);
  if (length.said) AppendField(text, "Content-Length", std::to_string(*length.said));
  text += "\r\n";
  if (text.size() > kMaxTunnelBody)
    return Fail(ErrorCode::kExhausted, "header of the answer over its limit");
  if (stream_ != nullptr) stream_->Answer(text);
  return {};
}

void TunnelSink::Write(std::string_view piece) {
  if (stream_ != nullptr) stream_->Write(piece);
}

bool TunnelSink::End() {
  if (stream_ != nullptr) std::exchange(stream_, nullptr)->End();
  return true;
}

void TunnelSink::Cancel(std::string_view why) {
  if (stream_ != nullptr) std::exchange(stream_, nullptr)->Reset(why);
}

void TunnelSink::OnReset(std::string_view why) {
  stream_ = nullptr;
  if (handler_ != nullptr)
    handler_->OnSinkDone(
        Fail(ErrorCode::kCancelled, why.empty() ? "the scraper left" : std::string(why)));
}

void TunnelSink::OnWritable() {
  if (handler_ != nullptr) handler_->OnSinkDrained();
}

}  // namespace drover::pushprox
