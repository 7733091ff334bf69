// URLs and form parameters (RFC 3986, application/x-www-form-urlencoded).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"

namespace drover::http {

// An absolute http or https URL. `host` without brackets; `port` is set (80 or 443 when not
// written).
struct Url {
  std::string scheme;
  std::string user;  // percent-decoded, rarely set
  std::string password;
  std::string host;
  int port = 0;
  bool port_given = false;
  std::string path;   // as written, "" or starting with /
  std::string query;  // as written, without ?

  std::string HostPort() const;                            // host:port as written, IPv6 in brackets
  std::string ToString(bool with_password = false) const;  // the password as xxxxx unless asked for
};
Result<Url> ParseUrl(std::string_view text);

std::string PercentEncode(std::string_view text);  // all but A-Za-z0-9-_.~
std::string QueryEscape(std::string_view text);    // as PercentEncode, space as +
std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space);

// "host:port", ":port", "[::1]:port". An empty host means all addresses.
struct HostPort {
  std::string host;
  int port = 0;
};
Result<HostPort> ParseHostPort(std::string_view text);

// Parameters in order, names may repeat. Broken escapes are kept as they stand.
class Form {
 public:
  void Parse(std::string_view encoded);               // appends
  std::string_view Get(std::string_view name) const;  // the first; "" when absent
  bool Has(std::string_view name) const;
  std::vector<std::string> All(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& list() const { return list_; }

 private:
  std::vector<std::pair<std::string, std::string>> list_;
};

struct Request;
// Body parameters first (of a form POST), then those of the URL, as Go's Request.Form has them.
Form FormOf(const Request& request);

}  // namespace drover::http
