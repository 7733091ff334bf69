#include "pushprox/proxy/token_review.h"

#include <cmath>

#include "core/json/reader.h"
#include "core/json/writer.h"

namespace drover::pushprox {
namespace {

constexpr std::string_view kAccountPrefix = "system:serviceaccount:";
constexpr double kFarFuture = 1e11;  // seconds

int Base64UrlDigit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '-' ? 62 : c == '_' ? 63 : -1;
}

std::optional<std::string> FromBase64Url(std::string_view text) {
  if (text.empty() || text.size() % 4 == 1) return std::nullopt;
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const int digit = Base64UrlDigit(c);
    if (digit < 0) return std::nullopt;
    bits = (bits << 6 | static_cast<std::uint32_t>(digit)) & 0xffffff;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out += static_cast<char>(bits >> held & 0xff);
  }
  return out;
}

std::vector<std::string> Texts(const json::Value* list) {
  std::vector<std::string> texts;
  if (list == nullptr) return texts;
  for (const json::Value& item : list->items()) {
    if (item.IsString()) texts.push_back(item.AsString());
  }
  return texts;
}

const std::string& Text(const json::Value* value) {
  static const std::string kNone;
  return value == nullptr ? kNone : value->AsString();
}

// A claim is a list of one.
std::string Claim(const json::Value* extra, std::string_view key) {
  if (extra == nullptr) return {};
  const std::vector<std::string> texts = Texts(extra->Find(key));
  return texts.size() == 1 ? texts.front() : std::string();
}

}  // namespace

std::string TokenReviewRequest(std::string_view token, const std::vector<std::string>& audiences) {
  json::Writer out;
  out.BeginObject().Key("kind").String("TokenReview");
  out.Key("apiVersion").String("authentication.k8s.io/v1");
  out.Key("spec").BeginObject().Key("token").String(token).Key("audiences").BeginArray();
  for (const std::string& one : audiences) out.String(one);
  out.EndArray().EndObject().EndObject();
  return out.Take();
}

Result<std::optional<ReviewedToken>> ParseTokenReview(std::string_view json) {
  if (json.size() > kMaxReviewBytes) return Fail(ErrorCode::kInvalid, "answer over its limit");
  DROVER_TRY(const json::Value root, json::Parse(json));
  if (Text(root.Find("kind")) != "TokenReview")
    return Fail(ErrorCode::kInvalid, "the answer is no TokenReview");
  const json::Value* status = root.Find("status");
  if (status == nullptr || !status->IsObject())
    return Fail(ErrorCode::kInvalid, "a TokenReview without status");
  const json::Value* authenticated = status->Find("authenticated");
  const json::Value* user = status->Find("user");
  if (authenticated == nullptr || !authenticated->AsBool() || user == nullptr)
    return std::optional<ReviewedToken>();
  std::string_view name = Text(user->Find("username"));
  if (!name.starts_with(kAccountPrefix)) return std::optional<ReviewedToken>();
  name.remove_prefix(kAccountPrefix.size());
  const std::size_t colon = name.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == name.size() ||
      name.find(':', colon + 1) != std::string_view::npos)
    return std::optional<ReviewedToken>();
  ReviewedToken token;
  token.name_space = name.substr(0, colon);
  token.account = name.substr(colon + 1);
  const json::Value* extra = user->Find("extra");
  token.node = Claim(extra, "authentication.kubernetes.io/node-name");
  token.pod = Claim(extra, "authentication.kubernetes.io/pod-name");
  token.audiences = Texts(status->Find("audiences"));
  return token;
}

std::optional<TokenClaims> LookAtToken(std::string_view token) {
  if (token.size() > kMaxTokenBytes) return std::nullopt;
  const std::size_t first = token.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = token.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto header = FromBase64Url(token.substr(0, first));
  const auto payload = FromBase64Url(token.substr(first + 1, second - first - 1));
  if (!header || !payload || !FromBase64Url(token.substr(second + 1))) return std::nullopt;
  const auto head = json::Parse(*header);
  if (!head || !head->IsObject() || Text(head->Find("alg")).empty()) return std::nullopt;
  const auto body = json::Parse(*payload);
  if (!body || !body->IsObject()) return std::nullopt;
  TokenClaims claims;
  claims.subject = Text(body->Find("sub"));
  if (const json::Value* expires = body->Find("exp");
      expires != nullptr && expires->kind() == json::Value::Kind::kNumber) {
    const double at = expires->AsNumber();
    if (!(at >= 0)) return std::nullopt;
    claims.expires_s = static_cast<std::int64_t>(std::fmin(at, kFarFuture));
  }
  if (const json::Value* audience = body->Find("aud"); audience != nullptr) {
    claims.audiences =
        audience->IsString() ? std::vector<std::string>{audience->AsString()} : Texts(audience);
  }
  return claims;
}

}  // namespace drover::pushprox
