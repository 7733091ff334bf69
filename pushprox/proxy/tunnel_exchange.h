// GET /tunnel: a client's tunnel (docs/formats/tunnel.md), for as long as its connection lives.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pushprox/net/tunnel.h"
#include "pushprox/proxy/broker.h"
#include "pushprox/proxy/connection.h"

namespace drover::pushprox {

class TunnelExchange final : public Exchange,
                             private TunnelHandler,
                             private TunnelWire,
                             private ClientTunnel {
 public:
  using Exchange::Exchange;
  bool OnBody(std::string_view) override { return true; }  // there is none
  void OnBodyEnd() override;
  void OnRaw(std::string_view bytes) override { tunnel_->Feed(bytes); }
  void OnDrained() override;
  void OnTimer() override;
  void OnAccessChanged() override;
  void OnGone() override;
  void OnDrain() override;

 private:
  using Refusals = std::vector<std::pair<std::string, std::string>>;  // name, why

  void OnRegister(std::string_view json) override;
  void OnTunnelBroken(std::string_view why) override;
  void Send(std::string_view bytes) override { connection_.Queue(bytes); }
  std::size_t Unsent() const override { return connection_.stream().unsent(); }
  bool Take(Scrape& scrape) override;
  void Lose(const std::string& name) override;

  std::string WhyNot(const std::shared_ptr<const RegisteredName>& name);
  bool IsTooOften();
  void Tell(const Refusals& refused);
  void LeaveNames();
  void SendAwayWithoutNames();
  void CloseFor(const std::string& reason, const std::string& why);
  void Gauges();

  Caller caller_;
  std::vector<std::string> names_;  // accepted
  MonoTime first_registered_{};
  int registered_ = 0;  // since then
  std::unique_ptr<Tunnel> tunnel_;
};

}  // namespace drover::pushprox
