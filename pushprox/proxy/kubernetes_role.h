// Which ServiceAccounts of a Kubernetes cluster may register, and as what: `clients.kubernetes` of
// the access file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/config/describe.h"
#include "pushprox/proxy/token_review.h"

namespace drover::pushprox {

// Where the API server is, and as whom it is asked. An empty api_server: the cluster this runs in.
struct ApiServerOptions {
  std::string api_server;
  std::string token_file = "/var/run/secrets/kubernetes.io/serviceaccount/token";
  std::string ca_file = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";
  bool operator==(const ApiServerOptions&) const = default;
};

struct KubernetesRole {
  std::vector<std::string> audiences = {"drover-pushprox"};
  std::vector<std::string> service_accounts;  // namespace/name
  std::vector<std::string> names = {"{node}"};
  ApiServerOptions server;
  Millis cache{60'000};
  double reviews_per_second = 50;
};
template <typename Visitor>
void Describe(KubernetesRole& c, Visitor& v) {
  v.Field("audiences", c.audiences, "list",
          "What a token must have been made for: one of these has to be among its audiences.");
  v.Field("service_accounts", c.service_accounts, "list",
          "Required: namespace/name of those whose tokens are taken.");
  v.Field("names", c.names, "list",
          "Names a token speaks for: {node}, {pod}, {namespace} and {service_account} stand for "
          "what the API server says of it; a * at the end, behind {node} or {pod}, for anything.");
  v.Field("api_server", c.server.api_server, "url",
          "https://host:port; the cluster's own when empty (KUBERNETES_SERVICE_HOST and _PORT).");
  v.Field("token_file", c.server.token_file, "file",
          "The proxy's own token, read again every 10 s.");
  v.Field("ca_file", c.server.ca_file, "file", "Authority of the API server's certificate.");
  v.Field("cache", c.cache, "duration",
          "How long a review's answer holds; so long a withdrawn token lives on.");
  v.Field("reviews_per_second", c.reviews_per_second, "reviews",
          "Of tokens that are not known yet, after a burst of four seconds' worth.");
}

// kInvalid names the key.
Status Validate(const KubernetesRole& role);

bool IsListed(const KubernetesRole& role, const ReviewedToken& token);  // account and audience
bool IsNameOf(const KubernetesRole& role, const ReviewedToken& token, std::string_view name);

}  // namespace drover::pushprox
