// What a proxy may have scraped here: which name, port and path is which target, and how that one
// is reached. What belongs to a target (token, certificates) never goes to another.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/http/url.h"
#include "pushprox/client/target_config.h"
#include "pushprox/protocol/registration.h"

namespace drover::pushprox {

struct Target {
  std::string name;
  int port = 0;                       // 0: any
  std::vector<std::string> prefixes;  // of paths; empty: any
  bool connect = false;
  bool https = false;    // asked over https, whatever the scraper says
  std::string host;      // to connect to; "": the name
  int connect_port = 0;  // 0: the port that was asked for
  TlsSettings tls;
  std::string token_file;  // "": none. Over https only
  std::string token_type = "Bearer";
  RegisteredLabels labels{};
};

// Immutable once filled.
class TargetTable {
 public:
  void Add(Target target) { targets_.push_back(std::move(target)); }
  // Validated before; its name is not "".
  void Add(const TargetConfig& config);

  // The first target that allows it, and the URL with the scheme and port that it is asked with
  // ("_scheme=https" is taken out). kDenied with the reason. A port that a URL does not name counts
  // as 80 or 443. Points into the table.
  struct Choice {
    const Target* target = nullptr;
    http::Url url;
  };
  Result<Choice> Choose(std::string_view method, http::Url url) const;
  // For CONNECT: one that allows any path of that port, or says so. kDenied.
  Result<const Target*> ChooseConnect(std::string_view name, int port) const;

  std::vector<std::string> Names() const;  // in order, each once
  // What a proxy is told; `labels` are those of every name.
  Registration Register(const RegisteredLabels& labels) const;
  const std::vector<Target>& targets() const { return targets_; }

 private:
  std::vector<Target> targets_;
};

// "9100", "10250/metrics", as flags have them: port and path prefix. kInvalid for what is neither.
struct AllowRule {
  int port = 0;
  std::string prefix;  // "": any path
};
Result<AllowRule> ParseAllowRule(std::string_view text);
// "10250=/path/of/token".
struct PortToken {
  int port = 0;
  std::string file;
};
Result<PortToken> ParsePortToken(std::string_view text);

}  // namespace drover::pushprox
