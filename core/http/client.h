// Asking another HTTP server. core/http/client implements it with libcurl; tests play a peer.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/http/message.h"

namespace drover::http {

struct ClientRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  Millis timeout{30'000};                   // for all of it, connecting included
  std::uint64_t max_body_bytes = 64 << 20;  // of the answer, after decompression
  bool accept_gzip = false;
};
struct ClientResponse {
  int status = 0;
  Headers headers;
  std::string body;
};

// Any answer, whatever its status, is a success here. Errors: kUnavailable (cannot connect,
// timeout, broken off), kExhausted (body over its limit), kInvalid (the URL, a certificate file),
// kDenied (a credentials file that cannot be read), kCancelled. Thread-safe.
class Client {
 public:
  virtual ~Client() = default;
  using Done = std::function<void(Result<ClientResponse>)>;
  // `done` runs once, on the client's thread: it must not block. Destroying the client cancels what
  // is under way, with kCancelled.
  virtual void Start(ClientRequest request, Done done) = 0;

  // The same, waiting. `stop` gives kCancelled at once.
  Result<ClientResponse> Do(ClientRequest request, std::stop_token stop = {});
};

}  // namespace drover::http
