// The head of an HTTP/1.x message (RFC 9112): start line and fields, for a server and a client that
// relay. Strict where two readers could disagree about where a message ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/http/message.h"

namespace drover::pushprox {

// How the body's end is found.
enum class Framing {
  kNone,
  kLength,
  kChunked,
  kToEnd,  // of the connection or of what carries the message
};

struct Head {
  std::string method;  // of a request
  std::string target;
  int status = 0;  // of a response
  std::string reason;
  int minor = 1;      // of the version: HTTP/1.minor. 0 for HTTP/0.0, which PushProx writes
  bool zero = false;  // the version is 0.x
  http::Headers headers;
  std::optional<std::uint64_t> length;  // Content-Length
  bool chunked = false;                 // Transfer-Encoding

  bool KeepAlive() const;
};

// Bytes of the head with its empty line, npos when it is not whole yet. Search goes on from `from`.
std::size_t HeadEnd(std::string_view bytes, std::size_t from = 0);

// `text` is a whole head. kInvalid: a field without name or with control characters, folded lines,
// two lengths that differ, a length beside a transfer coding, another coding than chunked.
Result<Head> ParseRequestHead(std::string_view text);
Result<Head> ParseResponseHead(std::string_view text);

// A request has no body unless it says so; an answer goes on to the end unless it says otherwise,
// and has none for HEAD, 1xx, 204 and 304.
Framing RequestFraming(const Head& head);
Framing ResponseFraming(const Head& head, bool to_head_request);

// What is between two neighbours only: Connection and the fields it names, Keep-Alive, Proxy-*, TE,
// Trailer, Transfer-Encoding, Upgrade. Content-Length goes too: the writer frames anew.
void StripHopByHop(http::Headers& headers);

void AppendField(std::string& out, std::string_view name, std::string_view value);

}  // namespace drover::pushprox
