// An HTTP/1.1 server. core/http/beast implements it; programs see only this.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/result.h"
#include "core/http/listener.h"
#include "core/http/router.h"
#include "core/http/tls_source.h"

namespace drover::http {

struct ServerOptions {
  std::vector<std::string> listen{};  // as listener.h has them
  std::vector<Listener> sockets{};    // besides: those that are open already
  // Threads that run handlers, at most; each is started when it is first needed. 0 runs handlers on
  // the I/O thread.
  std::size_t workers = 2;
  std::size_t slow_workers = 0;       // threads for slow routes; 0: they share the workers
  std::size_t max_connections = 512;  // more wait in the kernel's backlog
  std::size_t max_header_bytes = 64 << 10;
  Millis header_timeout{30'000};     // from the first byte of a request to the end of its header
  Millis body_timeout{300'000};      // to read a body, and to write an answer
  Millis idle_timeout{300'000};      // a kept-alive connection without a request
  Millis handshake_timeout{10'000};  // of TLS, from the connection on
  TlsSource* tls = nullptr;          // null: plain HTTP. Outlives the server
};

// Runs from Start until destroyed. One I/O thread and up to `workers` threads.
class Server {
 public:
  virtual ~Server() = default;
  // What was bound, in the order of `listen` and `sockets`.
  virtual std::vector<std::string> addresses() const = 0;
  // Stops accepting, lets requests under way finish for `grace`, then closes all. Idempotent.
  virtual void Stop(Millis grace) = 0;
};

// Errors are those of Listen. `router` and `log` outlive the server.
Result<std::unique_ptr<Server>> StartServer(ServerOptions options, const Router& router,
                                            const Logger& log);

}  // namespace drover::http
