#include "pushprox/client/scrape_task.h"

#include <algorithm>
#include <utility>

#include "core/base/version.h"
#include "core/os/file_system.h"
#include "pushprox/protocol/scrape.h"

namespace drover::pushprox {
namespace {

constexpr std::size_t kHighWater = 256 << 10;
constexpr std::size_t kMaxTargets = 64;
constexpr Millis kDefaultTimeout{15'000};
constexpr Millis kPushAnswer{5'000};  // for a failure, and for the proxy's answer at the end

std::string Trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
    text.pop_back();
  return text;
}

// A token as it may stand in a header.
Result<std::string> ReadToken(const std::string& path) {
  DROVER_TRY(const std::string text, ReadUserFile(path));
  std::string token = Trimmed(text);
  if (token.empty() || token.find_first_of("\r\n \t") != std::string::npos)
    return Fail(ErrorCode::kInvalid, path + ": no token in it");
  return token;
}

std::string Base64(std::string_view text) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    unsigned group = 0;
    for (std::size_t k = 0; k < 3; ++k)
      group = group << 8 | (i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k)
      out += i + k > text.size() ? '=' : kDigits[(group >> (18 - 6 * k)) & 63];
  }
  return out;
}

}  // namespace

Result<std::string> ClientContext::ProxyRequest(std::string_view path) const {
  std::string out = "POST " + plan.proxy.path + std::string(path) + " HTTP/1.1\r\n";
  AppendField(out, "Host", plan.proxy.HostPort());
  AppendField(out, "User-Agent", "drover-pushprox/" + std::string(Version()));
  if (!plan.options.proxy_token_file.empty()) {
    DROVER_TRY(const std::string token, ReadToken(plan.options.proxy_token_file));
    AppendField(out, "Authorization", "Bearer " + token);
  } else if (!plan.proxy.user.empty()) {
    AppendField(out, "Authorization",
                "Basic " + Base64(plan.proxy.user + ":" + plan.proxy.password));
  }
  return out;
}

Peer& ClientContext::PeerOf(const TargetTable::Choice& choice) {
  const Target& target = *choice.target;
  PeerOptions options;
  options.host = choice.url.host;
  options.connect_to = target.host;
  options.port = target.connect_port != 0 ? target.connect_port : choice.url.port;
  options.tls = choice.url.scheme == "https";
  options.verify = !target.tls.insecure_skip_verify;
  options.server_name = target.tls.server_name;
  options.files = {target.tls.ca_file, target.tls.cert_file, target.tls.key_file};
  // All that makes two connections different.
  std::string key;
  for (const std::string& part :
       {options.host, options.connect_to, std::to_string(options.port), options.server_name,
        options.files.ca, options.files.cert, options.files.key})
    key += part + '\0';
  key += options.tls ? options.verify ? "v" : "t" : "p";
  const auto found = targets.find(key);
  if (found != targets.end()) return *found->second;
  if (targets.size() >= kMaxTargets)
    std::erase_if(targets, [](const auto& one) { return !one.second->busy(); });
  return *targets.emplace(key, std::make_unique<Peer>(loop, resolver, options)).first->second;
}

ScrapeTask::ScrapeTask(ClientContext& context, Head request, std::function<void()> done)
    : context_(context),
      request_(std::move(request)),
      done_(std::move(done)),
      timer_(context.loop, [this] { OnTimer(); }),
      id_(request_.headers.Get(kIdHeader)) {
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
  DROVER_TRY(choice_, context_.plan.table.Choose(request_.method, std::move(asked)));
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
  target_ = &context_.PeerOf(choice_).Open(target_handler_, request_.method == "HEAD");
  target_->Write(text_);
}

std::string ScrapeTask::Left() const {
  const auto left = std::chrono::duration_cast<Millis>(deadline_ - context_.loop.now());
  return FormatTimeout(std::max(left, Millis(0)));
}

void ScrapeTask::TargetHead(const Head& head) {
  http::Headers headers = head.headers;
  StripHopByHop(headers);
  for (const std::string_view name : {kIdHeader, kLeftHeader, kTimeoutHeader, kFailureHeader})
    headers.Remove(name);
  const Framing framing = ResponseFraming(head, request_.method == "HEAD");
  inner_ = framing == Framing::kToEnd ? Framing::kChunked : framing;
  std::string out = "HTTP/1.1 " + std::to_string(head.status) + " ";
  out += head.reason.empty() ? http::ReasonPhrase(head.status) : std::string_view(head.reason);
  out += "\r\n";
  for (const auto& [name, value] : headers.list()) AppendField(out, name, value);
  AppendField(out, kIdHeader, id_);
  AppendField(out, kLeftHeader, Left());
  std::optional<std::uint64_t> length;
  if (inner_ == Framing::kChunked) {
    AppendField(out, "Transfer-Encoding", "chunked");
  } else {
    length = inner_ == Framing::kLength ? *head.length : 0;
    AppendField(out, "Content-Length", std::to_string(*length));
  }
  out += "\r\n";
  if (length) *length += out.size();
  StartPush(out, length);
}

bool ScrapeTask::StartPush(const std::string& inner_head, std::optional<std::uint64_t> length) {
  auto request = context_.ProxyRequest("push");
  if (!request) {
    PushFailed(request.error().message());
    return false;
  }
  outer_chunked_ = !length;
  if (length) {
    AppendField(*request, "Content-Length", std::to_string(*length));
  } else {
    AppendField(*request, "Transfer-Encoding", "chunked");
  }
  *request += "\r\n";
  AppendBody(*request, outer_chunked_ ? Framing::kChunked : Framing::kLength, inner_head);
  push_ = &context_.proxy.Open(push_handler_);
  push_->Write(*request);
  return true;
}

bool ScrapeTask::TargetBody(std::string_view piece) {
  if (push_ == nullptr) return false;
  passed_ += piece.size();
  const std::uint64_t most = context_.plan.options.max_scrape_bytes.bytes;
  if (most > 0 && passed_ > most) {
    PushFailed("the page is over --scrape.max-bytes");
    return false;
  }
  context_.bytes.Add(static_cast<double>(piece.size()));
  if (outer_chunked_) {
    std::string inner;
    AppendBody(inner, inner_, piece);
    std::string outer;
    AppendBody(outer, Framing::kChunked, inner);
    push_->Write(outer);
  } else {
    push_->Write(piece);
  }
  return push_->unsent() <= kHighWater;
}

void ScrapeTask::TargetEnd() {
  target_ = nullptr;
  if (push_ == nullptr) return;
  if (outer_chunked_) {
    std::string end;
    AppendBody(end, Framing::kChunked, BodyEnd(inner_));
    end += BodyEnd(Framing::kChunked);
    push_->Write(end);
  }
  all_pushed_ = true;
  timer_.Set(std::max(kPushAnswer, std::chrono::ceil<Millis>(deadline_ - context_.loop.now())));
}

void ScrapeTask::TargetFailed(const std::string& why, bool stale) {
  target_ = nullptr;
  if (push_ != nullptr) {
    PushFailed("target: " + why);
  } else if (stale && !asked_again_) {
    asked_again_ = true;
    Ask();
  } else {
    Refuse(kFailed, "failed to scrape " + choice_.url.ToString() + ": " + why);
  }
}

void ScrapeTask::Refuse(std::string_view word, const std::string& why) {
  context_.scrape_errors.Add();
  context_.log.Warn("scrape failed", {{"url", request_.target.substr(0, 300)}, {"err", why}});
  std::string out = "HTTP/1.1 500 Internal Server Error\r\n";
  AppendField(out, "Content-Type", "text/plain; charset=utf-8");
  AppendField(out, kFailureHeader, word);
  AppendField(out, kIdHeader, id_);
  AppendField(out, kLeftHeader, Left());
  AppendField(out, "Content-Length", std::to_string(why.size()));
  out += "\r\n" + why;
  if (!StartPush(out, out.size())) return;
  all_pushed_ = true;
  timer_.Set(kPushAnswer);
}

void ScrapeTask::PushEnd() {
  push_ = nullptr;
  if (push_status_ == 200 && all_pushed_) {
    Over();
    return;
  }
  PushFailed("the proxy answered " + std::to_string(push_status_));
}

void ScrapeTask::PushFailed(const std::string& why) {
  context_.push_errors.Add();
  context_.log.Warn("push failed", {{"url", request_.target.substr(0, 300)}, {"err", why}});
  Over();
}

void ScrapeTask::OnTimer() {
  if (push_ != nullptr) {
    PushFailed(all_pushed_ ? "the proxy did not take the answer"
                           : "the target did not end within the scrape's timeout");
    return;
  }
  if (target_ != nullptr) std::exchange(target_, nullptr)->Cancel();
  Refuse(kTimedOut, "failed to scrape " + choice_.url.ToString() + ": timeout");
}

void ScrapeTask::Over() {
  timer_.Cancel();
  if (target_ != nullptr) std::exchange(target_, nullptr)->Cancel();
  if (push_ != nullptr) std::exchange(push_, nullptr)->Cancel();
  done_();
}

}  // namespace drover::pushprox
