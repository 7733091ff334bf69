#include "receiver/config/external_url.h"

#include <unistd.h>

namespace drover::receiver {

std::string ExternalUrl(const std::string& given, const std::string& listen, bool https,
                        const std::string& host_name) {
  if (!given.empty()) return given.substr(0, given.find_last_not_of('/') + 1);
  const std::size_t colon = listen.rfind(':');
  std::string host = listen.substr(0, colon);
  if (host.empty() || host == "0.0.0.0" || host == "[::]") host = host_name;
  return (https ? "https://" : "http://") + host +
         (colon == std::string::npos ? "" : listen.substr(colon));
}

std::string PathPrefix(const std::string& external_url) {
  const std::size_t host = external_url.find("://");
  const std::size_t path = external_url.find('/', host == std::string::npos ? 0 : host + 3);
  return path == std::string::npos ? "" : external_url.substr(path);
}

std::string HostName() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 && name[0] != '\0' ? name : "localhost";
}

}  // namespace drover::receiver
