// Requests of clients that poll, and the pages. A scraper's are in scrape_exchange.h and
// connect_exchange.h, a tunnel in tunnel_exchange.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "pushprox/proxy/broker.h"
#include "pushprox/proxy/connection.h"
#include "pushprox/proxy/scrape_exchange.h"

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
  void OnAccessChanged() override;

 private:
  void Take(Scrape& scrape) override;
  void Eject() override;
  void Renew(int status);
  std::string name_;
  bool registered_ = false;
};

// POST /push with an HTTP response whose Id names a scrape.
class PushExchange final : public Exchange, private AnswerSource {
 public:
  explicit PushExchange(Connection& connection);
  bool OnBody(std::string_view piece) override;
  void OnBodyEnd() override;
  void OnTimer() override;
  void OnGone() override;

 private:
  void ScraperTook() override;
  void ScraperGone() override;
  bool Begin();
  bool TakeHead(std::string_view bytes, std::size_t& taken);
  void Refuse(int status, const std::string& reason, std::string_view why);
  std::string inner_head_;
  BodyDecoder inner_;
  ScrapeExchange* scrape_ = nullptr;
  Caller caller_;
  bool begun_ = false;    // its sender is a client
  bool started_ = false;  // its head is there
  bool over_ = false;     // the scraper has it all
  bool answered_ = false;
  bool paused_ = false;
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
