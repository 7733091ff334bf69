// Two Tunnels joined by wires that a test carries by hand, on a clock that it moves.
#pragma once

#include <string>
#include <vector>

#include "pushprox/net/tunnel.h"
#include "tests/support/fake_clock.h"

namespace drover::pushprox::testing {

// Notes what it is told, one word or line each.
struct NotingStream final : TunnelStreamHandler {
  void OnAnswer(std::string_view head) override { notes.push_back("answer " + std::string(head)); }
  void OnBytes(std::string_view bytes) override {
    got += bytes;
    if (consumes) stream->Consumed(bytes.size());
  }
  void OnEnd() override { notes.emplace_back("end"); }
  void OnReset(std::string_view why) override { notes.push_back("reset " + std::string(why)); }
  void OnWritable() override { notes.emplace_back("writable"); }

  TunnelStream* stream = nullptr;
  bool consumes = true;
  std::string got;
  std::vector<std::string> notes;
};

struct NotingTunnel final : TunnelHandler {
  void OnRegister(std::string_view json) override {
    notes.push_back("register " + std::string(json));
  }
  void OnRegistered(std::string_view json) override {
    notes.push_back("registered " + std::string(json));
  }
  void OnRequest(TunnelStream& stream, std::string_view head) override {
    notes.push_back("request " + std::string(head));
    requests.push_back(std::make_unique<NotingStream>());
    requests.back()->stream = &stream;
    stream.set_handler(*requests.back());
  }
  void OnGoAway(std::string_view why) override { notes.push_back("goaway " + std::string(why)); }
  void OnTunnelBroken(std::string_view why) override {
    notes.push_back("broken " + std::string(why));
  }

  std::vector<std::string> notes;
  std::vector<std::unique_ptr<NotingStream>> requests;
};

struct FakeWire final : TunnelWire {
  void Send(std::string_view bytes) override { out += bytes; }
  std::size_t Unsent() const override { return out.size(); }
  std::string out;
};

struct TunnelPair {
  explicit TunnelPair(TunnelTimes proxy_times = TunnelTimes::OfProxy())
      : proxy(Tunnel::Role::kProxy, loop, at_proxy, from_proxy, proxy_times),
        client(Tunnel::Role::kClient, loop, at_client, from_client, TunnelTimes::OfClient()) {}

  // What is on the wires arrives, in steps of `step` bytes, until both are silent.
  void Carry(std::size_t step = 1'000'000) {
    while (!from_proxy.out.empty() || !from_client.out.empty()) {
      Move(from_proxy, proxy, client, step);
      Move(from_client, client, proxy, step);
    }
    loop.Turn(false);
  }
  static void Move(FakeWire& wire, Tunnel& from, Tunnel& to, std::size_t step) {
    std::string bytes;
    bytes.swap(wire.out);
    for (std::size_t at = 0; at < bytes.size(); at += step)
      to.Feed(std::string_view(bytes).substr(at, step));
    from.Drained();
  }
  void Pass(Millis time) {
    clock.Advance(time);
    loop.Turn(false);
  }

  drover::testing::FakeClock clock;
  EventLoop loop{clock};
  NotingTunnel at_proxy, at_client;
  FakeWire from_proxy, from_client;
  Tunnel proxy, client;
};

}  // namespace drover::pushprox::testing
