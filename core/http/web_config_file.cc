#include "core/http/web_config_file.h"

#include <algorithm>
#include <filesystem>

#include "core/http/tls_context.h"

namespace drover::http {
namespace {

constexpr std::chrono::seconds kLookEvery{1};
constexpr std::uint64_t kMaxFileBytes = 4 << 20;

std::string Absolute(const std::string& path) {
  std::error_code error;
  const auto absolute = std::filesystem::absolute(path, error);
  return error ? path : absolute.string();
}

bool IsSame(const std::optional<FileInfo>& a, const std::optional<FileInfo>& b) {
  if (!a || !b) return !a && !b;
  return a->modified == b->modified && a->size_bytes == b->size_bytes && a->inode == b->inode &&
         a->device == b->device;
}

std::optional<FileInfo> Look(const FileSystem& fs, const std::string& path) {
  const auto info = fs.Stat(std::string_view(path).substr(1));
  return info ? std::optional(*info) : std::nullopt;
}

void SetHeaders(const WebConfig& config, Response& response) {
  for (const auto& [name, value] : config.http.headers) {
    if (!value.empty() && !response.headers.Has(name)) response.headers.Set(name, value);
  }
}

}  // namespace

WebConfigFile::WebConfigFile(std::string path, const Clock& clock, const Logger& log)
    : path_(std::move(path)), clock_(clock), log_(log), fs_(MakeFileSystem("/")) {}

Result<std::unique_ptr<WebConfigFile>> WebConfigFile::Open(const std::string& path,
                                                           const Clock& clock, const Logger& log) {
  std::unique_ptr<WebConfigFile> file(new WebConfigFile(Absolute(path), clock, log));
  Lock lock(file->mutex_);
  file->looked_ = clock.Mono();
  auto loaded = file->Load();
  if (!loaded) return tl::unexpected(std::move(loaded).error().With("web configuration"));
  file->current_ = std::move(*loaded);
  return file;
}

TlsSource* WebConfigFile::tls() {
  Lock lock(mutex_);
  return current_->tls ? this : nullptr;
}

std::shared_ptr<ssl_ctx_st> WebConfigFile::Context() { return Current()->tls; }

bool WebConfigFile::VerifiesClients() {
  const ClientAuth policy = Current()->config.tls.client_auth_type;
  return policy == ClientAuth::kVerifyIfGiven || policy == ClientAuth::kRequireAndVerify;
}

void WebConfigFile::Protect(Router& router) {
  router.SetGate([this](const Request& request) { return Refusal(request); });
  router.Use([this](const Request& request, const Handler& next) {
    Response response = next(request);
    SetHeaders(Current()->config, response);
    return response;
  });
}

Result<std::string> WebConfigFile::Read(const std::string& path) {
  watched_.push_back({path, Look(*fs_, path)});  // before reading: a later change is seen
  std::string text;
  DROVER_CHECK(fs_->ReadFile(std::string_view(path).substr(1), text, kMaxFileBytes));
  return text;
}

Result<std::shared_ptr<const WebConfigFile::Loaded>> WebConfigFile::Load() {
  watched_.clear();
  DROVER_TRY(const std::string text, Read(path_));
  std::vector<std::string> warnings;
  auto loaded = std::make_shared<Loaded>();
  DROVER_TRY(loaded->config, ParseWebConfig(text, path_, &warnings));
  for (const std::string& warning : warnings) log_.Warn("key without effect", {{"at", warning}});
  const TlsServerConfig& tls = loaded->config.tls;
  if (tls.is_on()) {
    TlsMaterial material{tls.cert, tls.key.Reveal(), tls.client_ca};
    Status status;
    const auto fill = [&](const std::string& file, std::string& out) NO_THREAD_SAFETY_ANALYSIS {
      if (file.empty()) return;
      auto read = Read(file);  // all of them, so that all are watched
      if (read) {
        out = std::move(*read);
      } else if (status) {
        status = tl::unexpected(std::move(read).error());
      }
    };
    fill(tls.cert_file, material.certificate);
    fill(tls.key_file, material.key);
    fill(tls.client_ca_file, material.client_ca);
    DROVER_CHECK(status);
    auto context = MakeTlsContext(tls, material);
    if (!context) return tl::unexpected(std::move(context).error().With(path_));
    loaded->tls = std::move(*context);
  }
  if (current_ && (current_->tls != nullptr) != (loaded->tls != nullptr))
    return Fail(ErrorCode::kInvalid,
                path_ + ": tls_server_config came or went, which needs a restart");
  return loaded;
}

bool WebConfigFile::HasChanged() const {
  return std::any_of(watched_.begin(), watched_.end(), [&](const Watched& file) {
    return !IsSame(file.info, Look(*fs_, file.path));
  });
}

std::shared_ptr<const WebConfigFile::Loaded> WebConfigFile::Current() {
  Lock lock(mutex_);
  const MonoTime now = clock_.Mono();
  if (now - looked_ < kLookEvery) return current_;
  looked_ = now;
  if (!HasChanged()) return current_;
  auto loaded = Load();
  if (loaded) {
    current_ = std::move(*loaded);
    log_.Info("web configuration reloaded", {{"file", path_}});
  } else {
    log_.Error("web configuration not reloaded: the one before it stays",
               {{"err", loaded.error().message()}});
  }
  return current_;
}

bool WebConfigFile::TakeToken(const RateLimit& limit) {
  if (limit.interval <= Millis(0)) return true;
  const auto burst = static_cast<double>(limit.burst);
  Lock lock(mutex_);
  const MonoTime now = clock_.Mono();
  const auto earned = std::chrono::duration<double>(now - filled_) / limit.interval;
  tokens_ = tokens_ < 0 ? burst : std::min(burst, tokens_ + earned);
  filled_ = now;
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

std::optional<Response> WebConfigFile::Refusal(const Request& request) {
  const auto now = Current();
  const WebConfig& config = now->config;
  if (!TakeToken(config.rate_limit)) {
    Response busy = Response::Text(429, "Too Many Requests\n");
    SetHeaders(config, busy);
    return busy;
  }
  if (config.basic_auth_users.empty()) return std::nullopt;
  const auto given = ParseBasicAuth(request.headers.Get("Authorization"));
  if (given && passwords_.Passes(config.basic_auth_users, *given)) return std::nullopt;
  Response response = Response::Text(401, "Unauthorized\n");
  response.headers.Set("WWW-Authenticate", "Basic");
  SetHeaders(config, response);
  return response;
}

}  // namespace drover::http
