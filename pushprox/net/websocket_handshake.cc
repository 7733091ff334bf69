#include "pushprox/net/websocket_handshake.h"

#include <array>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "core/base/base64.h"
#include "core/http/message.h"

namespace drover::pushprox {
namespace {

constexpr std::string_view kMagic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455
constexpr std::size_t kKeyBytes = 16;

// Of all fields of that name: is `item` in one of their comma-separated lists?
bool Lists(const http::Headers& headers, std::string_view field, std::string_view item) {
  for (const auto& [name, value] : headers.list()) {
    if (!http::EqualsNoCase(name, field)) continue;
    std::string_view left = value;
    while (!left.empty()) {
      std::string_view one = left.substr(0, left.find(','));
      left.remove_prefix(std::min(one.size() + 1, left.size()));
      const std::size_t from = one.find_first_not_of(" \t");
      if (from == std::string_view::npos) continue;
      one = one.substr(from, one.find_last_not_of(" \t") - from + 1);
      if (http::EqualsNoCase(one, item)) return true;
    }
  }
  return false;
}

// 16 bytes as base64: 22 digits and two fill characters.
bool IsKey(std::string_view key) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return key.size() == 24 && key.ends_with("==") &&
         key.substr(0, 22).find_first_not_of(kDigits) == std::string_view::npos;
}

}  // namespace

Result<std::string> NewWebSocketKey() {
  std::array<unsigned char, kKeyBytes> bytes{};
  if (::RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    return Fail(ErrorCode::kUnavailable, "no random bytes");
  return ToBase64({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::string WebSocketAccept(std::string_view key) {
  const std::string text = std::string(key).append(kMagic);
  std::array<unsigned char, 20> digest{};
  unsigned size = 0;
  ::EVP_Digest(text.data(), text.size(), digest.data(), &size, ::EVP_sha1(), nullptr);
  return ToBase64({reinterpret_cast<const char*>(digest.data()), size});
}

std::string TunnelRequest(std::string_view path, std::string_view host, std::string_view key,
                          std::string_view authorization) {
  std::string out = "GET ";
  out.append(path).append(" HTTP/1.1\r\n");
  AppendField(out, "Host", host);
  AppendField(out, "Upgrade", "websocket");
  AppendField(out, "Connection", "Upgrade");
  AppendField(out, "Sec-WebSocket-Key", key);
  AppendField(out, "Sec-WebSocket-Version", "13");
  AppendField(out, "Sec-WebSocket-Protocol", kTunnelProtocol);
  if (!authorization.empty()) AppendField(out, "Authorization", authorization);
  return out + "\r\n";
}

Status CheckTunnelAnswer(const Head& answer, std::string_view key) {
  if (answer.status != 101) {
    const std::string text = "the proxy answered " + std::to_string(answer.status);
    if (answer.status == 401 || answer.status == 403) return Fail(ErrorCode::kDenied, text);
    if (answer.status == 429 || (answer.status >= 500 && answer.status != 501))
      return Fail(ErrorCode::kUnavailable, text);
    return Fail(ErrorCode::kUnsupported, text);
  }
  if (!Lists(answer.headers, "Upgrade", "websocket") ||
      !Lists(answer.headers, "Connection", "upgrade") ||
      answer.headers.Get("Sec-WebSocket-Accept") != WebSocketAccept(key))
    return Fail(ErrorCode::kInvalid, "101 without the handshake's fields");
  if (answer.headers.Get("Sec-WebSocket-Protocol") != kTunnelProtocol ||
      answer.headers.Has("Sec-WebSocket-Extensions"))
    return Fail(ErrorCode::kInvalid, "101 for another protocol");
  return {};
}

Status CheckTunnelRequest(const Head& request) {
  if (request.method != "GET" || request.minor < 1 || request.zero)
    return Fail(ErrorCode::kInvalid, "a tunnel begins with GET and HTTP/1.1");
  if (!Lists(request.headers, "Upgrade", "websocket") ||
      !Lists(request.headers, "Connection", "upgrade"))
    return Fail(ErrorCode::kInvalid, "not a WebSocket handshake");
  if (request.headers.Get("Sec-WebSocket-Version") != "13")
    return Fail(ErrorCode::kUnsupported, "WebSocket version 13 is what is known here");
  if (!IsKey(request.headers.Get("Sec-WebSocket-Key")))
    return Fail(ErrorCode::kInvalid, "Sec-WebSocket-Key is not 16 bytes");
  if (!Lists(request.headers, "Sec-WebSocket-Protocol", kTunnelProtocol))
    return Fail(ErrorCode::kUnsupported,
                "the protocol " + std::string(kTunnelProtocol) + " was not offered");
  return {};
}

std::string TunnelAnswer(const Head& request) {
  std::string out = "HTTP/1.1 101 Switching Protocols\r\n";
  AppendField(out, "Upgrade", "websocket");
  AppendField(out, "Connection", "Upgrade");
  AppendField(out, "Sec-WebSocket-Accept",
              WebSocketAccept(request.headers.Get("Sec-WebSocket-Key")));
  AppendField(out, "Sec-WebSocket-Protocol", kTunnelProtocol);
  return out + "\r\n";
}

}  // namespace drover::pushprox
