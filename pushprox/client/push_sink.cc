#include "pushprox/client/push_sink.h"

#include <utility>

#include "pushprox/protocol/scrape.h"

namespace drover::pushprox {
namespace {

constexpr std::size_t kHighWater = 256 << 10;

}  // namespace

PushSink::PushSink(std::shared_ptr<ProxyLeg> leg, std::string id)
    : leg_(std::move(leg)), id_(std::move(id)) {}

PushSink::~PushSink() { Cancel({}); }

Status PushSink::Begin(std::string_view head, const BodyLength& length, Millis left) {
  DROVER_TRY(std::string request, leg_->Request("push"));
  std::string inner(head);
  AppendField(inner, kIdHeader, id_);
  AppendField(inner, kLeftHeader, FormatTimeout(left));
  chunked_ = !length.comes;
  if (chunked_) {
    AppendField(inner, "Transfer-Encoding", "chunked");
    AppendField(request, "Transfer-Encoding", "chunked");
  } else {
    // Stock proxies do not know what was asked and read that many bytes.
    AppendField(inner, "Content-Length", std::to_string(*length.comes));
  }
  inner += "\r\n";
  if (!chunked_)
    AppendField(request, "Content-Length", std::to_string(*length.comes + inner.size()));
  request += "\r\n";
  AppendBody(request, chunked_ ? Framing::kChunked : Framing::kLength, inner);
  push_ = &leg_->peer.Open(*this);
  push_->Write(request);
  return {};
}

void PushSink::Write(std::string_view piece) {
  if (push_ == nullptr) return;
  if (!chunked_) {
    push_->Write(piece);
    return;
  }
  std::string inner;
  AppendBody(inner, Framing::kChunked, piece);
  std::string outer;
  AppendBody(outer, Framing::kChunked, inner);
  push_->Write(outer);
}

bool PushSink::full() const { return push_ != nullptr && push_->unsent() > kHighWater; }

bool PushSink::End() {
  if (chunked_ && push_ != nullptr) {
    std::string end;
    AppendBody(end, Framing::kChunked, BodyEnd(Framing::kChunked));
    end += BodyEnd(Framing::kChunked);
    push_->Write(end);
  }
  ended_ = true;
  return false;
}

void PushSink::Cancel(std::string_view) {
  if (push_ != nullptr) std::exchange(push_, nullptr)->Cancel();
}

void PushSink::OnEnd() {
  push_ = nullptr;
  if (status_ == 200 && ended_) {
    handler_->OnSinkDone({});
  } else {
    handler_->OnSinkDone(
        Fail(ErrorCode::kUnavailable, "the proxy answered " + std::to_string(status_)));
  }
}

void PushSink::OnFailed(const std::string& why, bool) {
  push_ = nullptr;
  handler_->OnSinkDone(Fail(ErrorCode::kUnavailable, why));
}

}  // namespace drover::pushprox
