#include <algorithm>
#include <map>
#include <set>

#include "core/base/json_escape.h"
#include "core/base/numbers.h"
#include "core/base/utf8.h"
#include "receiver/api/prometheus_v1/answer.h"
#include "receiver/api/prometheus_v1/api.h"
#include "receiver/api/prometheus_v1/params.h"

namespace drover::api {
namespace {

constexpr std::string_view kTruncated = "results truncated due to limit";

// "_k8s_2e_pod" behind U__: __ is _, _xx_ the code point. nullopt: not in that form, taken as it
// stands.
std::optional<std::string> UnescapeName(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (text.front() != '_') {
      out += text.front();
      text.remove_prefix(1);
      continue;
    }
    text.remove_prefix(1);
    if (text.starts_with('_')) {
      out += '_';
      text.remove_prefix(1);
      continue;
    }
    const std::size_t end = text.find('_');
    if (end == 0 || end == std::string_view::npos || end > 6) return std::nullopt;
    std::uint32_t code = 0;
    for (const char c : text.substr(0, end)) {
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) return std::nullopt;
      code = code * 16 + static_cast<std::uint32_t>(digit);
    }
    if (code < 0x80) {
      out += static_cast<char>(code);
    } else if (code < 0x800) {
      out += static_cast<char>(0xC0 | code >> 6);
      out += static_cast<char>(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
      out += static_cast<char>(0xE0 | code >> 12);
      out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
      out += static_cast<char>(0x80 | (code & 0x3F));
    } else {
      out += static_cast<char>(0xF0 | code >> 18);
      out += static_cast<char>(0x80 | (code >> 12 & 0x3F));
      out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
      out += static_cast<char>(0x80 | (code & 0x3F));
    }
    text.remove_prefix(end + 1);
  }
  return out;
}

struct Asked {
  TimeRange range;
  std::vector<std::vector<Matcher>> matches;
  std::size_t limit = 0;
  std::optional<http::Response> failure;
};

Asked Read(const http::Request& request) {
  Asked out;
  const http::Form form = http::FormOf(request);
  const auto limit = ParseLimit(form);
  if (!limit) {
    out.failure = BadParameter("limit", limit.error().message());
    return out;
  }
  out.limit = *limit;
  std::string bad;
  const auto range = ParseRange(form, bad);
  if (!range) {
    out.failure = BadParameter(bad, range.error().message());
    return out;
  }
  out.range = *range;
  auto matches = ParseMatches(form);
  if (!matches) {
    out.failure = BadParameter("match[]", matches.error().message());
    return out;
  }
  out.matches = std::move(*matches);
  return out;
}

template <typename List>
Notes Truncate(List& list, std::size_t limit) {
  if (limit == 0 || list.size() <= limit) return {};
  list.resize(limit);
  return {{std::string(kTruncated)}, {}};
}

http::Response Strings(std::vector<std::string> list, std::size_t limit) {
  const Notes notes = Truncate(list, limit);
  std::string data;
  AppendStrings(data, list);
  return Success(data, notes);
}

// The union over all selectors of what `one` answers.
template <typename One>
Result<std::vector<std::string>> Union(const std::vector<std::vector<Matcher>>& matches,
                                       const One& one) {
  if (matches.empty()) return one(std::vector<Matcher>());
  if (matches.size() == 1) return one(matches.front());
  std::set<std::string> all;
  for (const auto& matchers : matches) {
    DROVER_TRY(const auto part, one(matchers));
    all.insert(part.begin(), part.end());
  }
  return std::vector<std::string>(all.begin(), all.end());
}

}  // namespace

http::Response PrometheusApi::SeriesList(const http::Request& request) {
  const Asked asked = Read(request);
  if (asked.failure) return *asked.failure;
  if (asked.matches.empty()) return Failure(ErrorType::kBadData, "no match[] parameter provided");
  std::vector<Labels> found;
  SelectHints hints;
  hints.labels_only = true;
  for (const auto& matchers : asked.matches) {
    auto set = head_.Select(matchers, asked.range.min_ms, asked.range.max_ms, hints);
    if (!set) return Failure(set.error());
    while ((*set)->Next()) found.push_back((*set)->labels());
  }
  if (asked.matches.size() > 1) {
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
  }
  const Notes notes = Truncate(found, asked.limit);
  std::string data = "[";
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (i > 0) data += ',';
    AppendLabels(data, found[i]);
  }
  data += ']';
  return Success(data, notes);
}

http::Response PrometheusApi::LabelNames(const http::Request& request) {
  const Asked asked = Read(request);
  if (asked.failure) return *asked.failure;
  auto names = Union(asked.matches, [&](const std::vector<Matcher>& m) {
    return head_.LabelNames(m, asked.range.min_ms, asked.range.max_ms);
  });
  if (!names) return Failure(names.error());
  return Strings(std::move(*names), asked.limit);
}

http::Response PrometheusApi::LabelValues(const http::Request& request) {
  std::string_view path = request.path;
  path.remove_prefix(std::string_view("/api/v1/label/").size());
  if (!path.ends_with("/values")) return http::Response::Text(404, "404 page not found\n");
  std::string name(path.substr(0, path.size() - 7));
  if (name.starts_with("U__")) name = UnescapeName(std::string_view(name).substr(3)).value_or(name);
  if (name.empty() || !IsValidUtf8(name))
    return Failure(ErrorType::kBadData, "invalid label name: \"" + ReplaceInvalidUtf8(name) + "\"");
  const Asked asked = Read(request);
  if (asked.failure) return *asked.failure;
  auto values = Union(asked.matches, [&](const std::vector<Matcher>& m) {
    return head_.LabelValues(name, m, asked.range.min_ms, asked.range.max_ms);
  });
  if (!values) return Failure(values.error());
  return Strings(std::move(*values), asked.limit);
}

http::Response PrometheusApi::Metadata(const http::Request& request) {
  const http::Form form = http::FormOf(request);
  std::int64_t limit = -1;
  if (const std::string_view text = form.Get("limit"); !text.empty()) {
    const auto number = ParseInt(text);
    if (!number) return Failure(ErrorType::kBadData, "limit must be a number");
    limit = *number;
  }
  if (const std::string_view text = form.Get("limit_per_metric");
      !text.empty() && !ParseInt(text)) {
    return Failure(ErrorType::kBadData, "limit_per_metric must be a number");
  }
  const std::string_view wanted = form.Get("metric");
  std::string data = "{";
  std::int64_t count = 0;
  for (const MetricMetadata& one : head_.Metadata()) {
    if (!wanted.empty() && one.family != wanted) continue;
    if (limit >= 0 && count >= limit) break;
    if (count++ > 0) data += ',';
    AppendJsonString(data, one.family);
    data += ":[{\"type\":\"";
    data += Text(one.type);
    data += "\",\"unit\":";
    AppendJsonString(data, one.unit);
    data += ",\"help\":";
    AppendJsonString(data, one.help);
    data += "}]";
  }
  data += '}';
  return Success(data);
}

}  // namespace drover::api
