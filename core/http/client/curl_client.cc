#include "core/http/client/curl_client.h"

#include <algorithm>
#include <deque>
#include <map>
#include <thread>

#include <curl/curl.h>

#include "core/base/mutex.h"
#include "core/base/numbers.h"
#include "core/http/url.h"
#include "core/os/file_system.h"

namespace drover::http {
namespace {

struct EasyDelete {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using Easy = std::unique_ptr<CURL, EasyDelete>;
struct ListDelete {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, ListDelete>;

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t' || text.front() == '\r' ||
                           text.front() == '\n')) {
    text.remove_prefix(1);
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r' ||
                           text.back() == '\n')) {
    text.remove_suffix(1);
  }
  return text;
}

Result<std::string> ReadSecretFile(const std::string& path) {
  auto text = ReadUserFile(path);
  if (!text) return tl::unexpected(Error(ErrorCode::kDenied, text.error().message()));
  return std::string(Trim(*text));
}

long MinVersion(const std::string& text) {
  if (text == "TLS10") return CURL_SSLVERSION_TLSv1_0;
  if (text == "TLS11") return CURL_SSLVERSION_TLSv1_1;
  if (text == "TLS13") return CURL_SSLVERSION_TLSv1_3;
  return CURL_SSLVERSION_TLSv1_2;
}

long MaxVersion(const std::string& text) {
  if (text == "TLS10") return CURL_SSLVERSION_MAX_TLSv1_0;
  if (text == "TLS11") return CURL_SSLVERSION_MAX_TLSv1_1;
  if (text == "TLS12") return CURL_SSLVERSION_MAX_TLSv1_2;
  if (text == "TLS13") return CURL_SSLVERSION_MAX_TLSv1_3;
  return CURL_SSLVERSION_MAX_DEFAULT;
}

// One request on its way. Lives on the loop's thread once it was handed over.
struct Transfer {
  const void* owner = nullptr;  // the client
  ClientRequest request;
  Client::Done done;
  Easy easy;
  HeaderList headers;
  HeaderList connect_to;
  ClientResponse response;
  char error[CURL_ERROR_SIZE] = {};
  bool too_large = false;
};

std::size_t OnBody(char* data, std::size_t, std::size_t n, void* user) {
  auto* transfer = static_cast<Transfer*>(user);
  if (transfer->response.body.size() + n > transfer->request.max_body_bytes) {
    transfer->too_large = true;
    return 0;
  }
  transfer->response.body.append(data, n);
  return n;
}

std::size_t OnHeader(char* data, std::size_t, std::size_t n, void* user) {
  auto* transfer = static_cast<Transfer*>(user);
  const std::string_view line(data, n);
  if (line.starts_with("HTTP/")) {  // of the last answer, behind redirects and 100s
    transfer->response.headers = {};
    return n;
  }
  const std::size_t colon = line.find(':');
  if (colon != std::string_view::npos)
    transfer->response.headers.Add(Trim(line.substr(0, colon)), Trim(line.substr(colon + 1)));
  return n;
}

void AddBlob(CURL* easy, CURLoption option, const std::string& text) {
  curl_blob blob{const_cast<char*>(text.data()), text.size(),
                 CURL_BLOB_COPY};  // NOLINT: curl copies it
  curl_easy_setopt(easy, option, &blob);
}

Status SetAuthorization(const ClientConfig& config, CURL* easy, Transfer& transfer) {
  std::string header;
  if (config.basic_auth) {
    std::string user = config.basic_auth->username;
    std::string password = config.basic_auth->password.Reveal();
    if (!config.basic_auth->username_file.empty()) {
      DROVER_TRY(user, ReadSecretFile(config.basic_auth->username_file));
    }
    if (!config.basic_auth->password_file.empty()) {
      DROVER_TRY(password, ReadSecretFile(config.basic_auth->password_file));
    }
    curl_easy_setopt(easy, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    curl_easy_setopt(easy, CURLOPT_USERNAME, user.c_str());
    curl_easy_setopt(easy, CURLOPT_PASSWORD, password.c_str());
    return {};
  }
  std::string type = "Bearer";
  std::string token = config.bearer_token.Reveal();
  std::string file = config.bearer_token_file;
  if (config.authorization) {
    type = config.authorization->type;
    token = config.authorization->credentials.Reveal();
    file = config.authorization->credentials_file;
  }
  if (!file.empty()) {
    DROVER_TRY(token, ReadSecretFile(file));
  }
  if (token.empty() && !config.authorization) return {};
  header = "Authorization: " + type + " " + token;
  transfer.headers.reset(curl_slist_append(transfer.headers.release(), header.c_str()));
  return {};
}

void SetTls(const TlsConfig& tls, CURL* easy) {
  curl_easy_setopt(easy, CURLOPT_SSLVERSION,
                   MinVersion(tls.min_version) | MaxVersion(tls.max_version));
  if (!tls.ca.empty()) AddBlob(easy, CURLOPT_CAINFO_BLOB, tls.ca);
  if (!tls.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, tls.ca_file.c_str());
  if (!tls.cert.empty()) AddBlob(easy, CURLOPT_SSLCERT_BLOB, tls.cert);
  if (!tls.cert_file.empty()) curl_easy_setopt(easy, CURLOPT_SSLCERT, tls.cert_file.c_str());
  if (!tls.key.empty()) AddBlob(easy, CURLOPT_SSLKEY_BLOB, tls.key.Reveal());
  if (!tls.key_file.empty()) curl_easy_setopt(easy, CURLOPT_SSLKEY, tls.key_file.c_str());
  if (tls.insecure_skip_verify) {
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  }
}

// A certificate must carry server_name, yet the connection goes to the URL's host.
void SetServerName(const ClientConfig& config, Transfer& transfer, CURL* easy) {
  const std::string& name = config.tls_config.server_name;
  if (name.empty() || !transfer.request.url.starts_with("https://")) return;
  const auto url = ParseUrl(transfer.request.url);
  if (!url) return;  // curl says so
  const std::size_t start = transfer.request.url.find("://") + 3;
  const std::size_t end =
      std::min(transfer.request.url.find_first_of("/?#", start), transfer.request.url.size());
  const std::string port = std::to_string(url->port);
  const std::size_t login = transfer.request.url.substr(start, end - start).rfind('@');
  const std::size_t host = login == std::string::npos ? start : start + login + 1;
  transfer.request.url.replace(host, end - host, name + ":" + port);
  const bool is_v6 = url->host.find(':') != std::string::npos;
  const std::string target = is_v6 ? "[" + url->host + "]" : url->host;
  transfer.connect_to.reset(
      curl_slist_append(nullptr, (name + ":" + port + ":" + target + ":" + port).c_str()));
  curl_easy_setopt(easy, CURLOPT_CONNECT_TO, transfer.connect_to.get());
  transfer.headers.reset(
      curl_slist_append(transfer.headers.release(), ("Host: " + url->HostPort()).c_str()));
}

ErrorCode CodeOf(CURLcode code) {
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
      return ErrorCode::kInvalid;
    default:
      return ErrorCode::kUnavailable;
  }
}

}  // namespace

class CurlLoop::Impl {
 public:
  explicit Impl(std::string user_agent) : user_agent_(std::move(user_agent)) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    multi_ = curl_multi_init();
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 1024L);
    thread_ = std::jthread([this](std::stop_token stop) { Run(stop); });
  }
  ~Impl() {
    thread_.request_stop();
    curl_multi_wakeup(multi_);
    thread_.join();
    for (auto& [easy, transfer] : running_) curl_multi_remove_handle(multi_, easy);
    running_.clear();
    idle_.clear();
    curl_multi_cleanup(multi_);
    curl_global_cleanup();
  }

  void Submit(std::unique_ptr<Transfer> transfer) {
    {
      Lock lock(mutex_);
      incoming_.push_back(std::move(transfer));
    }
    curl_multi_wakeup(multi_);
  }

  // Waits until nothing of `owner` is left.
  void Cancel(const void* owner) {
    Lock lock(mutex_);
    cancelled_.push_back(owner);
    curl_multi_wakeup(multi_);
    if (std::this_thread::get_id() == thread_.get_id()) return;
    changed_.Wait(mutex_, [&]() NO_THREAD_SAFETY_ANALYSIS {
      return std::find(cancelled_.begin(), cancelled_.end(), owner) == cancelled_.end() || ended_;
    });
  }

  // Idle handles keep their connections' TLS sessions and options' memory; one is set up anew each
  // time.
  Easy TakeEasy() {
    Lock lock(mutex_);
    if (idle_.empty()) return Easy(curl_easy_init());
    Easy easy = std::move(idle_.back());
    idle_.pop_back();
    return easy;
  }

  const std::string& user_agent() const { return user_agent_; }

 private:
  void Run(std::stop_token stop) {
    while (!stop.stop_requested()) {
      TakeIncoming();
      int running = 0;
      curl_multi_perform(multi_, &running);
      Finish();
      curl_multi_poll(multi_, nullptr, 0, 1000, nullptr);
    }
    for (auto& [easy, transfer] : running_) {
      curl_multi_remove_handle(multi_, easy);
      transfer->done(Fail(ErrorCode::kCancelled, "the HTTP client was stopped"));
    }
    running_.clear();
    Lock lock(mutex_);
    for (auto& transfer : incoming_)
      transfer->done(Fail(ErrorCode::kCancelled, "the HTTP client was stopped"));
    incoming_.clear();
    ended_ = true;
    changed_.NotifyAll();
  }

  void TakeIncoming() {
    std::deque<std::unique_ptr<Transfer>> incoming;
    std::vector<const void*> cancelled;
    {
      Lock lock(mutex_);
      incoming.swap(incoming_);
      cancelled = cancelled_;
    }
    for (auto& transfer : incoming) {
      CURL* easy = transfer->easy.get();
      running_[easy] = std::move(transfer);
      curl_multi_add_handle(multi_, easy);
    }
    if (cancelled.empty()) return;
    for (auto it = running_.begin(); it != running_.end();) {
      if (std::find(cancelled.begin(), cancelled.end(), it->second->owner) == cancelled.end()) {
        ++it;
        continue;
      }
      const std::unique_ptr<Transfer> transfer = std::move(it->second);
      it = running_.erase(it);
      curl_multi_remove_handle(multi_, transfer->easy.get());
      transfer->done(Fail(ErrorCode::kCancelled, "the HTTP client was stopped"));
    }
    Lock lock(mutex_);
    std::erase_if(cancelled_, [&](const void* owner) {
      return std::find(cancelled.begin(), cancelled.end(), owner) != cancelled.end();
    });
    changed_.NotifyAll();
  }

  void Finish() {
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      CURL* easy = message->easy_handle;
      const auto found = running_.find(easy);
      std::unique_ptr<Transfer> transfer = std::move(found->second);
      running_.erase(found);
      curl_multi_remove_handle(multi_, easy);
      Answer(*transfer, code);
      curl_easy_reset(easy);
      Lock lock(mutex_);
      if (idle_.size() < 64) idle_.push_back(std::move(transfer->easy));
    }
  }

  static void Answer(Transfer& transfer, CURLcode code) {
    if (code == CURLE_OK) {
      long status = 0;
      curl_easy_getinfo(transfer.easy.get(), CURLINFO_RESPONSE_CODE, &status);
      transfer.response.status = static_cast<int>(status);
      transfer.done(std::move(transfer.response));
    } else if (transfer.too_large) {
      transfer.done(Fail(ErrorCode::kExhausted,
                         "the answer is larger than " +
                             std::to_string(transfer.request.max_body_bytes) + " bytes"));
    } else {
      transfer.done(Fail(CodeOf(code),
                         transfer.error[0] != '\0' ? transfer.error : curl_easy_strerror(code)));
    }
  }

  const std::string user_agent_;
  CURLM* multi_ = nullptr;
  std::map<CURL*, std::unique_ptr<Transfer>> running_;  // loop thread only
  Mutex mutex_;
  CondVar changed_;
  std::deque<std::unique_ptr<Transfer>> incoming_ GUARDED_BY(mutex_);
  std::vector<const void*> cancelled_ GUARDED_BY(mutex_);
  std::vector<Easy> idle_ GUARDED_BY(mutex_);
  bool ended_ GUARDED_BY(mutex_) = false;
  std::jthread thread_;
};

class CurlClient final : public Client {
 public:
  CurlClient(ClientConfig config, std::shared_ptr<CurlLoop::Impl> loop)
      : config_(std::move(config)), loop_(std::move(loop)) {}
  ~CurlClient() override { loop_->Cancel(this); }

  void Start(ClientRequest request, Done done) override {
    auto transfer = std::make_unique<Transfer>();
    transfer->owner = this;
    transfer->request = std::move(request);
    transfer->done = std::move(done);
    if (const Status status = SetUp(*transfer); !status) {
      transfer->done(tl::unexpected(status.error()));
      return;
    }
    loop_->Submit(std::move(transfer));
  }

 private:
  Status SetUp(Transfer& transfer) {
    transfer.easy = loop_->TakeEasy();
    CURL* easy = transfer.easy.get();
    for (const auto& [name, value] : transfer.request.headers) {
      const std::string line = value.empty() ? name + ";" : name + ": " + value;
      transfer.headers.reset(curl_slist_append(transfer.headers.release(), line.c_str()));
    }
    // An empty Expect keeps curl from waiting for "100 Continue" before larger bodies.
    if (!transfer.request.body.empty())
      transfer.headers.reset(curl_slist_append(transfer.headers.release(), "Expect:"));
    DROVER_CHECK(SetAuthorization(config_, easy, transfer));
    SetServerName(config_, transfer, easy);
    SetTls(config_.tls_config, easy);
    curl_easy_setopt(easy, CURLOPT_URL, transfer.request.url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    // A name server that is silent holds up its own transfer, not the thread of all of them.
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy, CURLOPT_USERAGENT, loop_->user_agent().c_str());
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(transfer.request.timeout.count()));
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.error);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, OnBody);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, OnHeader);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, config_.follow_redirects ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_MAXREDIRS, 10L);
    // What was to be posted is posted where it was sent on to; a GET there would be taken for
    // success.
    curl_easy_setopt(easy, CURLOPT_POSTREDIR, static_cast<long>(CURL_REDIR_POST_ALL));
    if (transfer.request.accept_gzip) curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    if (!config_.proxy_url.empty()) {
      curl_easy_setopt(easy, CURLOPT_PROXY, config_.proxy_url.c_str());
      if (!config_.no_proxy.empty())
        curl_easy_setopt(easy, CURLOPT_NOPROXY, config_.no_proxy.c_str());
    } else if (!config_.proxy_from_environment) {
      curl_easy_setopt(easy, CURLOPT_PROXY, "");
    }
    if (transfer.request.method == "HEAD") {
      curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (transfer.request.method != "GET") {
      curl_easy_setopt(easy, CURLOPT_POST, 1L);
      curl_easy_setopt(easy, CURLOPT_POSTFIELDS, transfer.request.body.data());
      curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                       static_cast<curl_off_t>(transfer.request.body.size()));
      if (transfer.request.method != "POST")
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, transfer.request.method.c_str());
    }
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer.headers.get());
    return {};
  }

  const ClientConfig config_;
  const std::shared_ptr<CurlLoop::Impl> loop_;
};

CurlLoop::CurlLoop(std::string user_agent) : impl_(std::make_shared<Impl>(std::move(user_agent))) {}
CurlLoop::~CurlLoop() = default;

std::unique_ptr<Client> CurlLoop::MakeClient(ClientConfig config) {
  return std::make_unique<CurlClient>(std::move(config), impl_);
}

}  // namespace drover::http
