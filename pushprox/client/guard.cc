#include "pushprox/client/guard.h"

#include <algorithm>

#include "core/base/numbers.h"

namespace drover::pushprox {
namespace {

Result<int> Port(std::string_view text) {
  const auto port = ParseUint(text);
  if (!port || *port < 1 || *port > 65535)
    return Fail(ErrorCode::kInvalid, "\"" + std::string(text) + "\" is no port");
  return static_cast<int>(*port);
}

// A path that a server could read as another one than it looks.
bool IsCrooked(std::string_view path) {
  const auto decoded = http::PercentDecode(path, false);
  if (!decoded || decoded->find('%') != std::string::npos) return true;
  if (decoded->find_first_of("\\;") != std::string::npos ||
      decoded->find("//") != std::string::npos)
    return true;
  if (path.find("%2f") != std::string_view::npos || path.find("%2F") != std::string_view::npos)
    return true;
  const std::string framed = *decoded + "/";
  return framed.find("/../") != std::string::npos || framed.find("/./") != std::string::npos;
}

}  // namespace

Status Guard::Allow(std::string_view text) {
  const std::size_t slash = text.find('/');
  DROVER_TRY(const int port, Port(text.substr(0, slash)));
  Rule rule{port, slash == std::string_view::npos ? "" : std::string(text.substr(slash))};
  while (rule.prefix.size() > 1 && rule.prefix.ends_with('/')) rule.prefix.pop_back();
  if (rule.prefix == "/") rule.prefix.clear();
  rules_.push_back(std::move(rule));
  return {};
}

Status Guard::AddToken(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals + 1 == text.size())
    return Fail(ErrorCode::kInvalid, "expected PORT=FILE, found \"" + std::string(text) + "\"");
  DROVER_TRY(const int port, Port(text.substr(0, equals)));
  tokens_[port] = text.substr(equals + 1);
  return {};
}

Status Guard::Check(std::string_view method, const http::Url& url, std::string_view fqdn) const {
  const auto no = [](std::string why) { return Fail(ErrorCode::kDenied, std::move(why)); };
  if (method != "GET" && method != "HEAD") return no("only GET and HEAD are run here");
  if (url.host != fqdn) return no("scrape target doesn't match client fqdn");
  if (any_) return {};
  const std::string path = url.path.empty() ? "/" : url.path;
  const bool crooked = IsCrooked(path);
  for (const Rule& rule : rules_) {
    if (rule.port != url.port) continue;
    if (rule.prefix.empty()) return {};
    if (crooked || !path.starts_with(rule.prefix)) continue;
    if (path.size() == rule.prefix.size() || path[rule.prefix.size()] == '/') return {};
  }
  return no("port " + std::to_string(url.port) + " with path " + path + " is not allowed here");
}

std::string Guard::TokenFile(int port) const {
  const auto found = tokens_.find(port);
  return found != tokens_.end() ? found->second : token_for_all_;
}

}  // namespace drover::pushprox
