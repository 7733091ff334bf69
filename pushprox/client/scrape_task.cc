#include "pushprox/client/scrape_task.h"

#include <algorithm>
#include <utility>

#include "pushprox/client/proxy_leg.h"
#include "pushprox/protocol/scrape.h"

namespace drover::pushprox {
namespace {

constexpr Millis kDefaultTimeout{15'000};
constexpr Millis kTaking{5'000};  // for a failure, and for the proxy's answer at the end

}  // namespace

ScrapeTask::ScrapeTask(ClientContext& context, Head request, std::unique_ptr<AnswerSink> sink,
                       std::function<void()> done)
    : context_(context),
      plan_(context.share_plan()),
      request_(std::move(request)),
      sink_(std::move(sink)),
      done_(std::move(done)),
      timer_(context.loop, [this] { OnTimer(); }) {
  sink_->set_handler(*this);
  const Millis timeout =
      ParseTimeout(request_.headers.Get(kTimeoutHeader)).value_or(kDefaultTimeout);
  deadline_ = context_.loop.now() + timeout;
  timer_.Set(timeout);
}

void ScrapeTask::Begin() {
  const Status ready = Prepare();
  if (!ready) {
    Refuse(ready.error().code() == ErrorCode::kDenied ? kNotAllowed : kFailed,
           ready.error().message());
    return;
  }
  Ask();
}

Status ScrapeTask::Prepare() {
  DROVER_TRY(http::Url asked, http::ParseUrl(request_.target));
  DROVER_TRY(choice_, plan_->table.Choose(request_.method, std::move(asked)));
  const Target& target = *choice_.target;
  const http::Url& url = choice_.url;
  http::Headers headers = request_.headers;
  StripHopByHop(headers);
  for (const std::string_view name : {std::string_view("Host"), kIdHeader}) headers.Remove(name);
  if (!target.token_file.empty()) {
    DROVER_TRY(const std::string token, ReadToken(target.token_file));
    headers.Set("Authorization", target.token_type + " " + token);
  }
  text_ = request_.method + " " + (url.path.empty() ? "/" : url.path);
  if (!url.query.empty()) text_ += "?" + url.query;
  text_ += " HTTP/1.1\r\n";
  AppendField(text_, "Host", url.HostPort());
  for (const auto& [name, value] : headers.list()) AppendField(text_, name, value);
  text_ += "\r\n";
  return {};
}

void ScrapeTask::Ask() {
  target_ = &context_.PeerOf(choice_).Open(*this, request_.method == "HEAD");
  target_->Write(text_);
}

Millis ScrapeTask::Left() const {
  const auto left = std::chrono::duration_cast<Millis>(deadline_ - context_.loop.now());
  return std::max(left, Millis(0));
}

void ScrapeTask::OnHead(const Head& head) {
  http::Headers headers = head.headers;
  StripHopByHop(headers);
  for (const std::string_view name : {kIdHeader, kLeftHeader, kTimeoutHeader, kFailureHeader})
    headers.Remove(name);
  std::string out = "HTTP/1.1 " + std::to_string(head.status) + " ";
  out += head.reason.empty() ? http::ReasonPhrase(head.status) : std::string_view(head.reason);
  out += "\r\n";
  for (const auto& [name, value] : headers.list()) AppendField(out, name, value);
  BodyLength length;
  switch (ResponseFraming(head, request_.method == "HEAD")) {
    case Framing::kNone:
      length.comes = 0;
      if (head.status != 204) length.said = head.length;
      break;
    case Framing::kLength:
      length = {head.length, head.length};
      break;
    case Framing::kChunked:
    case Framing::kToEnd:
      break;
  }
  StartAnswer(out, length);
}

bool ScrapeTask::StartAnswer(const std::string& head, const BodyLength& length) {
  const Status begun = sink_->Begin(head, length, Left());
  if (begun) {
    answering_ = true;
  } else {
    Broken(begun.error().message());
  }
  return answering_;
}

bool ScrapeTask::OnBody(std::string_view piece) {
  if (!answering_) return false;
  passed_ += piece.size();
  const std::uint64_t most = plan_->options.max_scrape_bytes.bytes;
  if (most > 0 && passed_ > most) {
    Broken("the page is over --scrape.max-bytes");
    return false;
  }
  context_.metrics.bytes.Add(static_cast<double>(piece.size()));
  sink_->Write(piece);
  return !sink_->full();
}

void ScrapeTask::EndAnswer(Millis most) {
  all_sent_ = true;
  if (sink_->End()) {
    Over();
  } else {
    timer_.Set(most);
  }
}

void ScrapeTask::OnEnd() {
  target_ = nullptr;
  if (!answering_) return;
  EndAnswer(std::max(kTaking, Left()));
}

void ScrapeTask::OnFailed(const std::string& why, bool stale) {
  target_ = nullptr;
  if (answering_) {
    Broken("target: " + why);
  } else if (stale && !asked_again_) {
    asked_again_ = true;
    Ask();
  } else {
    Refuse(kFailed, "failed to scrape " + ShownTarget(choice_.url.ToString()) + ": " + why);
  }
}

void ScrapeTask::Refuse(std::string_view word, const std::string& why) {
  context_.metrics.scrape_errors.Add();
  context_.log.Warn("scrape failed",
                    {{"url", ShownTarget(request_.target).substr(0, 300)}, {"err", why}});
  std::string out = "HTTP/1.1 500 Internal Server Error\r\n";
  AppendField(out, "Content-Type", "text/plain; charset=utf-8");
  AppendField(out, kFailureHeader, word);
  if (!StartAnswer(out, {why.size(), why.size()})) return;
  sink_->Write(why);
  EndAnswer(kTaking);
}

void ScrapeTask::OnSinkDrained() {
  if (target_ != nullptr) target_->Resume();
}

void ScrapeTask::OnSinkDone(const Status& status) {
  if (status) {
    Over();
  } else {
    Broken(status.error().message());
  }
}

void ScrapeTask::Broken(const std::string& why) {
  context_.metrics.push_errors.Add();
  context_.log.Warn("push failed",
                    {{"url", ShownTarget(request_.target).substr(0, 300)}, {"err", why}});
  sink_->Cancel(why);
  Over();
}

void ScrapeTask::OnTimer() {
  if (answering_) {
    Broken(all_sent_ ? "the proxy did not take the answer"
                     : "the target did not end within the scrape's timeout");
    return;
  }
  if (target_ != nullptr) std::exchange(target_, nullptr)->Cancel();
  Refuse(kTimedOut, "failed to scrape " + ShownTarget(choice_.url.ToString()) + ": timeout");
}

void ScrapeTask::Over() {
  timer_.Cancel();
  if (target_ != nullptr) std::exchange(target_, nullptr)->Cancel();
  sink_->Cancel({});
  done_();
}

}  // namespace drover::pushprox
