// One request and its answer, or one relayed connection, within a Tunnel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "pushprox/net/event_loop.h"

namespace drover::pushprox {

class Tunnel;

// What comes from the other end. Called from Tunnel::Feed, Drained, Lost, Close and from its timer,
// never from inside a call on a stream. Each may call anything on streams.
class TunnelStreamHandler {
 public:
  virtual ~TunnelStreamHandler() = default;
  // Proxy's end: the answer's head, once and before any bytes. Not parsed yet.
  virtual void OnAnswer(std::string_view) {}
  // Call TunnelStream::Consumed when they are passed on: that is what lets more come.
  virtual void OnBytes(std::string_view bytes) = 0;
  // The other direction is complete. When End was called before, the stream is gone with this.
  virtual void OnEnd() = 0;
  // Over in both directions; also when the tunnel breaks. The last call.
  virtual void OnReset(std::string_view why) = 0;
  // unsent() was above kHighWater and fell below half of it.
  virtual void OnWritable() {}
};

// Owned by its Tunnel; gone (not to be touched) after OnReset, Reset, and when both directions are
// complete. The other direction of a scrape is complete from the start at the client's end, the own
// one at the proxy's. After End with the other direction complete nothing is called any more:
// what is still unsent goes out when it can. One thread: the loop's.
class TunnelStream final : public Disposable {
 public:
  static constexpr std::size_t kHighWater = 64 << 10;

  std::uint32_t id() const { return id_; }
  void set_handler(TunnelStreamHandler& handler) { handler_ = &handler; }

  void Answer(std::string_view head);  // client's end: once, before Write
  // Kept here as far as credit or the connection do not take it: a caller stops above kHighWater
  // and goes on with OnWritable.
  void Write(std::string_view bytes);
  std::size_t unsent() const { return out_.size() - sent_; }
  void Consumed(std::size_t bytes);
  void End();                        // behind what was written
  void Reset(std::string_view why);  // no callback comes after it
  // Lives as long as the stream, and so beyond End while something is unsent.
  void Keep(std::unique_ptr<Disposable> what) { kept_ = std::move(what); }
  // Nothing is called any more: it ended, and what is unsent waits to go.
  bool left() const { return handler_ == nullptr; }

 private:
  friend class Tunnel;
  TunnelStream(Tunnel& tunnel, std::uint32_t id, TunnelStreamHandler* handler);
  std::size_t SendSome(std::string_view bytes, std::size_t most_frames);
  bool SendTurn();  // true: again when it is its turn
  void SendEnd();

  Tunnel& tunnel_;
  TunnelStreamHandler* handler_;
  const std::uint32_t id_;
  std::uint32_t credit_;        // of what we send
  std::uint32_t allowed_;       // of what comes
  std::uint32_t consumed_ = 0;  // not given back yet
  bool answered_ = false;
  bool ended_ = false;       // End was called
  bool end_sent_ = false;    // and told
  bool peer_ended_ = false;  // so did the other end
  bool over_ = false;
  bool in_turn_ = false;
  bool full_ = false;  // OnWritable is owed
  std::string out_;
  std::size_t sent_ = 0;
  std::unique_ptr<Disposable> kept_;
};

}  // namespace drover::pushprox
