// Content-Encoding of answers, chosen by Accept-Encoding (RFC 9110, 12.5.3).
#pragma once

#include <string>
#include <string_view>

#include "core/http/router.h"

namespace drover::http {

enum class ContentCoding { kIdentity, kGzip, kZstd };

std::string_view Name(ContentCoding coding);  // "gzip"; "" for the identity

// The one with the highest weight; gzip before zstd where they weigh the same, and the identity
// only where nothing else may be used.
ContentCoding ChooseCoding(std::string_view accept_encoding);

// Replaces `out` by what `body` is in that coding.
void Encode(ContentCoding coding, std::string_view body, std::string& out);

// Compresses bodies for clients that accept it. Adds Vary. Bodies under `min_bytes` and answers
// with an encoding of their own pass unchanged.
Router::Middleware CompressResponses(std::size_t min_bytes = 1024);

}  // namespace drover::http
