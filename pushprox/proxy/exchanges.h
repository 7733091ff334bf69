// The four kinds of request: a client's poll and push, a scraper's scrape, and the pages.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "pushprox/proxy/broker.h"
#include "pushprox/proxy/connection.h"

namespace drover::pushprox {

// POST /poll with a name: held until a scrape for that name comes, or it has to be renewed (408).
class PollExchange final : public Exchange, private Poll {
 public:
  using Exchange::Exchange;
  bool OnBody(std::string_view piece) override;
  void OnBodyEnd() override;
  void OnTimer() override;
  void OnGone() override;
  void OnDrain() override;

 private:
  void Take(Scrape& scrape) override;
  void Eject() override;
  void Renew(int status);
  std::string name_;
  bool registered_ = false;
};

class PushExchange;

// A request with an absolute URI: waits for the client of the host's name, then passes on what
// that one pushes.
class ScrapeExchange final : public Exchange, private Scrape {
 public:
  using Exchange::Exchange;
  bool OnBody(std::string_view) override { return true; }  // there is none
  void OnBodyEnd() override;
  void OnDrained() override;
  void OnTimer() override;
  void OnGone() override;
  void OnDrain() override;

  // For the push that carries the answer.
  static ScrapeExchange* Of(Scrape* scrape) { return static_cast<ScrapeExchange*>(scrape); }
  using Scrape::name;
  bool has_push() const { return push_ != nullptr; }
  bool is_blocked() const { return blocked_; }
  bool is_head() const { return head.method == "HEAD"; }
  void Start(PushExchange& push, const Head& answer, Framing framing);
  bool Pass(std::string_view piece);  // false: no more until PushExchange::Resume
  void End();
  void Break(std::string_view why);  // the push ended early

 private:
  void OnTaken() override;
  void Fail(int status, const std::string& reason, const std::string& why);
  void Leave();
  bool begun_ = false;  // with the broker
  bool answering_ = false;
  bool keep_ = false;
  bool blocked_ = false;
  int status_ = 0;
  Framing framing_ = Framing::kNone;
  std::uint64_t passed_ = 0;
  PushExchange* push_ = nullptr;
};

// POST /push with an HTTP response whose Id names a scrape.
class PushExchange final : public Exchange {
 public:
  explicit PushExchange(Connection& connection);
  bool OnBody(std::string_view piece) override;
  void OnBodyEnd() override;
  void OnTimer() override;
  void OnGone() override;

  void Resume();       // the scraper took what it had
  void ScraperGone();  // nobody wants the rest

 private:
  bool TakeHead(std::string_view bytes, std::size_t& taken);
  void Refuse(int status, const std::string& reason, std::string_view why);
  std::string inner_head_;
  BodyDecoder inner_;
  ScrapeExchange* scrape_ = nullptr;
  Caller caller_;
  bool started_ = false;
  bool over_ = false;  // the scraper has it all
  bool answered_ = false;
};

// Everything else: what the router knows.
class PageExchange final : public Exchange {
 public:
  using Exchange::Exchange;
  bool OnBody(std::string_view piece) override;
  void OnBodyEnd() override;
  void OnTimer() override;

 private:
  std::string body_;
};

}  // namespace drover::pushprox
