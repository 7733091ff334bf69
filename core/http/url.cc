#include "core/http/url.h"

#include <algorithm>

#include "core/base/numbers.h"
#include "core/http/message.h"

namespace drover::http {
namespace {

constexpr char kHex[] = "0123456789ABCDEF";

bool IsUnreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.' || c == '~';
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string Encode(std::string_view text, bool space_as_plus) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (IsUnreserved(c)) {
      out += c;
    } else if (c == ' ' && space_as_plus) {
      out += '+';
    } else {
      const auto u = static_cast<unsigned char>(c);
      out += '%';
      out += kHex[u >> 4];
      out += kHex[u & 15];
    }
  }
  return out;
}

std::optional<int> ParsePort(std::string_view text) {
  const auto port = ParseUint(text);
  if (!port || *port > 65535 || text.front() == '+') return std::nullopt;
  return static_cast<int>(*port);
}

}  // namespace

std::string PercentEncode(std::string_view text) { return Encode(text, false); }
std::string QueryEscape(std::string_view text) { return Encode(text, true); }

std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = HexValue(text[i + 1]);
      const int low = HexValue(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

Result<Url> ParseUrl(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    std::string shown(text);
    // Whatever stands before an @ may be a password.
    if (const std::size_t at = shown.rfind('@'); at != std::string::npos) {
      const std::size_t slashes = shown.find("://");
      const std::size_t begin = slashes == std::string::npos ? 0 : slashes + 3;
      if (begin < at) shown.replace(begin, at - begin, "xxxxx");
    }
    return Fail(ErrorCode::kInvalid,
                "\"" + shown.substr(0, 200) + "\" is no URL: " + std::string(why));
  };
  Url url;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7F)
      return bad("it holds a space or control character");
  }
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) return bad("it must start with http:// or https://");
  url.scheme = text.substr(0, colon);
  std::transform(url.scheme.begin(), url.scheme.end(), url.scheme.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (url.scheme != "http" && url.scheme != "https")
    return bad("unsupported scheme \"" + url.scheme + "\"");
  std::string_view rest = text.substr(colon + 3);
  rest = rest.substr(0, rest.find('#'));
  const std::size_t end = rest.find_first_of("/?");
  std::string_view authority = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end);
  const std::size_t question = rest.find('?');
  url.path = rest.substr(0, question);
  if (question != std::string_view::npos) url.query = rest.substr(question + 1);
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    const std::string_view login = authority.substr(0, at);
    const std::size_t split = login.find(':');
    url.user = PercentDecode(login.substr(0, split), false).value_or(std::string(login));
    if (split != std::string_view::npos)
      url.password = PercentDecode(login.substr(split + 1), false).value_or("");
    authority.remove_prefix(at + 1);
  }
  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) return bad("missing ] in the host");
    url.host = authority.substr(1, close - 1);
    port = authority.substr(close + 1);
    if (!port.empty() && port.front() != ':') return bad("unexpected text behind ]");
  } else {
    const std::size_t split = authority.rfind(':');
    url.host = authority.substr(0, split);
    if (split != std::string_view::npos) port = authority.substr(split);
    if (url.host.find(':') != std::string::npos) return bad("an IPv6 address needs brackets");
  }
  if (url.host.empty()) return bad("the host is missing");
  url.port = url.scheme == "https" ? 443 : 80;
  if (port.size() > 1) {
    const auto number = ParsePort(port.substr(1));
    if (!number) return bad("bad port");
    url.port = *number;
    url.port_given = true;
  }
  return url;
}

std::string Url::HostPort() const {
  std::string out = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port_given) out += ":" + std::to_string(port);
  return out;
}

std::string Url::ToString(bool with_password) const {
  std::string out = scheme + "://";
  if (!user.empty()) {
    out += PercentEncode(user);
    if (!password.empty()) out += ":" + (with_password ? PercentEncode(password) : "xxxxx");
    out += '@';
  }
  out += HostPort() + path;
  if (!query.empty()) out += "?" + query;
  return out;
}

Result<HostPort> ParseHostPort(std::string_view text) {
  const auto bad = [&] {
    return Fail(ErrorCode::kInvalid, "\"" + std::string(text) +
                                         "\" is no address: write host:port, :port or [ipv6]:port");
  };
  HostPort out;
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t close = text.find("]:");
    if (close == std::string_view::npos) return bad();
    out.host = text.substr(1, close - 1);
    port = text.substr(close + 2);
  } else {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || text.find(':') != colon) return bad();
    out.host = text.substr(0, colon);
    port = text.substr(colon + 1);
  }
  if (port.empty()) return bad();
  const auto number = ParsePort(port);
  if (!number) return bad();
  out.port = *number;
  return out;
}

void Form::Parse(std::string_view encoded) {
  while (!encoded.empty()) {
    const std::size_t end = encoded.find('&');
    const std::string_view pair = encoded.substr(0, end);
    encoded = end == std::string_view::npos ? std::string_view() : encoded.substr(end + 1);
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    const std::string_view name = pair.substr(0, equals);
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    list_.emplace_back(PercentDecode(name, true).value_or(std::string(name)),
                       PercentDecode(value, true).value_or(std::string(value)));
  }
}

std::string_view Form::Get(std::string_view name) const {
  for (const auto& [key, value] : list_) {
    if (key == name) return value;
  }
  return {};
}

bool Form::Has(std::string_view name) const {
  return std::any_of(list_.begin(), list_.end(),
                     [&](const auto& pair) { return pair.first == name; });
}

std::vector<std::string> Form::All(std::string_view name) const {
  std::vector<std::string> out;
  for (const auto& [key, value] : list_) {
    if (key == name) out.push_back(value);
  }
  return out;
}

Form FormOf(const Request& request) {
  Form form;
  const std::string_view type = request.headers.Get("Content-Type");
  if ((request.method == "POST" || request.method == "PUT") &&
      EqualsNoCase(type.substr(0, type.find(';')), "application/x-www-form-urlencoded")) {
    form.Parse(request.body);
  }
  form.Parse(request.query);
  return form;
}

}  // namespace drover::http
