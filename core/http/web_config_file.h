// --web.config.file of a running program: watched, applied to its server and its router.
//
//   DROVER_TRY(const auto web, WebConfigFile::Open(path, clock, log));
//   web->Protect(router);       // last, so that its headers stand outermost
//   StartServer({.listen = …, .tls = web->tls()}, router, log);
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mutex.h"
#include "core/http/auth.h"
#include "core/http/router.h"
#include "core/http/tls_source.h"
#include "core/http/web_config.h"
#include "core/os/file_system.h"

namespace drover::http {

// Thread-safe. The file and those it names are looked at when a connection or a request comes, at
// most once a second, and read again when one has another time, size or inode (a renewed secret of
// Kubernetes is another inode). Files that turn out broken change nothing: what ran before goes on,
// and the log says it once. TLS itself cannot be switched on or off that way.
class WebConfigFile final : public TlsSource {
 public:
  // Errors name the place or the file. `clock` and `log` outlive this.
  static Result<std::unique_ptr<WebConfigFile>> Open(const std::string& path, const Clock& clock,
                                                     const Logger& log);

  TlsSource* tls();  // null when the file sets none: plain HTTP
  std::shared_ptr<ssl_ctx_st> Context() override;
  // Whether a client's certificate, where one is given, was verified: by the file as it is now.
  bool VerifiesClients();

  // The rate limit and users as the router's gate, the headers on every answer. This outlives the
  // router.
  void Protect(Router& router);

 private:
  struct Loaded {
    WebConfig config;
    std::shared_ptr<ssl_ctx_st> tls;
  };
  struct Watched {
    std::string path;
    std::optional<FileInfo> info;  // absent: the file was not there
  };
  WebConfigFile(std::string path, const Clock& clock, const Logger& log);
  Result<std::shared_ptr<const Loaded>> Load() REQUIRES(mutex_);
  std::shared_ptr<const Loaded> Current();
  Result<std::string> Read(const std::string& path) REQUIRES(mutex_);
  bool HasChanged() const REQUIRES(mutex_);
  bool TakeToken(const RateLimit& limit);
  std::optional<Response> Refusal(const Request& request);

  const std::string path_;
  const Clock& clock_;
  const Logger& log_;
  const std::unique_ptr<FileSystem> fs_;
  PasswordCheck passwords_;
  Mutex mutex_;
  std::shared_ptr<const Loaded> current_ GUARDED_BY(mutex_);
  std::vector<Watched> watched_ GUARDED_BY(mutex_);  // of the last attempt to load
  MonoTime looked_ GUARDED_BY(mutex_){};
  double tokens_ GUARDED_BY(mutex_) = -1;  // below 0: not begun
  MonoTime filled_ GUARDED_BY(mutex_){};
};

}  // namespace drover::http
