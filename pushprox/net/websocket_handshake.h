// How a tunnel begins: the WebSocket handshake (RFC 6455 section 4) with the subprotocol
// drover-tunnel-1, without extensions.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "pushprox/protocol/head.h"

namespace drover::pushprox {

inline constexpr std::string_view kTunnelProtocol = "drover-tunnel-1";

// A client's Sec-WebSocket-Key: 16 random bytes. kUnavailable when the system has none.
Result<std::string> NewWebSocketKey();
// The Sec-WebSocket-Accept that belongs to it.
std::string WebSocketAccept(std::string_view key);

// The client's request. `host` with its port; `authorization` is the field's value, "" for none.
std::string TunnelRequest(std::string_view path, std::string_view host, std::string_view key,
                          std::string_view authorization);
// What the proxy answered to the request with that key. kUnsupported: it has no tunnels (404 and
// others that say nothing about us); kDenied: 401 or 403; kUnavailable: 429 or 5xx; kInvalid: 101
// that does not fit.
Status CheckTunnelAnswer(const Head& answer, std::string_view key);

// A request for a tunnel, at the proxy. kInvalid: malformed; kUnsupported: another version than 13
// or no drover-tunnel-1 among its protocols.
Status CheckTunnelRequest(const Head& request);
// The proxy's answer to such a request.
std::string TunnelAnswer(const Head& request);

}  // namespace drover::pushprox
