#include "core/http/router.h"

#include <algorithm>

namespace drover::http {

void Router::Add(std::string_view methods, std::string_view path, Handler handler,
                 RouteOptions options) {
  Route route;
  route.prefix = path.ends_with("/*");
  route.path = route.prefix ? path.substr(0, path.size() - 1) : path;
  while (!methods.empty()) {
    const std::size_t comma = methods.find(',');
    route.methods.emplace_back(methods.substr(0, comma));
    methods = comma == std::string_view::npos ? std::string_view() : methods.substr(comma + 1);
  }
  route.handler = std::move(handler);
  route.options = options;
  routes_.push_back(std::move(route));
}

const Router::Route* Router::Find(std::string_view path, std::string_view method,
                                  bool& path_known) const {
  const Route* best = nullptr;
  std::size_t best_length = 0;
  path_known = false;
  for (const Route& route : routes_) {
    const bool hit = route.prefix ? path.starts_with(route.path) : path == route.path;
    if (!hit) continue;
    path_known = true;
    if (!method.empty() &&
        std::find(route.methods.begin(), route.methods.end(), method) == route.methods.end())
      continue;
    const std::size_t length = route.path.size() + (route.prefix ? 0 : 1);
    if (best == nullptr || length > best_length) {
      best = &route;
      best_length = length;
    }
  }
  return best;
}

std::string Router::Allowed(std::string_view path) const {
  std::vector<std::string> methods;
  for (const Route& route : routes_) {
    if (route.prefix ? path.starts_with(route.path) : path == route.path) {
      methods.insert(methods.end(), route.methods.begin(), route.methods.end());
    }
  }
  std::sort(methods.begin(), methods.end());
  methods.erase(std::unique(methods.begin(), methods.end()), methods.end());
  std::string out;
  for (const std::string& method : methods) out += (out.empty() ? "" : ", ") + method;
  return out;
}

std::uint64_t Router::MaxBodyBytes(std::string_view path) const {
  std::uint64_t limit = RouteOptions{}.max_body_bytes;
  std::size_t longest = 0;
  for (const Route& route : routes_) {
    if (!(route.prefix ? path.starts_with(route.path) : path == route.path)) continue;
    if (route.path.size() + 1 < longest) continue;
    limit = route.path.size() + 1 == longest ? std::max(limit, route.options.max_body_bytes)
                                             : route.options.max_body_bytes;
    longest = route.path.size() + 1;
  }
  return limit;
}

bool Router::IsSlow(std::string_view path, std::string_view method) const {
  bool path_known = false;
  const Route* route = Find(path, method, path_known);
  return route != nullptr && route->options.slow;
}

Response Router::Dispatch(const Request& request) const {
  bool path_known = false;
  const Route* route = Find(request.path, request.method, path_known);
  if (route != nullptr) return route->handler(request);
  if (path_known) {
    Response response = Response::Text(405, "Method Not Allowed\n");
    response.headers.Add("Allow", Allowed(request.path));
    return response;
  }
  return not_found_ ? not_found_(request) : Response::Text(404, "404 page not found\n");
}

std::optional<Response> Router::Refusal(const Request& request) const {
  return gate_ ? gate_(request) : std::nullopt;
}

Response Router::Serve(const Request& request) const {
  if (!request.admitted) {
    if (auto refusal = Refusal(request)) return *std::move(refusal);
  }
  Handler next = [this](const Request& r) { return Dispatch(r); };
  for (const Middleware& middleware : middleware_) {
    next = [&middleware, inner = std::move(next)](const Request& r) {
      return middleware(r, inner);
    };
  }
  return next(request);
}

}  // namespace drover::http
