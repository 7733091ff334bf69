// A connected socket, plain or TLS, that holds no buffers while nothing is under way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "pushprox/net/event_loop.h"
#include "pushprox/net/resolver.h"

struct ssl_st;      // OpenSSL's SSL
struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace drover::pushprox {

// Callbacks come from the loop's thread, never from inside Write, Close or a constructor.
class StreamHandler {
 public:
  virtual ~StreamHandler() = default;
  virtual void OnOpen() {}  // connected, and the handshake done
  // Answers how many bytes it took; the rest comes again with more behind it, or after Resume.
  virtual std::size_t OnData(std::string_view bytes) = 0;
  virtual void OnDrained() {}  // all output is with the kernel
  // The peer will send no more. True: the connection stays for what we write, without OnData.
  virtual bool OnPeerEnd() { return false; }
  // The peer closed or the connection broke: no more callbacks. `why` is "" for an orderly end.
  virtual void OnClosed(std::string_view why) = 0;
};

// One thread: the loop's. `loop` and `handler` outlive it.
class Stream final : public Watcher {
 public:
  // Takes over `fd`. `tls` null: plain. `host` is what the peer's certificate must carry (a client
  // without verification gives ""); `accepted` says which end we are. `connecting`: connect(2) is
  // under way.
  struct Setup {
    int fd = -1;
    ssl_ctx_st* tls = nullptr;
    std::string host{};
    std::string verify_host{};
    bool accepted = true;
    bool connecting = false;
  };
  Stream(EventLoop& loop, StreamHandler& handler, const Setup& setup);
  ~Stream() override;

  void Write(std::string_view bytes);
  // Sent when the event at hand is handled: many small writes become one. OnDrained follows.
  void Queue(std::string_view bytes);
  void EndWrites();  // behind what was written: the peer reads the end, and may go on writing
  std::size_t unsent() const { return out_.size() - sent_; }
  void Pause();   // no more OnData
  void Resume();  // and what is left of earlier bytes first
  // While nothing is expected from the peer: its end (even of its half) is OnClosed.
  void WatchHangup(bool on);
  // Keeps a connection that is cut for two minutes, and sends again every few seconds (Linux 6.15
  // and later): for a peer that takes long to see that it should come anew.
  void OutliveCuts();
  // After what was written is sent and the peer has had the chance to read it: what it still sends
  // is thrown away for a while. OnClosed comes then; the owner limits the time.
  void CloseWhenSent();
  void Close();  // now; no callback
  void Reset();  // the same, and the peer sees that it is no orderly end
  bool closed() const { return fd_ < 0; }
  bool open() const { return state_ == State::kOpen; }
  bool connecting() const { return state_ == State::kConnecting; }
  ssl_st* tls() const { return ssl_; }

  void OnEvents(std::uint32_t events) override;
  void OnEventOver() override;

 private:
  enum class State : std::uint8_t { kConnecting, kHandshake, kOpen };
  void Interest(std::uint32_t came = 0);
  bool Connected();
  void Handshake();
  void Linger();
  void ReadSome();
  void Deliver(std::string_view bytes);
  void Keep(std::string_view bytes);
  void Flush();
  void ShutWrites();
  void Broken(std::string_view why);
  long ReadBytes(char* to, std::size_t size);           // >0, 0 at the end, -1 later, -2 broken
  long WriteBytes(const char* from, std::size_t size);  // the same
  long TlsResult(int result);

  EventLoop& loop_;
  StreamHandler& handler_;
  ssl_st* ssl_ = nullptr;
  int fd_;
  std::uint32_t interest_ = 0;
  State state_ = State::kOpen;
  bool paused_ = false;
  bool hangup_ = false;
  bool closing_ = false;
  bool again_ = false;  // Resume was called
  bool lingering_ = false;
  bool tls_wants_write_ = false;
  bool queued_ = false;  // OnEventOver comes
  bool end_writes_ = false;
  bool peer_ended_ = false;
  bool detached_ = false;  // from epoll, which would tell of a hangup again and again
  std::string in_;         // what the handler left
  std::string out_;        // what the kernel did not take
  std::size_t sent_ = 0;
  std::size_t thrown_away_ = 0;
  std::string why_;
};

// A socket on which connect(2) is under way. kUnavailable.
Result<int> StartConnect(const Address& address);

// Non-blocking, no Nagle, keepalive so that a peer that vanished is noticed within 45 s.
void PrepareSocket(int fd);

}  // namespace drover::pushprox
