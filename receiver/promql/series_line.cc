#include "receiver/promql/series_line.h"

#include <algorithm>
#include <cmath>

#include "core/base/numbers.h"
#include "core/model/sample.h"
#include "receiver/promql/histogram/arithmetic.h"
#include "receiver/promql/lexer.h"

namespace drover::promql {
namespace {

constexpr std::int64_t kMaxRepeat = 1'000'000;

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

auto Bad(std::string_view text) {
  return Fail(ErrorCode::kInvalid, "bad series values: " + std::string(text));
}

// A number at the front, as long as it can be; removes it.
std::optional<double> TakeNumber(std::string_view& text) {
  std::size_t end = 0;
  if (end < text.size() && (text[end] == '+' || text[end] == '-')) ++end;
  const std::string lower = LowerCase(text.substr(end, 3));
  if (lower == "inf" || lower == "nan") {
    end += 3;
  } else {
    const std::size_t digits = end;
    while (end < text.size() && ((text[end] >= '0' && text[end] <= '9') || text[end] == '.')) ++end;
    if (end == digits) return std::nullopt;
    if (end + 1 < text.size() && (text[end] == 'e' || text[end] == 'E')) {
      std::size_t exponent = end + 1;
      if (text[exponent] == '+' || text[exponent] == '-') ++exponent;
      if (exponent < text.size() && text[exponent] >= '0' && text[exponent] <= '9') {
        end = exponent;
        while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
      }
    }
  }
  const auto number = ParseFloat(text.substr(0, end));
  text.remove_prefix(end);
  return number;
}

// "x5" at the front; none: 0.
std::optional<std::int64_t> TakeTimes(std::string_view& text) {
  if (text.empty()) return 0;
  if (text.front() != 'x') return std::nullopt;
  const auto n = ParseInt(text.substr(1));
  if (!n || *n < 0 || *n > kMaxRepeat) return std::nullopt;
  text = {};
  return n;
}

std::optional<std::vector<double>> NumberList(std::string_view text) {
  std::vector<double> out;
  while (true) {
    while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
    if (text.empty()) return out;
    const auto number = TakeNumber(text);
    if (!number) return std::nullopt;
    out.push_back(*number);
  }
}

Result<SeriesPoint> Histogram(std::string_view text) {
  FloatHistogram h;
  std::int32_t offset = 0;
  std::int32_t n_offset = 0;
  SeriesPoint point;
  while (true) {
    while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
    if (text.empty()) break;
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return Bad(text);
    const std::string_view key = text.substr(0, colon);
    text.remove_prefix(colon + 1);
    std::string_view value;
    if (!text.empty() && text.front() == '[') {
      const std::size_t close = text.find(']');
      if (close == std::string_view::npos) return Bad(text);
      value = text.substr(1, close - 1);
      text.remove_prefix(close + 1);
    } else {
      const std::size_t end = std::min(text.find(' '), text.size());
      value = text.substr(0, end);
      text.remove_prefix(end);
    }
    const auto number = ParseFloat(value);
    const auto list = NumberList(value);
    if (key == "counter_reset_hint") {
      point.names_hint = true;
      h.counter_reset_hint = value == "gauge"       ? CounterResetHint::kGauge
                             : value == "reset"     ? CounterResetHint::kReset
                             : value == "not_reset" ? CounterResetHint::kNotReset
                                                    : CounterResetHint::kUnknown;
    } else if (key == "buckets" && list) {
      h.positive_buckets = *list;
    } else if (key == "n_buckets" && list) {
      h.negative_buckets = *list;
    } else if (key == "custom_values" && list) {
      h.custom_values = *list;
    } else if (!number) {
      return Bad(value);
    } else if (key == "schema") {
      h.schema = static_cast<std::int32_t>(*number);
    } else if (key == "sum") {
      h.sum = *number;
    } else if (key == "count") {
      h.count = *number;
    } else if (key == "z_bucket") {
      h.zero_count = *number;
    } else if (key == "z_bucket_w") {
      h.zero_threshold = *number;
    } else if (key == "offset") {
      offset = static_cast<std::int32_t>(*number);
    } else if (key == "n_offset") {
      n_offset = static_cast<std::int32_t>(*number);
    } else {
      return Bad(key);
    }
  }
  if (!h.positive_buckets.empty()) {
    h.positive_spans = {{offset, static_cast<std::uint32_t>(h.positive_buckets.size())}};
  }
  if (!h.negative_buckets.empty()) {
    h.negative_spans = {{n_offset, static_cast<std::uint32_t>(h.negative_buckets.size())}};
  }
  point.histogram = std::make_shared<FloatHistogram>(std::move(h));
  return point;
}

Status Item(std::string_view item, std::vector<SeriesPoint>& out) {
  std::string_view rest = item;
  SeriesPoint point;
  if (rest.front() == '_') {
    rest.remove_prefix(1);
    const auto times = TakeTimes(rest);
    if (!times) return Bad(item);
    point.absent = true;
    out.insert(out.end(), static_cast<std::size_t>(std::max<std::int64_t>(1, *times)), point);
    return {};
  }
  if (rest == "stale") {
    point.value = StaleMarker();
    out.push_back(point);
    return {};
  }
  if (rest.starts_with("{{")) {
    const std::size_t close = rest.find("}}");
    if (close == std::string_view::npos) return Bad(item);
    DROVER_TRY(point, Histogram(rest.substr(2, close - 2)));
    rest.remove_prefix(close + 2);
    std::optional<SeriesPoint> step;
    bool minus = false;
    if (rest.size() > 2 && (rest[0] == '+' || rest[0] == '-') && rest.substr(1).starts_with("{{")) {
      minus = rest[0] == '-';
      const std::size_t step_close = rest.find("}}");
      if (step_close == std::string_view::npos) return Bad(item);
      DROVER_TRY(step, Histogram(rest.substr(3, step_close - 3)));
      rest.remove_prefix(step_close + 2);
    }
    const auto times = TakeTimes(rest);
    if (!times) return Bad(item);
    for (std::int64_t i = 0; i <= *times; ++i) {
      out.push_back(point);
      if (!step || i == *times) continue;
      AddNotes notes;
      const CounterResetHint hint = point.histogram->counter_reset_hint;
      FloatHistogram next = Add(*point.histogram, *step->histogram, minus ? -1 : 1, notes);
      next.counter_reset_hint = hint;
      if (notes.incompatible) return Bad(item);
      point.histogram = std::make_shared<const FloatHistogram>(std::move(next));
    }
    return {};
  }
  const auto start = TakeNumber(rest);
  if (!start) return Bad(item);
  double step = 0;
  if (!rest.empty() && rest.front() != 'x') {
    const bool minus = rest.front() == '-';
    if (!minus && rest.front() != '+') return Bad(item);
    rest.remove_prefix(1);
    const auto amount = TakeNumber(rest);
    if (!amount) return Bad(item);
    step = minus ? -*amount : *amount;
  }
  const auto times = TakeTimes(rest);
  if (!times) return Bad(item);
  point.value = *start;
  for (std::int64_t i = 0; i <= *times; ++i) {
    out.push_back(point);
    point.value += step;
  }
  return {};
}

}  // namespace

std::size_t SeriesLabelsEnd(std::string_view line) {
  bool braces = false;
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote != 0) {
      if (c == '\\' && quote != '`') {
        ++i;
      } else if (c == quote) {
        quote = 0;
      }
    } else if (braces && (c == '"' || c == '\'' || c == '`')) {
      quote = c;
    } else if (c == '{') {
      if (braces || line.substr(i).starts_with("{{")) return i;
      braces = true;
    } else if (c == '}') {
      return i + 1;
    } else if (!braces && IsBlank(c)) {
      const std::size_t next = line.find_first_not_of(" \t", i);
      if (next == std::string_view::npos || line[next] != '{' ||
          line.substr(next).starts_with("{{")) {
        return i;
      }
      i = next - 1;
    }
  }
  return line.size();
}

Result<Labels> ParseSeriesLabels(std::string_view text) {
  const std::vector<Token> tokens = Lex(text);
  LabelsBuilder builder;
  std::size_t at = 0;
  const auto is = [&](std::size_t i, TokenKind kind, std::string_view wanted) {
    return i < tokens.size() && tokens[i].kind == kind && tokens[i].text == wanted;
  };
  if (tokens[0].kind == TokenKind::kIdentifier || tokens[0].kind == TokenKind::kMetricIdentifier) {
    builder.Set(kMetricName, tokens[at++].text);
  }
  if (is(at, TokenKind::kPunctuation, "{")) {
    ++at;
    while (!is(at, TokenKind::kPunctuation, "}")) {
      const Token& name = tokens[at];
      const bool quoted = name.kind == TokenKind::kString;
      if (!quoted && name.kind != TokenKind::kIdentifier) {
        return Fail(ErrorCode::kInvalid, "bad series: " + Describe(name));
      }
      if (quoted && !is(at + 1, TokenKind::kOperator, "=")) {
        builder.Set(kMetricName, name.value);
        ++at;
      } else {
        if (!is(at + 1, TokenKind::kOperator, "=") || at + 2 >= tokens.size() ||
            tokens[at + 2].kind != TokenKind::kString) {
          return Fail(ErrorCode::kInvalid, "bad series: " + std::string(text));
        }
        builder.Set(quoted ? std::string_view(name.value) : name.text, tokens[at + 2].value);
        at += 3;
      }
      if (is(at, TokenKind::kPunctuation, ",")) ++at;
    }
    ++at;
  }
  if (at >= tokens.size() || tokens[at].kind != TokenKind::kEnd) {
    return Fail(ErrorCode::kInvalid, "bad series: " + std::string(text));
  }
  return builder.Build();
}

Result<std::vector<SeriesPoint>> ParseSeriesValues(std::string_view text) {
  std::vector<SeriesPoint> out;
  while (true) {
    while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
    if (text.empty()) return out;
    std::size_t end = 0;
    while (end < text.size() && !IsBlank(text[end])) {
      if (text.substr(end).starts_with("{{")) {
        const std::size_t close = text.find("}}", end);
        if (close == std::string_view::npos) return Bad(text);
        end = close + 2;
      } else {
        ++end;
      }
    }
    DROVER_CHECK(Item(text.substr(0, end), out));
    text.remove_prefix(end);
  }
}

Result<SeriesLine> ParseSeriesLine(std::string_view line) {
  while (!line.empty() && IsBlank(line.front())) line.remove_prefix(1);
  const std::size_t end = SeriesLabelsEnd(line);
  SeriesLine out;
  DROVER_TRY(out.labels, ParseSeriesLabels(line.substr(0, end)));
  DROVER_TRY(out.points, ParseSeriesValues(line.substr(end)));
  return out;
}

}  // namespace drover::promql
