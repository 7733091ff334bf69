// What a proxy may have scraped here: a list of ports and paths, and the tokens that belong to
// them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/http/url.h"

namespace drover::pushprox {

// Immutable after construction.
class Guard {
 public:
  Guard() = default;

  void AllowAny() { any_ = true; }
  // "9100", "10250/metrics". kInvalid for what is neither.
  Status Allow(std::string_view text);
  // "10250=/path/of/token": sent as Bearer to that port, over https only.
  Status AddToken(std::string_view text);
  void SetTokenForAll(std::string file) { token_for_all_ = std::move(file); }

  // kDenied with the reason. `url` is what the scraper asked for, a port that it did not name
  // counted as 80 or 443.
  Status Check(std::string_view method, const http::Url& url, std::string_view fqdn) const;
  // "" when that port gets none.
  std::string TokenFile(int port) const;
  bool restricted() const { return !any_; }

 private:
  struct Rule {
    int port = 0;
    std::string prefix;  // "" is any path
  };
  bool any_ = false;
  std::vector<Rule> rules_;
  std::map<int, std::string> tokens_;
  std::string token_for_all_;
};

}  // namespace drover::pushprox
