// One address of the proxy, as polls and pushes ask it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "pushprox/client/options.h"
#include "pushprox/net/http_call.h"

namespace drover::pushprox {

// How all addresses of a proxy are spoken to. Immutable but for the files.
struct ProxyAccess {
  http::Url url;  // its path ends with /
  TlsSettings tls_settings;
  std::string token_file;          // "": the URL's user and password, if any
  std::shared_ptr<TlsClient> tls;  // null: plain

  // Value of Authorization, "" for none. kInvalid or the file's error.
  Result<std::string> Authorization() const;
};

struct ProxyLeg {
  // `address` is numeric; "" has the name asked at each connection.
  ProxyLeg(EventLoop& loop, Resolver& resolver, std::shared_ptr<const ProxyAccess> with,
           const std::string& address);

  // Head of a POST, with credentials but without framing.
  Result<std::string> Request(std::string_view path) const;

  const std::shared_ptr<const ProxyAccess> access;
  Peer peer;
};

// A token as it may stand in a header.
Result<std::string> ReadToken(const std::string& path);

}  // namespace drover::pushprox
