#include "core/http/content_coding.h"

#include <algorithm>
#include <optional>

#include "core/base/numbers.h"
#include "core/compression/gzip.h"
#include "core/compression/zstd.h"

namespace drover::http {
namespace {

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Cuts the part before `separator` off `rest`.
std::string_view Cut(std::string_view& rest, char separator) {
  const std::size_t at = rest.find(separator);
  const std::string_view part = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  return Trim(part);
}

// A weight that is no number counts as 0.
double WeightOf(std::string_view parameters) {
  while (!parameters.empty()) {
    std::string_view one = Cut(parameters, ';');
    if (EqualsNoCase(Cut(one, '='), "q")) return ParseFloat(Trim(one)).value_or(0);
  }
  return 1;
}

}  // namespace

std::string_view Name(ContentCoding coding) {
  switch (coding) {
    case ContentCoding::kGzip:
      return "gzip";
    case ContentCoding::kZstd:
      return "zstd";
    case ContentCoding::kIdentity:
      break;
  }
  return "";
}

ContentCoding ChooseCoding(std::string_view accept_encoding) {
  std::optional<double> gzip, zstd, any;
  while (!accept_encoding.empty()) {
    std::string_view item = Cut(accept_encoding, ',');
    const std::string_view name = Cut(item, ';');
    const double weight = WeightOf(item);
    if (EqualsNoCase(name, "gzip") || EqualsNoCase(name, "x-gzip")) gzip = weight;
    if (EqualsNoCase(name, "zstd")) zstd = weight;
    if (name == "*") any = weight;
  }
  // "*" is what has no name in the list: gzip where it is not named, else nothing we would want.
  const double for_gzip = gzip.value_or(any.value_or(0));
  const double for_zstd = zstd.value_or(0);
  if (for_gzip <= 0 && for_zstd <= 0) return ContentCoding::kIdentity;
  return for_gzip >= for_zstd ? ContentCoding::kGzip : ContentCoding::kZstd;
}

void Encode(ContentCoding coding, std::string_view body, std::string& out) {
  switch (coding) {
    case ContentCoding::kIdentity:
      out = body;
      return;
    case ContentCoding::kGzip:
      compression::GzipCompress(body, out, 1);
      return;
    case ContentCoding::kZstd:
      compression::ZstdCompressor(1).Compress(body, out);
      return;
  }
}

Router::Middleware CompressResponses(std::size_t min_bytes) {
  return [min_bytes](const Request& request, const Handler& next) {
    Response response = next(request);
    if (response.body.size() < min_bytes || response.headers.Has("Content-Encoding"))
      return response;
    response.headers.Add("Vary", "Accept-Encoding");
    const ContentCoding coding = ChooseCoding(request.headers.Get("Accept-Encoding"));
    if (coding == ContentCoding::kIdentity) return response;
    std::string compressed;
    Encode(coding, response.body, compressed);
    response.body = std::move(compressed);
    response.headers.Add("Content-Encoding", Name(coding));
    return response;
  };
}

}  // namespace drover::http
