#include "core/exposition/negotiate.h"

#include "core/base/numbers.h"

namespace drover::exposition {
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

}  // namespace

std::string_view TextContentType(std::string_view accept) {
  while (!accept.empty()) {
    std::string_view item = Cut(accept, ',');
    const std::string_view type = Cut(item, ';');
    if (type != "text/plain" && type != "text/*" && type != "*/*") continue;
    while (!item.empty()) {
      if (Cut(item, ';') == "escaping=allow-utf-8")
        return "text/plain; version=0.0.4; charset=utf-8; escaping=allow-utf-8";
    }
  }
  return "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";
}

bool AcceptsGzip(std::string_view accept_encoding) {
  bool any = false;
  while (!accept_encoding.empty()) {
    std::string_view item = Cut(accept_encoding, ',');
    const std::string_view coding = Cut(item, ';');
    if (coding != "gzip" && coding != "*") continue;
    double weight = 1;
    while (!item.empty()) {
      std::string_view parameter = Cut(item, ';');
      if (Cut(parameter, '=') == "q") weight = ParseFloat(Trim(parameter)).value_or(0);
    }
    if (coding == "gzip") return weight > 0;
    any = weight > 0;
  }
  return any;
}

}  // namespace drover::exposition
