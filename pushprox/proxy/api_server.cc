#include "pushprox/proxy/api_server.h"

#include <cstdlib>

#include "core/http/url.h"
#include "core/os/file_system.h"

namespace drover::pushprox {
namespace {

constexpr Millis kAnswerTime{10'000};
constexpr Millis kConnectTime{3'000};
constexpr std::chrono::seconds kTokenAge{10};

std::string FromEnvironment(const char* name) {
  const char* value = ::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets
  return value == nullptr ? "" : value;
}

Result<std::string> ReadToken(const std::string& file) {
  DROVER_TRY(std::string text, ReadUserFile(file));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
    text.pop_back();
  if (text.empty() || text.size() > kMaxTokenBytes ||
      text.find_first_of("\r\n") != std::string::npos)
    return Fail(ErrorCode::kInvalid, file + ": no token in it");
  return text;
}

}  // namespace

Result<ApiServerOptions> Resolved(ApiServerOptions options) {
  if (options.api_server.empty()) {
    std::string host = FromEnvironment("KUBERNETES_SERVICE_HOST");
    if (host.empty())
      return Fail(ErrorCode::kInvalid,
                  "clients.kubernetes.api_server: required outside a cluster "
                  "(KUBERNETES_SERVICE_HOST is not set)");
    if (host.find(':') != std::string::npos) host = "[" + host + "]";
    const std::string port = FromEnvironment("KUBERNETES_SERVICE_PORT");
    options.api_server = "https://" + host + ":" + (port.empty() ? "443" : port);
  }
  const auto url = http::ParseUrl(options.api_server);
  if (!url) return Fail(Error(url.error()).With("clients.kubernetes.api_server"));
  if (url->scheme != "https")
    return Fail(ErrorCode::kInvalid, "clients.kubernetes.api_server: https is needed");
  DROVER_CHECK(ReadToken(options.token_file));
  DROVER_CHECK(MakeTlsClientContext({options.ca_file, "", ""}));
  return options;
}

// One review.
class ApiServer::Asking final : public Disposable, private CallHandler {
 public:
  Asking(ApiServer& server, const std::string& body, Done done)
      : server_(server), body_(body), done_(std::move(done)), timer_(server.loop_, [this] {
          Over(Fail(ErrorCode::kUnavailable, "no answer within 10 s"));
        }) {}

  void Begin() {
    timer_.Set(kAnswerTime);
    Ask();
  }
  void set_position(std::list<std::unique_ptr<Asking>>::iterator at) { position_ = at; }

 private:
  void Ask() {
    const auto own = server_.OwnToken();
    if (!own) {
      timer_.Cancel();
      refused_ = own.error().message();
      server_.loop_.Post([this, alive = std::weak_ptr<char>(alive_)] {
        if (!alive.expired()) Over(Fail(ErrorCode::kUnavailable, refused_));
      });
      return;
    }
    std::string text = "POST " + server_.path_ + " HTTP/1.1\r\n";
    AppendField(text, "Host", server_.host_);
    AppendField(text, "User-Agent", "drover-pushprox");
    AppendField(text, "Authorization", "Bearer " + *own);
    AppendField(text, "Accept", "application/json");
    AppendField(text, "Content-Type", "application/json");
    AppendField(text, "Content-Length", std::to_string(body_.size()));
    text += "\r\n";
    call_ = &server_.peer_->Open(*this);
    call_->Write(text + body_);
  }

  void OnHead(const Head& head) override { status_ = head.status; }
  bool OnBody(std::string_view piece) override {
    if (answer_.size() + piece.size() > kMaxReviewBytes) {
      Over(Fail(ErrorCode::kUnavailable, "answer over its limit"));
      return false;
    }
    answer_ += piece;
    return true;
  }
  void OnEnd() override {
    call_ = nullptr;
    if (status_ != 200 && status_ != 201) {
      std::string why = "status " + std::to_string(status_);
      if (status_ == 401) why += ": the proxy's own token is not taken";
      if (status_ == 403) why += ": the proxy's ServiceAccount may not create tokenreviews";
      Over(Fail(ErrorCode::kUnavailable, why));
      return;
    }
    Over(ParseTokenReview(answer_));
  }
  void OnFailed(const std::string& why, bool stale) override {
    call_ = nullptr;
    if (stale && !asked_again_) {
      asked_again_ = true;
      Ask();
      return;
    }
    Over(Fail(ErrorCode::kUnavailable, why));
  }

  void Over(Result<std::optional<ReviewedToken>> answer) {
    timer_.Cancel();
    if (call_ != nullptr) std::exchange(call_, nullptr)->Cancel();
    const Done done = std::move(done_);
    server_.loop_.Bury(std::move(*position_));
    server_.under_way_.erase(position_);
    done(std::move(answer));
  }

  ApiServer& server_;
  const std::string body_;
  Done done_;
  Timer timer_;
  std::list<std::unique_ptr<Asking>>::iterator position_;
  Call* call_ = nullptr;
  int status_ = 0;
  std::string answer_;
  std::string refused_;
  bool asked_again_ = false;
  std::shared_ptr<char> alive_ = std::make_shared<char>('\0');
};

ApiServer::ApiServer(EventLoop& loop, const ApiServerOptions& resolved)
    : loop_(loop), token_file_(resolved.token_file), resolver_(loop) {
  const auto url = http::ParseUrl(resolved.api_server);
  PeerOptions options;
  options.tls = true;
  options.files.ca = resolved.ca_file;
  options.connect_timeout = kConnectTime;
  if (url) {  // Resolved has seen to that
    options.host = url->host;
    options.port = url->port;
    host_ = url->HostPort();
    path_ = url->path;
  }
  while (path_.ends_with('/')) path_.pop_back();
  path_ += "/apis/authentication.k8s.io/v1/tokenreviews";
  peer_ = std::make_unique<Peer>(loop_, resolver_, options);
}

ApiServer::~ApiServer() = default;

void ApiServer::Review(const std::string& token, const std::vector<std::string>& audiences,
                       Done done) {
  const auto at = under_way_.insert(under_way_.end(), nullptr);
  *at = std::make_unique<Asking>(*this, TokenReviewRequest(token, audiences), std::move(done));
  (*at)->set_position(at);
  (*at)->Begin();
}

Result<std::string> ApiServer::OwnToken() {
  if (own_token_.empty() || loop_.now() - token_read_ > kTokenAge) {
    auto fresh = ReadToken(token_file_);
    if (!fresh && own_token_.empty()) return fresh;
    if (fresh) own_token_ = std::move(*fresh);
    token_read_ = loop_.now();
  }
  return own_token_;
}

}  // namespace drover::pushprox
