#include "pushprox/proxy/exchanges.h"

#include <algorithm>
#include <utility>

#include "core/http/url.h"
#include "pushprox/protocol/scrape.h"

namespace drover::pushprox {
namespace {

constexpr std::size_t kMaxPollBody = 1024;
constexpr std::size_t kMaxPageBody = 64 << 10;

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t from = text.find_first_not_of(kSpace);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kSpace) - from + 1);
}

}  // namespace

// --- poll ---

bool PollExchange::OnBody(std::string_view piece) {
  if (name_.size() + piece.size() > kMaxPollBody) {
    connection_.Refuse(413, "name", "name over its limit");
    connection_.Answer(413, "the name is too long\n");
    return false;
  }
  name_ += piece;
  return true;
}

void PollExchange::OnBodyEnd() {
  ProxyContext& context = connection_.context();
  if (context.draining) {
    Renew(503);
    return;
  }
  name_ = std::string(Trimmed(name_));
  if (!IsName(name_)) {
    connection_.Refuse(400, "name", "not a name");
    connection_.Answer(400, "the body of a poll is the client's name\n");
    return;
  }
  const Caller caller = connection_.CallerBy("Authorization");
  if (!context.access.MaySpeakFor(caller, name_)) {
    const int code = caller.anonymous() ? 401 : 403;
    connection_.Refuse(code, "client-identity", name_);
    connection_.Answer(code, "not allowed to register as that name\n");
    return;
  }
  connection_.SetTimer(context.options.poll_hold > Millis(0) ? context.options.poll_hold
                                                             : std::chrono::hours(24 * 365));
  connection_.stream().WatchHangup(true);
  connection_.stream().OutliveCuts();
  registered_ = true;
  if (!context.broker.Begin(name_, *this, context.loop.now())) {
    registered_ = false;
    connection_.Refuse(503, "names", name_);
    connection_.Answer(503, "too many names are registered\n");
  }
  context.metrics.clients.Set(static_cast<double>(context.broker.names()));
}

void PollExchange::Take(Scrape& scrape) {
  registered_ = false;
  const auto left =
      std::chrono::duration_cast<Millis>(scrape.deadline - connection_.context().loop.now());
  connection_.Answer(200, HandOver(scrape.head, scrape.url, scrape.id, std::max(left, Millis(1))));
}

void PollExchange::Eject() {
  registered_ = false;
  Renew(408);
}

void PollExchange::OnTimer() {
  if (!registered_) {
    connection_.Abort();  // the body did not come
    return;
  }
  OnGone();
  Renew(408);
}

void PollExchange::OnDrain() {
  OnGone();
  Renew(503);
}

void PollExchange::OnAccessChanged() {
  if (!registered_) return;
  if (connection_.context().access.MaySpeakFor(connection_.CallerBy("Authorization"), name_))
    return;
  OnGone();
  connection_.Refuse(403, "client-identity", name_);
  connection_.Answer(403, "not allowed any more to register as that name\n");
}

void PollExchange::Renew(int status) { connection_.Answer(status, ""); }

void PollExchange::OnGone() {
  if (registered_) {
    ProxyContext& context = connection_.context();
    context.broker.End(name_, *this, context.loop.now());
  }
  registered_ = false;
}

// --- push ---

PushExchange::PushExchange(Connection& connection)
    : Exchange(connection), caller_(connection.CallerBy("Authorization")) {}

bool PushExchange::OnBody(std::string_view piece) {
  if (answered_) return false;
  const ProxyOptions& options = connection_.context().options;
  if (!begun_ && !Begin()) return false;
  if (started_) connection_.SetTimer(options.stall_timeout);
  if (!started_) {
    std::size_t taken = 0;
    if (!TakeHead(piece, taken)) return !answered_;
    piece.remove_prefix(taken);
  }
  while (!piece.empty() && !over_ && scrape_ != nullptr) {
    bool more = true;
    const auto fed = inner_.Feed(piece, [&](std::string_view payload) {
      // Always to the end of the piece: what OnBody was given counts as taken.
      if (scrape_ != nullptr) more = scrape_->Pass(payload) && more;
      return scrape_ != nullptr;
    });
    if (scrape_ == nullptr) return false;
    if (!fed) {
      Refuse(400, "malformed", fed.error().message());
      return false;
    }
    piece.remove_prefix(*fed);
    if (inner_.done()) {
      over_ = true;
      std::exchange(scrape_, nullptr)->End();
    }
    if (!more && !over_) {
      paused_ = true;
      return false;
    }
  }
  return !answered_;
}

// Nothing is kept for those who are no clients.
bool PushExchange::Begin() {
  begun_ = true;
  ProxyContext& context = connection_.context();
  connection_.SetTimer(context.options.head_timeout);
  if (context.access.IsClient(caller_)) return true;
  Refuse(caller_.anonymous() ? 401 : 403, "client-identity", "push");
  return false;
}

bool PushExchange::TakeHead(std::string_view bytes, std::size_t& taken) {
  ProxyContext& context = connection_.context();
  const std::size_t before = inner_head_.size();
  inner_head_ += bytes.substr(0, context.options.max_head_bytes + 4);
  const std::size_t end = HeadEnd(inner_head_, before);
  if (end == std::string::npos) {
    if (inner_head_.size() > context.options.max_head_bytes)
      Refuse(431, "header-too-large", "header of a pushed answer over its limit");
    return false;
  }
  taken = end - before;
  const auto answer = ParseResponseHead(std::string_view(inner_head_).substr(0, end));
  if (!answer || (answer->status < 200 && !answer->zero)) {
    Refuse(400, "malformed", answer ? "not a final answer" : answer.error().message());
    return false;
  }
  std::string().swap(inner_head_);
  scrape_ = ScrapeExchange::Of(context.broker.Find(answer->headers.Get(kIdHeader)));
  if (scrape_ == nullptr || scrape_->has_source()) {
    scrape_ = nullptr;
    Refuse(context.Code(410), "nobody-waits", "no scrape waits for that Id");
    return false;
  }
  if (!context.access.MaySpeakFor(caller_, scrape_->name)) {
    const std::string whose = std::exchange(scrape_, nullptr)->name;
    Refuse(403, "client-identity", whose);
    return false;
  }
  started_ = true;
  connection_.SetTimer(context.options.stall_timeout);
  const Framing framing = ResponseFraming(*answer, scrape_->is_head());
  inner_ = BodyDecoder(framing, answer->length.value_or(0));
  scrape_->Start(*this, *answer, framing);
  if (inner_.done()) {
    over_ = true;
    std::exchange(scrape_, nullptr)->End();
  }
  return true;
}

// The answer has no body: stock clients leave it unread, and a connection with it.
void PushExchange::Refuse(int status, const std::string& reason, std::string_view why) {
  connection_.Refuse(status, reason, why);
  OnGone();
  answered_ = true;
  connection_.Answer(status, "");
}

void PushExchange::OnBodyEnd() {
  if (answered_) return;
  if (!started_) {
    if (begun_ || Begin()) Refuse(400, "malformed", "a push without an answer in it");
    return;
  }
  if (scrape_ != nullptr) {
    if (!inner_.End()) {
      Refuse(400, "malformed", "a push that ends before its answer");
      return;
    }
    std::exchange(scrape_, nullptr)->End();
  }
  answered_ = true;
  connection_.Answer(200, "");
}

void PushExchange::OnTimer() {
  if (scrape_ != nullptr && scrape_->is_blocked()) {  // the scraper's own deadline runs
    connection_.SetTimer(connection_.context().options.stall_timeout);
    return;
  }
  connection_.Refuse(0, "stalled", "a push that brings nothing");
  connection_.Abort();
}

void PushExchange::OnGone() {
  answered_ = true;
  if (scrape_ != nullptr) std::exchange(scrape_, nullptr)->Break("the push broke off");
}

void PushExchange::ScraperTook() {
  if (!std::exchange(paused_, false)) return;
  connection_.SetTimer(connection_.context().options.stall_timeout);
  connection_.stream().Resume();
}

void PushExchange::ScraperGone() {
  scrape_ = nullptr;
  if (answered_) return;
  answered_ = true;
  connection_.Answer(connection_.context().Code(410), "");
}

// --- pages ---

bool PageExchange::OnBody(std::string_view piece) {
  if (body_.size() + piece.size() > kMaxPageBody) {
    connection_.Answer(413, "request body over its limit\n");
    return false;
  }
  body_ += piece;
  return true;
}

void PageExchange::OnBodyEnd() {
  ProxyContext& context = connection_.context();
  const Head& head = connection_.head();
  http::Request request;
  request.method = head.method;
  request.target = head.target;
  const std::size_t question = head.target.find('?');
  const std::string path = head.target.substr(0, question);
  request.path = http::PercentDecode(path, false).value_or(path);
  if (question != std::string::npos) request.query = head.target.substr(question + 1);
  request.headers = head.headers;
  request.body = std::move(body_);
  request.remote = connection_.peer();
  request.tls = connection_.stream().tls() != nullptr;
  const Caller caller = connection_.CallerBy("Authorization");
  if (!request.path.starts_with("/-/") && !context.access.MayView(caller)) {
    const int code = caller.anonymous() ? 401 : 403;
    connection_.Refuse(code, "viewer-identity", request.path);
    http::Headers more;
    if (caller.anonymous()) more.Add("WWW-Authenticate", "Basic realm=\"pushprox\"");
    connection_.Answer(code, "not allowed to look\n", "text/plain; charset=utf-8", more);
    return;
  }
  http::Response response = context.pages.Serve(request);
  const std::string type(response.headers.Get("Content-Type"));
  for (const char* name : {"Content-Type", "Content-Length", "Connection"})
    response.headers.Remove(name);
  connection_.Answer(response.status, response.body, type, response.headers);
}

void PageExchange::OnTimer() { connection_.Abort(); }

}  // namespace drover::pushprox
