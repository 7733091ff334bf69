// CONNECT name:port of a scraper: a connection to that port, made by the client of that name and
// relayed over its tunnel.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "pushprox/net/tunnel.h"
#include "pushprox/proxy/scraper_exchange.h"

namespace drover::pushprox {

class ConnectExchange final : public ScraperExchange, private TunnelStreamHandler {
 public:
  explicit ConnectExchange(Connection& connection) : ScraperExchange(connection) { relay = true; }
  void OnBodyEnd() override;
  void OnRaw(std::string_view bytes) override;
  bool OnPeerEnd() override;
  void OnDrained() override;
  void OnTimer() override;

 private:
  void OnTunnel(Tunnel& tunnel) override;
  void OnAnswer(std::string_view head) override;
  void OnBytes(std::string_view bytes) override;
  void OnEnd() override;
  void OnReset(std::string_view why) override;
  void OnWritable() override;
  void Leave() override;
  void Refused(int status, const std::string& reason, const std::string& why);
  void Touch();
  void CloseWhenBothEnded();

  int port_ = 0;
  TunnelStream* stream_ = nullptr;  // null when it is over
  bool established_ = false;
  bool scraper_ended_ = false;
  bool client_ended_ = false;
  int failure_ = 0;  // the code of an answer that is no connection; its text follows
  std::string failure_reason_;
  std::string failure_text_;
  std::size_t owed_ = 0;
  MonoTime touched_{};
};

}  // namespace drover::pushprox
