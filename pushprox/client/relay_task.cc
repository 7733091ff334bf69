#include "pushprox/client/relay_task.h"

#include <utility>

#include "pushprox/protocol/scrape.h"

namespace drover::pushprox {
namespace {

constexpr Millis kDefaultTimeout{10'000};
constexpr Millis kTaking{5'000};  // of a refusal by the proxy

}  // namespace

RelayTask::RelayTask(ClientContext& context, TunnelStream& stream, std::function<void()> done)
    : context_(context),
      stream_(&stream),
      done_(std::move(done)),
      timer_(context.loop, [this] { OnTimer(); }) {
  stream.set_handler(*this);
}

RelayTask::~RelayTask() {
  if (counted_) context_.metrics.relays.Add(-1);
  if (stream_ != nullptr) stream_->Reset("the client ends");
}

void RelayTask::Begin(const Head& request) {
  asked_ = request.target.substr(0, 300);
  const auto to = http::ParseHostPort(request.target);
  if (!to) {
    Refuse(kFailed, to.error().message());
    return;
  }
  const auto target = context_.plan().table.ChooseConnect(to->host, to->port);
  if (!target) {
    Refuse(kNotAllowed, target.error().message());
    return;
  }
  const double most = static_cast<double>(context_.plan().options.max_relays);
  if (context_.metrics.relays.Value() >= most) {
    Refuse(kFailed, "too many CONNECT relays are under way");
    return;
  }
  counted_ = true;
  context_.metrics.relays.Add(1);
  timer_.Set(ParseTimeout(request.headers.Get(kTimeoutHeader)).value_or(kDefaultTimeout));
  const Target& at = **target;
  const std::weak_ptr<char> alive = alive_;
  context_.resolver.Resolve(
      at.host.empty() ? to->host : at.host, at.connect_port != 0 ? at.connect_port : to->port,
      [this, alive](const Result<std::vector<Address>>& found) {
        if (!alive.expired() && stream_ != nullptr && !refused_) Resolved(found);
      },
      alive);
}

void RelayTask::Resolved(const Result<std::vector<Address>>& found) {
  if (!found) {
    Refuse(kFailed, found.error().message());
    return;
  }
  addresses_ = *found;
  TryNext("no address");
}

void RelayTask::TryNext(const std::string& why) {
  std::string last = why;
  while (next_ < addresses_.size()) {
    const auto fd = StartConnect(addresses_[next_++]);
    if (!fd) {
      last = fd.error().message();
      continue;
    }
    Stream::Setup setup;
    setup.fd = *fd;
    setup.accepted = false;
    setup.connecting = true;
    if (target_ != nullptr) context_.loop.Bury(std::move(target_));
    target_ = std::make_unique<Stream>(context_.loop, *this, setup);
    return;
  }
  Refuse(kFailed, "CONNECT " + asked_ + ": " + last);
}

void RelayTask::OnOpen() {
  open_ = true;
  timer_.Cancel();
  if (scraper_ended_) target_->EndWrites();
  if (stream_ != nullptr) stream_->Answer("HTTP/1.1 200 Connection established\r\n\r\n");
}

std::size_t RelayTask::OnData(std::string_view bytes) {
  if (stream_ == nullptr) return bytes.size();
  context_.metrics.relayed.Add(static_cast<double>(bytes.size()));
  stream_->Write(bytes);
  if (stream_->unsent() > TunnelStream::kHighWater) target_->Pause();
  return bytes.size();
}

void RelayTask::OnWritable() {
  if (target_ != nullptr) target_->Resume();
}

bool RelayTask::OnPeerEnd() {
  target_ended_ = true;
  if (stream_ != nullptr) {
    TunnelStream& stream = scraper_ended_ ? *std::exchange(stream_, nullptr) : *stream_;
    stream.End();
  }
  MaybeOver();
  return true;
}

void RelayTask::OnBytes(std::string_view bytes) {
  if (refused_ || gone_) {
    stream_->Consumed(bytes.size());
    return;
  }
  if (target_ == nullptr || !open_) {  // nobody sends before the answer
    if (stream_ != nullptr) std::exchange(stream_, nullptr)->Reset("data before the answer");
    Over();
    return;
  }
  context_.metrics.relayed.Add(static_cast<double>(bytes.size()));
  target_->Write(bytes);
  owed_ += bytes.size();
  if (target_->unsent() == 0) OnDrained();
}

void RelayTask::OnDrained() {
  if (stream_ != nullptr && owed_ > 0) stream_->Consumed(owed_);
  owed_ = 0;
  MaybeOver();
}

void RelayTask::OnEnd() {
  scraper_ended_ = true;
  if (refused_) {
    stream_ = nullptr;
    Over();
    return;
  }
  if (target_ended_) stream_ = nullptr;
  if (open_) target_->EndWrites();
  MaybeOver();
}

void RelayTask::MaybeOver() {
  if (target_ended_ && scraper_ended_ && (gone_ || target_->unsent() == 0)) Over();
}

void RelayTask::OnReset(std::string_view) {
  stream_ = nullptr;
  Over();
}

void RelayTask::OnClosed(std::string_view why) {
  if (!open_) {
    TryNext(std::string(why));
    return;
  }
  gone_ = true;
  if (!target_ended_ && !why.empty()) {
    if (stream_ != nullptr) std::exchange(stream_, nullptr)->Reset("target: " + std::string(why));
    Over();
    return;
  }
  // What it sent still goes its way; what the scraper sends goes nowhere.
  if (target_ended_) {
    MaybeOver();
  } else {
    OnPeerEnd();
  }
  if (stream_ != nullptr && owed_ > 0) stream_->Consumed(std::exchange(owed_, 0));
}

void RelayTask::Refuse(std::string_view word, const std::string& why) {
  context_.metrics.scrape_errors.Add();
  context_.log.Warn("CONNECT failed", {{"target", asked_}, {"err", why}});
  refused_ = true;
  if (target_ != nullptr) target_->Close();
  std::string head = "HTTP/1.1 500 Internal Server Error\r\n";
  AppendField(head, "Content-Type", "text/plain; charset=utf-8");
  AppendField(head, kFailureHeader, word);
  AppendField(head, "Content-Length", std::to_string(why.size()));
  stream_->Answer(head + "\r\n");
  stream_->Write(why);
  stream_->End();
  if (scraper_ended_) {
    stream_ = nullptr;
    Over();
    return;
  }
  timer_.Set(kTaking);
}

void RelayTask::OnTimer() {
  if (!refused_) {
    Refuse(kTimedOut, "CONNECT " + asked_ + ": timeout");
    return;
  }
  Over();
}

void RelayTask::Over() {
  timer_.Cancel();
  if (target_ != nullptr) target_->Close();
  if (stream_ != nullptr) std::exchange(stream_, nullptr)->Reset("");
  done_();
}

}  // namespace drover::pushprox
