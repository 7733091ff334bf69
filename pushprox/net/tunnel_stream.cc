#include "pushprox/net/tunnel_stream.h"

#include <algorithm>

#include "core/base/bytes.h"
#include "pushprox/net/tunnel.h"

namespace drover::pushprox {
namespace {

constexpr std::uint32_t kCreditStep = kTunnelCredit / 4;
constexpr std::size_t kAnyFrames = static_cast<std::size_t>(-1);
constexpr std::size_t kMaxReason = 300;

}  // namespace

TunnelStream::TunnelStream(Tunnel& tunnel, std::uint32_t id, TunnelStreamHandler* handler)
    : tunnel_(tunnel),
      handler_(handler),
      id_(id),
      credit_(kTunnelCredit),
      allowed_(kTunnelCredit) {}

void TunnelStream::Answer(std::string_view head) {
  if (over_) return;
  if (head.size() > kMaxTunnelBody) {
    Reset("header of the answer over its limit");
    return;
  }
  answered_ = true;
  tunnel_.SendFrame(TunnelFrame::kAnswer, id_, head);
}

std::size_t TunnelStream::SendSome(std::string_view bytes, std::size_t most_frames) {
  std::size_t sent = 0;
  while (sent < bytes.size() && credit_ > 0 && most_frames-- > 0 && tunnel_.HasRoom()) {
    const std::size_t n =
        std::min({bytes.size() - sent, kMaxTunnelData, static_cast<std::size_t>(credit_)});
    tunnel_.SendFrame(TunnelFrame::kData, id_, bytes.substr(sent, n));
    credit_ -= static_cast<std::uint32_t>(n);
    sent += n;
  }
  return sent;
}

void TunnelStream::Write(std::string_view bytes) {
  if (over_ || ended_ || bytes.empty()) return;
  if (unsent() == 0 && tunnel_.turns_.empty()) bytes.remove_prefix(SendSome(bytes, kAnyFrames));
  if (bytes.empty()) return;
  if (sent_ > kHighWater) {
    out_.erase(0, sent_);
    sent_ = 0;
  }
  out_.append(bytes);
  if (unsent() > kHighWater) full_ = true;
  if (credit_ > 0) tunnel_.QueueTurn(*this);
}

bool TunnelStream::SendTurn() {
  sent_ += SendSome(std::string_view(out_).substr(sent_), 1);
  if (unsent() > 0) return credit_ > 0;
  std::string().swap(out_);
  sent_ = 0;
  if (ended_) SendEnd();
  return false;
}

void TunnelStream::Consumed(std::size_t bytes) {
  if (over_ || peer_ended_) return;
  consumed_ += static_cast<std::uint32_t>(bytes);
  if (consumed_ < kCreditStep) return;
  std::string body;
  AppendBigEndian(body, consumed_);
  allowed_ += consumed_;
  consumed_ = 0;
  tunnel_.SendFrame(TunnelFrame::kCredit, id_, body);
}

void TunnelStream::End() {
  if (over_ || ended_) return;
  ended_ = true;
  if (peer_ended_) handler_ = nullptr;
  if (unsent() == 0) SendEnd();
}

void TunnelStream::SendEnd() {
  end_sent_ = true;
  tunnel_.SendFrame(TunnelFrame::kEnd, id_, {});
  if (peer_ended_) tunnel_.Forget(*this);
}

void TunnelStream::Reset(std::string_view why) {
  handler_ = nullptr;
  if (over_) return;
  tunnel_.SendFrame(TunnelFrame::kReset, id_, why.substr(0, kMaxReason));
  tunnel_.Forget(*this);
}

}  // namespace drover::pushprox
