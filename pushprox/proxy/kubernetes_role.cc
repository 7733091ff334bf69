#include "pushprox/proxy/kubernetes_role.h"

#include <algorithm>
#include <optional>

#include "pushprox/protocol/scrape.h"

namespace drover::pushprox {
namespace {

const std::string* Filling(std::string_view placeholder, const ReviewedToken& token) {
  if (placeholder == "{node}") return &token.node;
  if (placeholder == "{pod}") return &token.pod;
  if (placeholder == "{namespace}") return &token.name_space;
  if (placeholder == "{service_account}") return &token.account;
  return nullptr;
}

// Without a * at the end. Nothing when a claim is missing.
std::optional<std::string> Filled(std::string_view pattern, const ReviewedToken& token) {
  std::string out;
  while (!pattern.empty()) {
    const std::size_t open = pattern.find('{');
    out += pattern.substr(0, open);
    if (open == std::string_view::npos) break;
    pattern.remove_prefix(open);
    const std::size_t close = pattern.find('}');
    if (close == std::string_view::npos) return std::nullopt;
    const std::string* value = Filling(pattern.substr(0, close + 1), token);
    if (value == nullptr || value->empty()) return std::nullopt;
    out += *value;
    pattern.remove_prefix(close + 1);
  }
  return out;
}

Status CheckPattern(std::string_view pattern) {
  const auto bad = [&](std::string_view why) {
    return Fail(ErrorCode::kInvalid,
                "clients.kubernetes.names: \"" + std::string(pattern) + "\": " + std::string(why));
  };
  std::string_view plain = pattern;
  if (plain.ends_with('*')) {
    plain.remove_suffix(1);
    if (plain.find("{node}") == std::string_view::npos &&
        plain.find("{pod}") == std::string_view::npos)
      return bad("a * needs {node} or {pod} in front");
  }
  if (plain.find('*') != std::string_view::npos) return bad("a * stands at the end only");
  const auto sample = Filled(plain, {"n", "a", "n", "p", {}});
  if (!sample) return bad("expected {node}, {pod}, {namespace} or {service_account} in braces");
  if (!IsName(*sample)) return bad("no name comes of it");
  return {};
}

}  // namespace

Status Validate(const KubernetesRole& role) {
  const auto bad = [](const std::string& why) {
    return Fail(ErrorCode::kInvalid, "clients.kubernetes." + why);
  };
  if (role.audiences.empty()) return bad("audiences: at least one is needed");
  for (const std::string& one : role.audiences) {
    if (one.empty()) return bad("audiences: an empty one");
  }
  if (role.service_accounts.empty())
    return bad("service_accounts: required, a list of namespace/name");
  for (const std::string& one : role.service_accounts) {
    const std::size_t slash = one.find('/');
    if (slash == std::string::npos || slash == 0 || slash + 1 == one.size() ||
        one.find('/', slash + 1) != std::string::npos || one.find('*') != std::string::npos)
      return bad("service_accounts: \"" + one + "\" is not namespace/name");
  }
  if (role.names.empty()) return bad("names: at least one is needed");
  for (const std::string& one : role.names) DROVER_CHECK(CheckPattern(one));
  if (role.cache < Millis(1000) || role.cache > std::chrono::minutes(10))
    return bad("cache: from 1s to 10m");
  if (!(role.reviews_per_second >= 1 && role.reviews_per_second <= 10'000))
    return bad("reviews_per_second: from 1 to 10000");
  return {};
}

bool IsListed(const KubernetesRole& role, const ReviewedToken& token) {
  const std::string account = token.name_space + "/" + token.account;
  const auto has = [](const std::vector<std::string>& list, const std::string& one) {
    return std::find(list.begin(), list.end(), one) != list.end();
  };
  return has(role.service_accounts, account) &&
         std::any_of(token.audiences.begin(), token.audiences.end(),
                     [&](const std::string& one) { return has(role.audiences, one); });
}

bool IsNameOf(const KubernetesRole& role, const ReviewedToken& token, std::string_view name) {
  return std::any_of(role.names.begin(), role.names.end(), [&](std::string_view pattern) {
    const bool any_end = pattern.ends_with('*');
    if (any_end) pattern.remove_suffix(1);
    const auto wanted = Filled(pattern, token);
    if (!wanted || wanted->empty()) return false;
    return any_end ? name.starts_with(*wanted) && name.size() > wanted->size() : name == *wanted;
  });
}

}  // namespace drover::pushprox
