// What drover-pushprox client is told.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/config/describe.h"
#include "core/config/flags.h"
#include "core/http/url.h"
#include "pushprox/client/guard.h"
#include "pushprox/net/credentials.h"

namespace drover::pushprox {

struct ClientOptions {
  std::string fqdn;  // the host's, when empty
  std::string proxy_url;
  std::string metrics_address = ":9369";
  TlsClientFiles tls;  // of targets, and of the proxy where proxy_tls says nothing
  TlsClientFiles proxy_tls;
  bool proxy_skip_verify = false;
  std::string proxy_token_file;
  bool skip_verify = false;                // of targets
  std::string token_file;                  // for all allowed targets: https, Bearer
  std::vector<std::string> target_tokens;  // PORT=FILE
  std::vector<std::string> target_allow;   // PORT[/PREFIX]
  std::string allow_port = "*";
  bool use_localhost = false;
  Millis retry_first{1000};
  Millis retry_most{5000};
  ByteSize max_scrape_bytes{512ULL << 20};
  std::int64_t max_scrapes = 64;
};

// The same, understood.
struct ClientPlan {
  ClientOptions options;
  http::Url proxy;  // its path ends with /
  Guard guard;
  bool open = false;  // any port and path is allowed
};

void AddFlags(Flags& flags, ClientOptions& options);
// kInvalid says which flag and why.
Result<ClientPlan> Understand(ClientOptions options);

}  // namespace drover::pushprox
