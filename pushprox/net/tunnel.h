// Many requests at once over one connection that the client opened (docs/formats/tunnel.md). Bytes
// in, bytes out: whoever owns the connection feeds it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pushprox/net/event_loop.h"
#include "pushprox/net/tunnel_stream.h"
#include "pushprox/net/websocket.h"

namespace drover::pushprox {

enum class TunnelFrame : std::uint8_t {
  kRegister = 1,
  kRegistered = 2,
  kRequest = 3,
  kAnswer = 4,
  kData = 5,
  kEnd = 6,
  kReset = 7,
  kCredit = 8,
  kGoAway = 9,
};

inline constexpr std::size_t kMaxTunnelBody = 64 << 10;
inline constexpr std::size_t kMaxTunnelData = 16 << 10;
inline constexpr std::uint32_t kTunnelCredit = 256 << 10;  // each direction of a stream

// Called as TunnelStreamHandler is.
class TunnelHandler {
 public:
  virtual ~TunnelHandler() = default;
  virtual void OnRegister(std::string_view) {}    // proxy's end: JSON, not parsed yet
  virtual void OnRegistered(std::string_view) {}  // client's end: JSON, not parsed yet
  // Client's end: set_handler or Reset before returning. `head` is not parsed yet.
  virtual void OnRequest(TunnelStream& stream, std::string_view head);
  virtual void OnGoAway(std::string_view) {}
  // Protocol error, close frame or silence; every stream had its OnReset. Close the connection:
  // CloseWhenSent lets the close frame out.
  virtual void OnTunnelBroken(std::string_view why) = 0;
};

// The connection.
class TunnelWire {
 public:
  virtual ~TunnelWire() = default;
  virtual void Send(std::string_view bytes) = 0;  // takes all, calls nothing back
  virtual std::size_t Unsent() const = 0;
};

struct TunnelTimes {
  Millis ping_after;       // nothing came for that long
  Millis dead_after;       // and this: broken
  Millis register_within;  // proxy's end

  static constexpr TunnelTimes OfClient() { return {Millis(5000), Millis(10'000), Millis(0)}; }
  static constexpr TunnelTimes OfProxy() {
    return {Millis(8000), Millis(20'000), Millis(10'000)};
  }
};

// One end. While it is idle it holds no buffers, and one timer. One thread: the loop's. `loop`,
// `handler` and `wire` outlive it. Let it go with EventLoop::Bury where a callback may be under
// way; streams that are left then get no callback (Lost or Close first, where they should).
class Tunnel final : public Disposable {
 public:
  enum class Role : std::uint8_t { kProxy, kClient };

  // The handshake is done.
  Tunnel(Role role, EventLoop& loop, TunnelHandler& handler, TunnelWire& wire, TunnelTimes times);
  ~Tunnel() override;

  void Feed(std::string_view bytes);  // whatever came; everything is taken
  void Drained();                     // the connection took its output
  void Lost(std::string_view why);    // the connection is gone: streams get OnReset, nothing more
  void Close(std::string_view why);   // tells the other end first; the owner closes the connection

  // Proxy's end. A head that begins with CONNECT opens a relay, which both ends write to.
  TunnelStream& Open(TunnelStreamHandler& handler, std::string_view request_head);
  void Registered(std::string_view json);
  void GoAway(std::string_view why);
  // Client's end.
  void Register(std::string_view json);

  std::size_t streams() const { return streams_.size(); }
  bool over() const { return over_; }
  enum class Ending : std::uint8_t { kNone, kProtocol, kSilence, kPeerClosed, kOurs };
  Ending ending() const { return ending_; }  // how it broke, or that Lost or Close was called
  MonoTime heard() const { return heard_; }  // when the other end last showed life

 private:
  friend class TunnelStream;
  void OnTimer();
  void SetTimer();
  void Break(const std::string& why, Ending ending = Ending::kProtocol);
  void ResetAll(std::string_view why);
  void SendClose(std::uint16_t code, std::string_view why);
  void OnMessage(const WebSocketMessage& message);
  void OnFrame(TunnelFrame type, std::uint32_t id, std::string_view body);
  void OnStreamFrame(TunnelFrame type, std::uint32_t id, std::string_view body);
  void OnRequest(std::uint32_t id, std::string_view head);
  void OnData(TunnelStream& stream, std::string_view bytes);
  void OnPeerEnd(TunnelStream& stream);
  void OnCredit(TunnelStream& stream, std::uint32_t more);
  bool Comes(TunnelFrame type) const;
  void SendFrame(TunnelFrame type, std::uint32_t id, std::string_view body);
  void SendControl(Opcode opcode, std::string_view payload);
  bool HasRoom() const;
  TunnelStream* Find(std::uint32_t id);
  TunnelStream& Add(std::uint32_t id, TunnelStreamHandler* handler);
  void Forget(TunnelStream& stream);
  void QueueTurn(TunnelStream& stream);
  void TakeTurns();
  FrameFrom ours() const { return role_ == Role::kProxy ? FrameFrom::kServer : FrameFrom::kClient; }
  FrameFrom theirs() const {
    return role_ == Role::kProxy ? FrameFrom::kClient : FrameFrom::kServer;
  }

  const Role role_;
  bool over_ = false;
  bool registered_ = false;
  Ending ending_ = Ending::kNone;
  EventLoop& loop_;
  TunnelHandler& handler_;
  TunnelWire& wire_;
  const TunnelTimes times_;
  WebSocketReader reader_;
  std::uint32_t last_id_ = 0;
  MonoTime begun_;
  MonoTime heard_;
  MonoTime pinged_{};
  std::vector<std::unique_ptr<TunnelStream>> streams_;  // by id, rising
  std::vector<TunnelStream*> turns_;                    // have something to send and credit for it
  Timer timer_;
};

}  // namespace drover::pushprox
