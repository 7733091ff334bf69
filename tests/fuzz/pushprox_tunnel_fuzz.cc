// A tunnel against a peer that sends anything: no crash, streams told once, memory bounded. The
// first byte says which end is ours and how the rest comes; frames are put around what follows so
// that the tunnel's own rules are reached, or the bytes are fed as they are. What a client
// registers is parsed too: what is accepted reads the same when it is written again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "pushprox/net/tunnel.h"
#include "pushprox/net/websocket_handshake.h"
#include "pushprox/protocol/registration.h"
#include "tests/support/fake_clock.h"

namespace {

using namespace drover::pushprox;

struct Stream final : TunnelStreamHandler {
  void OnAnswer(std::string_view) override { Live(); }
  void OnBytes(std::string_view bytes) override {
    Live();
    got += bytes.size();
    if (got % 3 != 0) stream->Consumed(bytes.size());
    if (got % 7 == 1) stream->Write(bytes);
    if (got % 11 == 2) {
      stream->Reset("enough");
      over = true;
    }
  }
  void OnEnd() override {
    Live();
    if (relay) stream->End();
    over = true;
  }
  void OnReset(std::string_view) override {
    Live();
    over = true;
  }
  void OnWritable() override { Live(); }
  void Live() const {
    if (over) std::abort();
  }
  TunnelStream* stream = nullptr;
  bool relay = false;
  bool over = false;
  std::size_t got = 0;
};

struct Owner final : TunnelHandler {
  void OnRegister(std::string_view json) override {
    const auto read = ParseRegistration(json);
    if (!read) return;
    const std::string written = ToJson(*read);
    const auto again = ParseRegistration(written);
    if (!again || ToJson(*again) != written) std::abort();
  }
  void OnRequest(TunnelStream& stream, std::string_view head) override {
    if (HeadEnd(head) == head.size()) {
      const auto request = ParseRequestHead(head);
      // What is taken for a handshake is answered with one.
      if (request && CheckTunnelRequest(*request)) {
        const auto answer = ParseResponseHead(TunnelAnswer(*request));
        if (!answer || !CheckTunnelAnswer(*answer, request->headers.Get("Sec-WebSocket-Key")))
          std::abort();
      }
    }
    if (head.size() % 5 == 0) {
      stream.Reset("no");
      return;
    }
    Watch(stream, head.starts_with("CONNECT "));
    stream.Answer("HTTP/1.1 200 OK\r\n\r\n");
    if (head.size() % 2 == 0) stream.Write(std::string(head.size() * 1000, 'x'));
    if (!all.back()->relay && head.size() % 3 == 0) {
      stream.End();
      all.back()->over = true;
    }
  }
  void OnTunnelBroken(std::string_view) override {
    if (broken) std::abort();
    broken = true;
  }
  Stream& Watch(TunnelStream& stream, bool relay) {
    all.push_back(std::make_unique<Stream>());
    all.back()->stream = &stream;
    all.back()->relay = relay;
    stream.set_handler(*all.back());
    return *all.back();
  }
  bool broken = false;
  std::vector<std::unique_ptr<Stream>> all;
};

struct Wire final : TunnelWire {
  void Send(std::string_view bytes) override {
    unsent += bytes.size();
    if (unsent > (8U << 20)) std::abort();
  }
  std::size_t Unsent() const override { return unsent; }
  std::size_t unsent = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const bool proxy = (data[0] & 1) != 0;
  const bool framed = (data[0] & 2) != 0;
  const std::size_t step = 1U + data[1];
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  drover::testing::FakeClock clock;
  EventLoop loop(clock);
  Owner owner;
  Wire wire;
  Stream opened[3];
  Tunnel tunnel(proxy ? Tunnel::Role::kProxy : Tunnel::Role::kClient, loop, owner, wire,
                proxy ? TunnelTimes::OfProxy() : TunnelTimes::OfClient());
  if (proxy) {
    for (int i = 0; i < 3; ++i) {
      opened[i].relay = i == 2;
      opened[i].stream = &tunnel.Open(
          opened[i], i == 2 ? "CONNECT a:1 HTTP/1.1\r\n\r\n" : "GET http://a/ HTTP/1.1\r\n\r\n");
    }
    opened[2].stream->Write("hello");
  }
  std::string fed(bytes);
  if (framed) {  // per frame: type, stream, length, body
    fed.clear();
    for (std::size_t at = 0; at + 3 < bytes.size();) {
      std::string head(1, bytes[at]);
      head.append(3, '\0').append(1, bytes[at + 1]);
      const std::size_t n = static_cast<std::uint8_t>(bytes[at + 2]);
      AppendFrame(fed, proxy ? FrameFrom::kClient : FrameFrom::kServer, Opcode::kBinary, head,
                  bytes.substr(at + 3, n));
      at += 3 + n;
    }
  }
  for (std::size_t at = 0; at < fed.size(); at += step) {
    tunnel.Feed(std::string_view(fed).substr(at, step));
    if (at % 5 == 0) {
      wire.unsent = 0;
      tunnel.Drained();
    }
    if (at % 17 == 0) {
      clock.Advance(drover::Millis(700));
      loop.Turn(false);
    }
  }
  return 0;
}
