// What a proxy sends a client, and what stands in a client.yml: no crash, and nothing passes that
// the table does not say.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "pushprox/client/target_table.h"
#include "pushprox/protocol/head.h"
#include "pushprox/protocol/registration.h"

namespace {

using namespace drover;
using namespace drover::pushprox;

TargetTable MakeTable() {
  TargetTable table;
  Target plain;
  plain.name = "node-a";
  plain.port = 80;
  plain.prefixes = {"/metrics"};
  table.Add(plain);
  Target secret;
  secret.name = "node-a";
  secret.port = 443;
  secret.https = true;
  secret.prefixes = {"/metrics", "/stats/prometheus"};
  secret.token_file = "/token";
  table.Add(secret);
  return table;
}

void CheckScrape(const TargetTable& table, const Head& head) {
  const auto url = http::ParseUrl(head.target);
  if (!url) return;
  const auto choice = table.Choose(head.method, *url);
  if (!choice) return;
  const Target& target = *choice->target;
  const bool fine =
      (head.method == "GET" || head.method == "HEAD") && url->host == target.name &&
      choice->url.port == target.port &&
      (target.token_file.empty() || choice->url.scheme == "https") &&
      std::any_of(target.prefixes.begin(), target.prefixes.end(),
                  [&](const auto& one) { return choice->url.path.starts_with(one); }) &&
      choice->url.path.find("..%2f") == std::string::npos &&
      choice->url.path.find("/../") == std::string::npos;
  if (!fine) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const TargetTable table = MakeTable();
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto head = ParseRequestHead(bytes)) {
    CheckScrape(table, *head);
    if (const auto to = http::ParseHostPort(head->target)) {
      if (table.ChooseConnect(to->host, to->port)) std::abort();  // all have paths
    }
  }
  for (const auto& [name, why] : ParseRefusedNames(bytes)) {
    if (name.empty() || why.size() > 300) std::abort();
  }
  if (const auto at = ParseDialAddress(bytes, 1)) {
    if (at->host.empty() || at->port < 1 || at->port > 65535) std::abort();
  }
  if (const auto rule = ParseAllowRule(bytes); rule && rule->prefix.ends_with('/')) std::abort();
  if (const auto root = ParseYaml(bytes, "client.yml")) {
    ClientConfig config;
    if (ReadFields(*root, config) && Validate(config, *root)) {
      ResolveFiles(config, "/etc");
      TargetTable filled;
      for (const TargetConfig& target : config.targets) {
        filled.Add(target);
        if (!target.authorization.credentials_file.empty() && !filled.targets().back().https)
          std::abort();
      }
    }
  }
  return 0;
}
