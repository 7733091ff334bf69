// What an API server answers about a token, and what a token says of itself: no crash, bounded, and
// nobody comes out of it who is not named.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "pushprox/proxy/kubernetes_role.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace drover::pushprox;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  KubernetesRole role;
  role.service_accounts = {"monitoring/drover"};
  role.names = {"{node}", "{node}_*", "{pod}.{namespace}.{service_account}"};
  const auto got = ParseTokenReview(text);
  if (got && *got) {
    const ReviewedToken& token = **got;
    if (token.name_space.empty() || token.account.empty()) std::abort();
    IsListed(role, token);
    if (IsNameOf(role, token, "") || IsNameOf(role, token, "_x")) std::abort();
    if (!token.node.empty() && !IsNameOf(role, token, token.node)) std::abort();
  }
  if (const auto claims = LookAtToken(text)) {
    if (claims->expires_s && *claims->expires_s < 0) std::abort();
  }
  TokenReviewRequest(text, {"a"});
  return 0;
}
