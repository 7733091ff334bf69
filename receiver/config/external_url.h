// Under which address users reach this program: what links in alerts begin with.
#pragma once

#include <string>

namespace drover::receiver {

// Without a slash at the end. `given` is --web.external-url; when it is empty the address is made
// of what --web.listen-address says (`listen`), with `host_name` in place of an address that means
// all of this machine's. `https`: that address speaks TLS.
std::string ExternalUrl(const std::string& given, const std::string& listen, bool https,
                        const std::string& host_name);

// The path of such a URL: "" or "/x".
std::string PathPrefix(const std::string& external_url);

// This machine's, "localhost" when it has none.
std::string HostName();

}  // namespace drover::receiver
