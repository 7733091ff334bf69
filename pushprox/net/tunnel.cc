#include "pushprox/net/tunnel.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/base/bytes.h"

namespace drover::pushprox {
namespace {

constexpr std::size_t kHeadBytes = 5;              // type and stream
constexpr std::size_t kWireHighWater = 128 << 10;  // then streams wait for their turn
constexpr std::size_t kMostUnsent = 1 << 20;       // a peer that asks and does not read
constexpr std::size_t kMaxStreams = 4096;          // at the client's end
constexpr std::uint32_t kManyIds = 0x8000'0000;    // time for another tunnel
constexpr std::uint16_t kCloseNormal = 1000;
constexpr std::uint16_t kCloseProtocol = 1002;
constexpr Millis kSoonest{10};

constexpr std::string_view kConnect = "CONNECT ";

}  // namespace

void TunnelHandler::OnRequest(TunnelStream& stream, std::string_view) {
  stream.Reset("no scrapes here");
}

Tunnel::Tunnel(Role role, EventLoop& loop, TunnelHandler& handler, TunnelWire& wire,
               TunnelTimes times)
    : role_(role),
      loop_(loop),
      handler_(handler),
      wire_(wire),
      times_(times),
      reader_(theirs(), kMaxTunnelBody + kHeadBytes),
      begun_(loop.now()),
      heard_(loop.now()),
      timer_(loop, [this] { OnTimer(); }) {
  SetTimer();
}

Tunnel::~Tunnel() = default;

// --- life ---

void Tunnel::SetTimer() {
  const MonoTime now = loop_.now();
  MonoTime next = std::max(heard_, pinged_) + times_.ping_after;
  next = std::min(next, heard_ + times_.dead_after);
  if (role_ == Role::kProxy && !registered_) next = std::min(next, begun_ + times_.register_within);
  timer_.Set(std::max(std::chrono::ceil<Millis>(next - now), kSoonest));
}

void Tunnel::OnTimer() {
  const MonoTime now = loop_.clock().Mono();
  if (role_ == Role::kProxy && !registered_ && now - begun_ >= times_.register_within) {
    Break("the client did not register in time", Ending::kSilence);
    return;
  }
  if (now - heard_ >= times_.dead_after) {
    Break("the other end is silent", Ending::kSilence);
    return;
  }
  if (now - std::max(heard_, pinged_) >= times_.ping_after) {
    pinged_ = now;
    SendControl(Opcode::kPing, {});
  }
  SetTimer();
}

void Tunnel::Break(const std::string& why, Ending ending) {
  if (over_) return;
  if (ending != Ending::kPeerClosed) SendClose(kCloseProtocol, why);
  ending_ = ending;
  over_ = true;
  timer_.Cancel();
  ResetAll(why);
  handler_.OnTunnelBroken(why);
}

void Tunnel::Lost(std::string_view why) {
  if (over_) return;
  ending_ = Ending::kOurs;
  over_ = true;
  timer_.Cancel();
  ResetAll(why);
}

void Tunnel::Close(std::string_view why) {
  if (over_) return;
  SendClose(kCloseNormal, why);
  Lost(why);
}

void Tunnel::ResetAll(std::string_view why) {
  auto all = std::move(streams_);
  streams_.clear();
  turns_.clear();
  for (const auto& one : all) one->over_ = true;
  for (auto& one : all) {
    if (one->handler_ != nullptr) std::exchange(one->handler_, nullptr)->OnReset(why);
    loop_.Bury(std::move(one));
  }
}

// --- what goes ---

void Tunnel::SendFrame(TunnelFrame type, std::uint32_t id, std::string_view body) {
  if (over_) return;
  std::string head(1, static_cast<char>(type));
  AppendBigEndian(head, id);
  std::string frame;
  frame.reserve(body.size() + kHeadBytes + 14);
  AppendFrame(frame, ours(), Opcode::kBinary, head, body);
  wire_.Send(frame);
}

void Tunnel::SendControl(Opcode opcode, std::string_view payload) {
  if (over_) return;
  std::string frame;
  AppendFrame(frame, ours(), opcode, payload);
  wire_.Send(frame);
}

void Tunnel::SendClose(std::uint16_t code, std::string_view why) {
  std::string body;
  AppendBigEndian(body, code);
  body += why.substr(0, kMaxControlBytes - body.size());
  SendControl(Opcode::kClose, body);
}

void Tunnel::Register(std::string_view json) { SendFrame(TunnelFrame::kRegister, 0, json); }
void Tunnel::Registered(std::string_view json) { SendFrame(TunnelFrame::kRegistered, 0, json); }
void Tunnel::GoAway(std::string_view why) { SendFrame(TunnelFrame::kGoAway, 0, why); }

TunnelStream& Tunnel::Open(TunnelStreamHandler& handler, std::string_view request_head) {
  const bool relay = request_head.starts_with(kConnect);
  TunnelStream& stream = Add(++last_id_, &handler);
  if (!relay) stream.ended_ = stream.end_sent_ = true;
  SendFrame(TunnelFrame::kRequest, stream.id_, request_head);
  if (last_id_ == kManyIds) GoAway("stream numbers run out");
  return stream;
}

bool Tunnel::HasRoom() const { return wire_.Unsent() < kWireHighWater; }

void Tunnel::QueueTurn(TunnelStream& stream) {
  if (stream.in_turn_) return;
  stream.in_turn_ = true;
  turns_.push_back(&stream);
}

void Tunnel::TakeTurns() {
  while (!over_ && !turns_.empty() && HasRoom()) {
    TunnelStream& stream = *turns_.front();
    turns_.erase(turns_.begin());
    stream.in_turn_ = false;
    if (stream.SendTurn()) QueueTurn(stream);
    if (!stream.over_ && stream.full_ && stream.unsent() < TunnelStream::kHighWater / 2) {
      stream.full_ = false;
      if (stream.handler_ != nullptr) stream.handler_->OnWritable();
    }
  }
}

void Tunnel::Drained() { TakeTurns(); }

// --- what comes ---

void Tunnel::Feed(std::string_view bytes) {
  if (over_ || bytes.empty()) return;
  // A frame that trickles in is no life, for who must not be held by it.
  if (role_ == Role::kClient) heard_ = loop_.now();
  for (;;) {
    const auto message = reader_.Next(bytes);
    if (!message) {
      Break(message.error().message());
      return;
    }
    if (!*message) return;
    heard_ = loop_.now();
    if (wire_.Unsent() > kMostUnsent) {
      Break("the other end does not read what it asks for");
      return;
    }
    OnMessage(**message);
    if (over_) return;
  }
}

void Tunnel::OnMessage(const WebSocketMessage& message) {
  if (message.opcode == Opcode::kPing) {
    SendControl(Opcode::kPong, message.payload);
  } else if (message.opcode == Opcode::kClose) {
    SendControl(Opcode::kClose, message.payload.substr(0, 2));
    const std::string_view why =
        message.payload.substr(std::min<std::size_t>(2, message.payload.size()));
    Break(why.empty() ? "the other end closed" : "the other end closed: " + std::string(why),
          Ending::kPeerClosed);
  } else if (message.opcode == Opcode::kBinary) {
    Cursor in(message.payload);
    const std::uint8_t type = in.Byte();
    const auto id = in.BigEndian<std::uint32_t>();
    if (!in.ok()) {
      Break("a frame without its head");
      return;
    }
    OnFrame(static_cast<TunnelFrame>(type), id, in.rest());
  }
}

bool Tunnel::Comes(TunnelFrame type) const {
  switch (type) {
    case TunnelFrame::kRegister:
    case TunnelFrame::kAnswer:
      return role_ == Role::kProxy;
    case TunnelFrame::kRegistered:
    case TunnelFrame::kRequest:
    case TunnelFrame::kGoAway:
      return role_ == Role::kClient;
    case TunnelFrame::kData:
    case TunnelFrame::kEnd:
    case TunnelFrame::kReset:
    case TunnelFrame::kCredit:
      return true;
  }
  return false;
}

void Tunnel::OnFrame(TunnelFrame type, std::uint32_t id, std::string_view body) {
  const bool of_tunnel = type == TunnelFrame::kRegister || type == TunnelFrame::kRegistered ||
                         type == TunnelFrame::kGoAway;
  if (!Comes(type) || (id == 0) != of_tunnel) {
    Break("a frame of a kind that must not come");
    return;
  }
  if (type == TunnelFrame::kRegister) {
    registered_ = true;
    handler_.OnRegister(body);
  } else if (type == TunnelFrame::kRegistered) {
    handler_.OnRegistered(body);
  } else if (type == TunnelFrame::kGoAway) {
    handler_.OnGoAway(body);
  } else if (type == TunnelFrame::kRequest) {
    OnRequest(id, body);
  } else {
    OnStreamFrame(type, id, body);
  }
}

void Tunnel::OnRequest(std::uint32_t id, std::string_view head) {
  if (id <= last_id_ || streams_.size() >= kMaxStreams) {
    Break(id <= last_id_ ? "a stream's number comes again" : "too many streams");
    return;
  }
  last_id_ = id;
  const bool relay = head.starts_with(kConnect);
  TunnelStream& stream = Add(id, nullptr);
  if (!relay) stream.peer_ended_ = true;
  handler_.OnRequest(stream, head);
}

void Tunnel::OnStreamFrame(TunnelFrame type, std::uint32_t id, std::string_view body) {
  if (id > last_id_) {
    Break("a frame of a stream that was never opened");
    return;
  }
  TunnelStream* stream = Find(id);
  const bool early = role_ == Role::kProxy && stream != nullptr && !stream->answered_;
  switch (type) {
    case TunnelFrame::kAnswer:
      if (stream == nullptr) return;
      if (stream->answered_) {
        Break("a second answer");
        return;
      }
      stream->answered_ = true;
      stream->handler_->OnAnswer(body);
      return;
    case TunnelFrame::kData:
      if (body.empty() || body.size() > kMaxTunnelData || early) {
        Break(early ? "data before its answer" : "data of a bad size");
        return;
      }
      if (stream != nullptr) OnData(*stream, body);
      return;
    case TunnelFrame::kEnd:
      if (!body.empty() || early) {
        Break(early ? "an end before its answer" : "an end of a bad size");
        return;
      }
      if (stream != nullptr) OnPeerEnd(*stream);
      return;
    case TunnelFrame::kReset:
      if (stream == nullptr) return;
      {
        TunnelStreamHandler* handler = std::exchange(stream->handler_, nullptr);
        Forget(*stream);
        if (handler != nullptr) handler->OnReset(body);
      }
      return;
    case TunnelFrame::kCredit: {
      Cursor in(body);
      const auto more = in.BigEndian<std::uint32_t>();
      if (!in.ok() || !in.empty()) {
        Break("credit of a bad size");
      } else if (stream != nullptr) {
        OnCredit(*stream, more);
      }
      return;
    }
    default:
      return;
  }
}

void Tunnel::OnData(TunnelStream& stream, std::string_view bytes) {
  if (stream.peer_ended_ || bytes.size() > stream.allowed_) {
    Break(stream.peer_ended_ ? "data behind its end" : "data beyond its credit");
    return;
  }
  stream.allowed_ -= static_cast<std::uint32_t>(bytes.size());
  if (stream.handler_ != nullptr) stream.handler_->OnBytes(bytes);
}

void Tunnel::OnPeerEnd(TunnelStream& stream) {
  if (stream.peer_ended_) {
    Break("a second end");
    return;
  }
  stream.peer_ended_ = true;
  TunnelStreamHandler* handler = stream.handler_;
  if (stream.ended_) stream.handler_ = nullptr;
  if (stream.end_sent_) Forget(stream);
  if (handler != nullptr) handler->OnEnd();
}

void Tunnel::OnCredit(TunnelStream& stream, std::uint32_t more) {
  if (more > std::numeric_limits<std::uint32_t>::max() - stream.credit_) {
    Break("credit over its limit");
    return;
  }
  stream.credit_ += more;
  if (stream.unsent() == 0) return;
  QueueTurn(stream);
  TakeTurns();
}

// --- streams ---

TunnelStream& Tunnel::Add(std::uint32_t id, TunnelStreamHandler* handler) {
  streams_.push_back(std::unique_ptr<TunnelStream>(new TunnelStream(*this, id, handler)));
  return *streams_.back();
}

TunnelStream* Tunnel::Find(std::uint32_t id) {
  const auto at =
      std::lower_bound(streams_.begin(), streams_.end(), id,
                       [](const auto& one, std::uint32_t wanted) { return one->id() < wanted; });
  return at != streams_.end() && (*at)->id() == id ? at->get() : nullptr;
}

void Tunnel::Forget(TunnelStream& stream) {
  if (stream.over_) return;
  stream.over_ = true;
  if (stream.in_turn_) std::erase(turns_, &stream);
  const auto at =
      std::lower_bound(streams_.begin(), streams_.end(), stream.id(),
                       [](const auto& one, std::uint32_t wanted) { return one->id() < wanted; });
  loop_.Bury(std::move(*at));
  streams_.erase(at);
}

}  // namespace drover::pushprox
