// What a scrape and a CONNECT have in common: who asks, the wait for a client, honest codes.
#pragma once

#include <string>
#include <string_view>

#include "pushprox/proxy/broker.h"
#include "pushprox/proxy/connection.h"

namespace drover::pushprox {

class ScraperExchange : public Exchange, protected Scrape {
 public:
  using Exchange::Exchange;
  bool OnBody(std::string_view) override { return true; }  // there is none
  void OnGone() override { Leave(); }
  void OnDrain() override;

 protected:
  // `head` is set. Answers and returns false where this scraper gets nothing.
  bool MayAsk();
  // `name` is set: a client has it after this, or it waits, or it is answered.
  void Seek();
  bool OnWaitOver();  // the timer: true when it waited in vain and is answered
  void SetDeadlineTimer();
  Millis Left() const;  // until the deadline, at least 1 ms
  void Gauges();
  virtual void Leave();
  void Fail(int status, const std::string& reason, const std::string& why);

 private:
  void OnTaken() override { SetDeadlineTimer(); }
  bool begun_ = false;  // with the broker
};

}  // namespace drover::pushprox
