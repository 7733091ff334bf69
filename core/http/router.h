// From method and path to a handler.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/http/message.h"

namespace drover::http {

// Runs on a server's thread; may block. Exceptions become a 500.
using Handler = std::function<Response(const Request&)>;

struct RouteOptions {
  std::uint64_t max_body_bytes = 1 << 20;  // more is 413
  // May take long: runs on the server's slow workers, so that it cannot hold up the other routes.
  bool slow = false;
};

// Built before the server starts, then immutable and thread-safe.
class Router {
 public:
  // `methods` like "GET,HEAD,POST". A path that ends with /* takes everything below it. HEAD is
  // answered by GET's handler when listed. Another method is 405 with Allow. The longest match
  // wins.
  void Add(std::string_view methods, std::string_view path, Handler handler,
           RouteOptions options = {});
  // For paths without a route; the default is 404 "404 page not found\n".
  void SetNotFound(Handler handler) { not_found_ = std::move(handler); }
  // Runs around every handler, the last added outermost: compression, authentication, metrics.
  using Middleware = std::function<Response(const Request&, const Handler& next)>;
  void Use(Middleware middleware) { middleware_.push_back(std::move(middleware)); }
  // Who may pass: asked before anything else, with the body not read yet; an answer ends the
  // request.
  using Gate = std::function<std::optional<Response>(const Request&)>;
  void SetGate(Gate gate) { gate_ = std::move(gate); }

  // The gate alone, for servers that ask it before they read a body.
  std::optional<Response> Refusal(const Request& request) const;
  // The gate, unless `request.admitted` says that it was asked, and then the handler.
  Response Serve(const Request& request) const;
  std::uint64_t MaxBodyBytes(std::string_view path) const;  // of the route, before the body is read
  bool IsSlow(std::string_view path, std::string_view method) const;

 private:
  struct Route {
    std::string path;
    bool prefix = false;
    std::vector<std::string> methods;
    Handler handler;
    RouteOptions options;
  };
  const Route* Find(std::string_view path, std::string_view method, bool& path_known) const;
  std::string Allowed(std::string_view path) const;
  Response Dispatch(const Request& request) const;

  std::vector<Route> routes_;
  std::vector<Middleware> middleware_;
  Handler not_found_;
  Gate gate_;
};

}  // namespace drover::http
