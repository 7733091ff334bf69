// A scraper's scrape, and the one place that writes its answer.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "pushprox/proxy/scraper_exchange.h"

namespace drover::pushprox {

// Who brings a scrape's answer: a push, or a stream of a tunnel.
class AnswerSource {
 public:
  virtual ~AnswerSource() = default;
  virtual void ScraperTook() = 0;  // all it was passed so far
  virtual void ScraperGone() = 0;  // nobody wants the rest; the last call
};

// A request with an absolute URI: waits for the client of the host's name, then passes on what
// that one brings.
class ScrapeExchange final : public ScraperExchange {
 public:
  using ScraperExchange::ScraperExchange;
  void OnBodyEnd() override;
  void OnDrained() override;
  void OnTimer() override;

  // For the source of the answer.
  static ScrapeExchange* Of(Scrape* scrape) { return static_cast<ScrapeExchange*>(scrape); }
  using Scrape::name;
  bool has_source() const { return source_ != nullptr; }
  bool is_blocked() const { return blocked_; }
  bool is_head() const { return head.method == "HEAD"; }
  void Start(AnswerSource& source, const Head& answer, Framing framing);
  bool Pass(std::string_view piece);  // false: better no more until ScraperTook
  void End();
  void Break(std::string_view why);  // the answer ended early
  // The source ended: 502 before the answer's head went, broken off after it.
  void SourceFailed(const std::string& reason, const std::string& why);

 private:
  void OnTunnel(Tunnel& tunnel) override;
  void Leave() override;
  bool answering_ = false;
  bool keep_ = false;
  bool blocked_ = false;
  int status_ = 0;
  Framing framing_ = Framing::kNone;
  std::uint64_t passed_ = 0;
  AnswerSource* source_ = nullptr;
  std::unique_ptr<AnswerSource> tunnel_source_;
};

// What the word of a Drover-Failure field means to a scraper.
struct FailureMeaning {
  int status;
  const char* reason;  // of drover_pushprox_refused_total
};
FailureMeaning MeaningOfFailure(std::string_view word);

}  // namespace drover::pushprox
