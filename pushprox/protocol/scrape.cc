#include "pushprox/protocol/scrape.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/base/numbers.h"

namespace drover::pushprox {

bool IsName(std::string_view name) {
  return !name.empty() && name.size() <= 253 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == ':';
  });
}

std::optional<Millis> ParseTimeout(std::string_view seconds) {
  const auto value = ParseFloat(seconds);
  if (!value || !(*value > 0) || *value > 86400) return std::nullopt;
  return Millis(std::max<std::int64_t>(1, std::llround(*value * 1000)));
}

std::string FormatTimeout(Millis timeout) {
  std::string out;
  AppendFloatF(out, static_cast<double>(timeout.count()) / 1000);
  return out;
}

Result<std::string> NewId() {
  std::array<unsigned char, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    return Fail(ErrorCode::kUnavailable, "no random bytes");
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3F) | 0x80);
  std::string id;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) id += '-';
    id += "0123456789abcdef"[bytes[i] >> 4];
    id += "0123456789abcdef"[bytes[i] & 15];
  }
  return id;
}

std::string HandOver(const Head& head, const http::Url& url, std::string_view id, Millis timeout) {
  http::Headers headers = head.headers;
  StripHopByHop(headers);
  for (const std::string_view name : {std::string_view("Host"), kIdHeader, kTimeoutHeader})
    headers.Remove(name);
  const std::string authority = url.HostPort();
  std::string out = head.method + " " + url.scheme + "://" + authority;
  out += url.path.empty() ? "/" : url.path;
  if (!url.query.empty()) out += "?" + url.query;
  out += " HTTP/1.1\r\n";
  AppendField(out, "Host", authority);
  for (const auto& [name, value] : headers.list()) AppendField(out, name, value);
  AppendField(out, kIdHeader, id);
  AppendField(out, kTimeoutHeader, FormatTimeout(timeout));
  return out + "\r\n";
}

std::string ConnectRequest(std::string_view name, int port, std::string_view id, Millis timeout) {
  const bool address = name.find(':') != std::string_view::npos;
  std::string authority = address ? "[" + std::string(name) + "]" : std::string(name);
  authority += ":" + std::to_string(port);
  std::string out = "CONNECT " + authority + " HTTP/1.1\r\n";
  AppendField(out, "Host", authority);
  AppendField(out, kIdHeader, id);
  AppendField(out, kTimeoutHeader, FormatTimeout(timeout));
  return out + "\r\n";
}

std::string ShownTarget(std::string_view target) {
  std::string shown(target.substr(0, target.find_first_of("?#")));
  const std::size_t scheme = shown.find("://");
  const std::size_t from = scheme == std::string::npos ? 0 : scheme + 3;
  const std::size_t at = shown.substr(0, shown.find('/', from)).rfind('@');
  if (at != std::string::npos && at >= from) shown.erase(from, at + 1 - from);
  return shown;
}

bool TakeSchemeHttps(std::string& query) {
  std::string rest;
  bool found = false;
  std::string_view left = query;
  while (!left.empty()) {
    const std::size_t end = left.find('&');
    const std::string_view one = left.substr(0, end);
    if (one == "_scheme=https") {
      found = true;
    } else {
      if (!rest.empty()) rest += '&';
      rest += one;
    }
    left = end == std::string_view::npos ? std::string_view() : left.substr(end + 1);
  }
  if (found) query = rest;
  return found;
}

}  // namespace drover::pushprox
