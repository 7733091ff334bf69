// One HTTP POST over TCP or a Unix socket, for collectors that ask a service of this host. The
// exporter does without an HTTP client library: this one knows no TLS, no redirects, no reuse.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace drover::exporters::node {

struct PostTarget {
  std::string host, port;     // of http://
  std::string path = "/";     // of the request
  std::string unix_socket;    // of unix://: then the request's path is /RPC2
  std::string authorization;  // "Basic …" of http://user:password@…
};
// "http://host:9001/RPC2", "unix:///run/supervisor.sock". kInvalid for anything else.
Result<PostTarget> ParsePostTarget(std::string_view url);

// The body of an answer 200. kUnavailable for other answers, silence for `timeout`, and bodies of
// more than 8 MiB; kNotFound when nobody listens.
Result<std::string> HttpPost(const PostTarget& target, std::string_view content_type,
                             std::string_view body, std::chrono::milliseconds timeout);

// The body of an HTTP/1 answer that came whole. One that does not tell its length is whole only
// when the peer has closed (`at_end`).
Result<std::string_view> ParseHttpAnswer(std::string_view bytes, bool at_end);

}  // namespace drover::exporters::node
