// CONNECT: bytes between a tunnel's stream and a target, as they are, both ways.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "pushprox/client/context.h"
#include "pushprox/net/stream.h"

namespace drover::pushprox {

// One thread: the loop's. Calls `done` once, last thing. Neither side is read faster than the other
// takes it; each side's end is passed on alone.
class RelayTask final : public Disposable, public StreamHandler, private TunnelStreamHandler {
 public:
  RelayTask(ClientContext& context, TunnelStream& stream, std::function<void()> done);
  ~RelayTask() override;

  void Begin(const Head& request);

 private:
  void Resolved(const Result<std::vector<Address>>& found);
  void TryNext(const std::string& why);
  void Refuse(std::string_view word, const std::string& why);
  void OnTimer();
  void Over();
  void MaybeOver();
  // the target
  void OnOpen() override;
  std::size_t OnData(std::string_view bytes) override;
  void OnDrained() override;
  bool OnPeerEnd() override;
  void OnClosed(std::string_view why) override;
  // the scraper
  void OnBytes(std::string_view bytes) override;
  void OnEnd() override;
  void OnReset(std::string_view why) override;
  void OnWritable() override;

  ClientContext& context_;
  TunnelStream* stream_;  // null once it is gone
  const std::function<void()> done_;
  Timer timer_;  // of connecting; of a refusal
  std::string asked_;
  std::vector<Address> addresses_;
  std::size_t next_ = 0;
  std::unique_ptr<Stream> target_;
  bool counted_ = false;
  bool open_ = false;
  bool refused_ = false;
  bool gone_ = false;  // the target, after it was open
  bool target_ended_ = false;
  bool scraper_ended_ = false;
  std::size_t owed_ = 0;  // credit for bytes that the target has not taken yet
  std::shared_ptr<char> alive_ = std::make_shared<char>('\0');
};

}  // namespace drover::pushprox
