#include "pushprox/protocol/head.h"

#include <algorithm>
#include <vector>

#include "core/base/numbers.h"

namespace drover::pushprox {
namespace {

constexpr std::size_t kMaxFields = 256;

bool IsToken(std::string_view text) {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
  });
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// The line without its end, taken off `text`.
std::string_view TakeLine(std::string_view& text) {
  const std::size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

tl::unexpected<Error> Bad(std::string why) { return Fail(ErrorCode::kInvalid, std::move(why)); }

bool IsDigits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Status TakeVersion(std::string_view text, Head& head) {
  if (text.size() != 8 || !text.starts_with("HTTP/") || text[6] != '.' ||
      !IsDigits(text.substr(5, 1)) || !IsDigits(text.substr(7, 1)) || text[5] > '1')
    return Bad("not a version of HTTP/1");
  head.zero = text[5] == '0';
  head.minor = head.zero || text[7] == '0' ? 0 : 1;
  return {};
}

Status TakeFraming(std::string_view name, std::string_view value, Head& head) {
  if (http::EqualsNoCase(name, "Content-Length")) {
    const auto length = IsDigits(value) ? ParseUint(value) : std::nullopt;
    if (!length || *length > (std::uint64_t{1} << 50)) return Bad("Content-Length is no length");
    if (head.length && *head.length != *length) return Bad("two values of Content-Length");
    head.length = length;
  } else if (http::EqualsNoCase(name, "Transfer-Encoding")) {
    if (head.chunked || !http::EqualsNoCase(value, "chunked"))
      return Bad("unsupported Transfer-Encoding");
    head.chunked = true;
  }
  return {};
}

Status TakeFields(std::string_view text, Head& head) {
  for (std::string_view line = TakeLine(text); !line.empty(); line = TakeLine(text)) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !IsToken(line.substr(0, colon)))
      return Bad("malformed header field");
    const std::string_view value = Trim(line.substr(colon + 1));
    if (HasControl(value)) return Bad("control character in a header field");
    if (head.headers.list().size() >= kMaxFields) return Bad("too many header fields");
    DROVER_CHECK(TakeFraming(line.substr(0, colon), value, head));
    head.headers.Add(line.substr(0, colon), value);
  }
  if (head.length && head.chunked) return Bad("Content-Length beside Transfer-Encoding");
  return {};
}

// The items of a list field.
std::vector<std::string> Items(std::string_view value) {
  std::vector<std::string> items;
  while (!value.empty()) {
    const std::size_t comma = value.find(',');
    items.emplace_back(Trim(value.substr(0, comma)));
    value = comma == std::string_view::npos ? std::string_view() : value.substr(comma + 1);
  }
  return items;
}

}  // namespace

bool Head::KeepAlive() const {
  bool keep = minor == 1;
  for (const auto& [name, value] : headers.list()) {
    if (!http::EqualsNoCase(name, "Connection")) continue;
    for (const std::string& item : Items(value)) {
      if (http::EqualsNoCase(item, "close")) return false;
      if (http::EqualsNoCase(item, "keep-alive")) keep = true;
    }
  }
  return keep;
}

std::size_t HeadEnd(std::string_view bytes, std::size_t from) {
  std::size_t at = from > 3 ? from - 3 : 0;
  while ((at = bytes.find('\n', at)) != std::string_view::npos) {
    const std::string_view rest = bytes.substr(at + 1);
    if (rest.starts_with('\n')) return at + 2;
    if (rest.starts_with("\r\n")) return at + 3;
    ++at;
  }
  return std::string_view::npos;
}

Result<Head> ParseRequestHead(std::string_view text) {
  Head head;
  const std::string_view line = TakeLine(text);
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return Bad("malformed request line");
  head.method = line.substr(0, first);
  head.target = line.substr(first + 1, last - first - 1);
  if (!IsToken(head.method) || head.method.size() > 32) return Bad("malformed method");
  if (head.target.empty() || HasControl(head.target) ||
      head.target.find_first_of(" \t") != std::string::npos)
    return Bad("malformed request target");
  DROVER_CHECK(TakeVersion(line.substr(last + 1), head));
  DROVER_CHECK(TakeFields(text, head));
  return head;
}

Result<Head> ParseResponseHead(std::string_view text) {
  Head head;
  const std::string_view line = TakeLine(text);
  DROVER_CHECK(TakeVersion(line.substr(0, 8), head));
  if (line.size() < 12 || line[8] != ' ' || !IsDigits(line.substr(9, 3)) ||
      (line.size() > 12 && line[12] != ' '))
    return Bad("malformed status line");
  head.status = static_cast<int>(*ParseUint(line.substr(9, 3)));
  if (head.status < 100 || head.status > 599) return Bad("status out of range");
  if (line.size() > 13) head.reason = line.substr(13);
  if (HasControl(head.reason)) return Bad("control character in the status line");
  DROVER_CHECK(TakeFields(text, head));
  return head;
}

Framing RequestFraming(const Head& head) {
  if (head.chunked) return Framing::kChunked;
  return head.length.value_or(0) > 0 ? Framing::kLength : Framing::kNone;
}

Framing ResponseFraming(const Head& head, bool to_head_request) {
  if (to_head_request || head.status < 200 || head.status == 204 || head.status == 304)
    return Framing::kNone;
  if (head.chunked) return Framing::kChunked;
  if (!head.length) return Framing::kToEnd;
  return *head.length > 0 ? Framing::kLength : Framing::kNone;
}

void StripHopByHop(http::Headers& headers) {
  std::vector<std::string> names = {"Keep-Alive",
                                    "Proxy-Authenticate",
                                    "Proxy-Authorization",
                                    "Proxy-Connection",
                                    "TE",
                                    "Trailer",
                                    "Transfer-Encoding",
                                    "Upgrade",
                                    "Content-Length",
                                    "Connection"};
  for (const auto& [name, value] : headers.list()) {
    if (!http::EqualsNoCase(name, "Connection")) continue;
    for (std::string& item : Items(value)) names.push_back(std::move(item));
  }
  for (const std::string& name : names) headers.Remove(name);
}

void AppendField(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace drover::pushprox
