// What is asked of a Kubernetes API server about a ServiceAccount token, and what it answers:
// TokenReview of authentication.k8s.io/v1
// (https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-review-v1/).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace drover::pushprox {

inline constexpr std::size_t kMaxTokenBytes = 16 << 10;
inline constexpr std::size_t kMaxReviewBytes = 256 << 10;  // of an answer

// Whom the API server knows a token to be.
struct ReviewedToken {
  std::string name_space;
  std::string account;
  std::string node;  // of the pod that the token is bound to; "" when it says none
  std::string pod;
  std::vector<std::string> audiences;  // those asked for that the token is good for
};

// The body of the request.
std::string TokenReviewRequest(std::string_view token, const std::vector<std::string>& audiences);

// Nothing for a token that is not good, or not a ServiceAccount's. kInvalid: not a TokenReview.
Result<std::optional<ReviewedToken>> ParseTokenReview(std::string_view json);

// What a token says of itself. Nobody has checked its signature: a reason to refuse at most.
struct TokenClaims {
  std::string subject;                                // "" when it has none
  std::optional<std::int64_t> expires_s;              // since 1970
  std::optional<std::vector<std::string>> audiences;  // absent in tokens of old Secrets
};
// Nothing for what is no JSON Web Token (RFC 7519) with a signature, or over kMaxTokenBytes.
std::optional<TokenClaims> LookAtToken(std::string_view token);

}  // namespace drover::pushprox
