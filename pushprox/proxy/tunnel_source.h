// A scrape's answer that comes over a stream of its client's tunnel.
#pragma once

#include <string>
#include <string_view>

#include "pushprox/net/tunnel.h"
#include "pushprox/protocol/body.h"
#include "pushprox/proxy/scrape_exchange.h"

namespace drover::pushprox {

// Owned by `scrape`, opens its stream at once. The stream's credit is given back when the scraper's
// connection took what came.
class TunnelSource final : public AnswerSource, private TunnelStreamHandler {
 public:
  TunnelSource(ScrapeExchange& scrape, Tunnel& tunnel, std::string_view request)
      : scrape_(scrape), stream_(&tunnel.Open(*this, request)) {}

  void ScraperTook() override;
  void ScraperGone() override;

 private:
  void OnAnswer(std::string_view head) override;
  void OnBytes(std::string_view bytes) override;
  void OnEnd() override;
  void OnReset(std::string_view why) override;
  void Malformed(const std::string& why);

  ScrapeExchange& scrape_;
  TunnelStream* stream_;  // null when it is over
  BodyDecoder body_;
  std::size_t owed_ = 0;
};

}  // namespace drover::pushprox
