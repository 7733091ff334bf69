#include "core/compression/gzip.h"

#include <algorithm>

#include "core/base/numbers.h"
#include "core/http/router.h"

namespace drover::http {
namespace {

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool AcceptsGzip(std::string_view accept) {
  while (!accept.empty()) {
    const std::size_t comma = accept.find(',');
    const std::string_view one = accept.substr(0, comma);
    accept = comma == std::string_view::npos ? std::string_view() : accept.substr(comma + 1);
    const std::size_t semicolon = one.find(';');
    if (!EqualsNoCase(Trim(one.substr(0, semicolon)), "gzip")) continue;
    if (semicolon == std::string_view::npos) return true;
    const std::string_view parameter = Trim(one.substr(semicolon + 1));
    if (!parameter.starts_with("q=")) return true;
    return ParseFloat(parameter.substr(2)).value_or(1) > 0;
  }
  return false;
}

}  // namespace

Router::Middleware GzipResponses(std::size_t min_bytes) {
  return [min_bytes](const Request& request, const Handler& next) {
    Response response = next(request);
    if (response.body.size() < min_bytes || response.headers.Has("Content-Encoding"))
      return response;
    response.headers.Add("Vary", "Accept-Encoding");
    if (!AcceptsGzip(request.headers.Get("Accept-Encoding"))) return response;
    std::string compressed;
    compression::GzipCompress(response.body, compressed, 1);
    response.body = std::move(compressed);
    response.headers.Add("Content-Encoding", "gzip");
    return response;
  };
}

}  // namespace drover::http
