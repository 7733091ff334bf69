// What drover-pushprox client is told.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/config/describe.h"
#include "core/config/flags.h"
#include "core/http/url.h"
#include "pushprox/client/target_config.h"
#include "pushprox/client/target_table.h"
#include "pushprox/net/credentials.h"

namespace drover::pushprox {

struct ClientOptions {
  std::string config_file;
  std::string fqdn;  // the host's, when empty
  std::string proxy_url;
  std::string metrics_address = ":9369";
  TlsClientFiles tls;  // of targets, and of the proxy where proxy_tls says nothing
  TlsClientFiles proxy_tls;
  bool proxy_skip_verify = false;
  std::string proxy_token_file;
  std::string flavour;                  // of flavours.h; "": none, or the file's
  std::vector<std::string> components;  // of it; empty: what is found
  bool flavour_show = false;
  std::string rootfs = "/";                // where the flavour looks
  std::string transport;                   // auto, tunnel, poll; "": what the file says, or auto
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
  std::int64_t max_relays = 64;
};

// Flags and file together, understood. Immutable.
struct ClientPlan {
  ClientOptions options;  // fqdn, proxy_url … as they are in the end
  http::Url proxy;        // its path ends with /
  TlsSettings proxy_tls;
  TargetTable table;
  Registration registration;
  bool open = false;  // any port and path is allowed
  std::vector<std::string> warnings;
  std::vector<std::string> findings;  // of the flavour
};

void AddFlags(Flags& flags, ClientOptions& options);
// `config` was validated. What a flag says goes before what it says, and flags that allow something
// add to its targets; without targets and such flags everything is allowed. kInvalid says which
// flag and why; kNotFound: the flavour found nothing, and there is no other target.
Result<ClientPlan> Understand(ClientOptions options, const ClientConfig& config = {});
// The same with the file of --config.file, if there is one.
Result<ClientPlan> ReadPlan(const ClientOptions& options);

// What the flavour finds on this node, as `targets` of a client.yml with the findings as comments.
Result<std::string> ShowFlavour(const ClientOptions& options);

}  // namespace drover::pushprox
