#include "exporters/node/system/text_families.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "core/base/utf8.h"
#include "core/base/numbers.h"
#include "core/model/labels.h"

namespace drover::exporters::node {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::optional<double> ParseValue(std::string_view text) {
  if (text.find_first_of("pPxX_") != std::string_view::npos) return std::nullopt;
  const auto value = ParseFloat(text);
  const bool says_infinity = text.find_first_of("iI") != std::string_view::npos;
  if (value && std::isinf(*value) && !says_infinity) return std::nullopt;
  return value;
}

// What a line is cut into: one pass, the rest of the line in front of it.
class Line {
 public:
  explicit Line(std::string_view text) : rest_(text) {}

  void SkipBlanks() {
    while (!rest_.empty() && IsBlank(rest_.front())) rest_.remove_prefix(1);
  }
  bool Take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string_view Name(bool with_colon) {
    std::size_t n = 0;
    while (n < rest_.size() &&
           (IsLetter(rest_[n]) || (with_colon && rest_[n] == ':') || (n > 0 && IsDigit(rest_[n]))))
      ++n;
    return TakeFront(n);
  }
  std::string_view Word() {
    std::size_t n = 0;
    while (n < rest_.size() && !IsBlank(rest_[n])) ++n;
    return TakeFront(n);
  }
  // Behind the opening quote, up to and with the closing one.
  std::optional<std::string> QuotedRest() {
    std::string value;
    while (!rest_.empty()) {
      const char c = TakeFront(1).front();
      if (c == '"') return value;
      if (c != '\\') {
        value += c;
        continue;
      }
      if (rest_.empty()) return std::nullopt;
      const char escaped = TakeFront(1).front();
      if (escaped != '\\' && escaped != '"' && escaped != 'n') return std::nullopt;
      value += escaped == 'n' ? '\n' : escaped;
    }
    return std::nullopt;
  }
  std::string_view rest() const { return rest_; }
  bool AtEnd() const { return rest_.empty(); }

 private:
  std::string_view TakeFront(std::size_t n) {
    const std::string_view front = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return front;
  }
  std::string_view rest_;
};

class Parser {
 public:
  Result<std::vector<TextFamily>> Parse(std::string_view text) {
    while (!text.empty()) {
      ++line_number_;
      const std::size_t end = text.find('\n');
      if (end == std::string_view::npos) return Bad("the last line has no newline");
      DROVER_CHECK(ParseLine(Line(text.substr(0, end))));
      text.remove_prefix(end + 1);
    }
    std::erase_if(families_, [](const TextFamily& family) { return family.metrics.empty(); });
    return std::move(families_);
  }

 private:
  enum class Part { kValue, kSum, kCount };

  tl::unexpected<Error> Bad(std::string_view what, std::string_view text = {}) const {
    std::string message = "line " + std::to_string(line_number_) + ": " + std::string(what);
    if (!text.empty()) AppendGoQuoted(message += ' ', text.substr(0, 60));
    return Fail(ErrorCode::kInvalid, std::move(message));
  }

  Status ParseLine(Line line) {
    line.SkipBlanks();
    if (line.AtEnd()) return {};
    if (line.Take('#')) return ParseComment(line);
    return ParseSample(line);
  }

  Status ParseComment(Line line) {
    line.SkipBlanks();
    const std::string_view keyword = line.Word();
    if (keyword != "HELP" && keyword != "TYPE") return {};
    line.SkipBlanks();
    if (line.AtEnd()) return {};
    const std::string_view name = line.Name(true);
    if (name.empty() || (!line.AtEnd() && !IsBlank(line.rest().front())))
      return Bad("invalid metric name in comment");
    if (line.AtEnd()) return {};
    TextFamily& family = FamilyOf(name).first;
    line.SkipBlanks();
    if (line.AtEnd()) return {};
    return keyword == "HELP" ? ParseHelp(line, family) : ParseType(line, family);
  }

  Status ParseHelp(Line line, TextFamily& family) const {
    if (family.help) return Bad("second HELP line for metric name", family.name);
    std::string help;
    const std::string_view rest = line.rest();
    for (std::size_t i = 0; i < rest.size(); ++i) {
      if (rest[i] != '\\') {
        help += rest[i];
        continue;
      }
      if (++i == rest.size() || (rest[i] != '\\' && rest[i] != 'n' && rest[i] != '"'))
        return Bad("invalid escape sequence");
      help += rest[i] == 'n' ? '\n' : rest[i];
    }
    family.help = ReplaceInvalidUtf8(help);
    return {};
  }

  Status ParseType(Line line, TextFamily& family) const {
    if (family.type)
      return Bad("second TYPE line, or TYPE after samples, for metric name", family.name);
    std::string type(line.rest());
    std::transform(type.begin(), type.end(), type.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (type == "counter") {
      family.type = MetricType::kCounter;
    } else if (type == "gauge") {
      family.type = MetricType::kGauge;
    } else if (type == "histogram") {
      family.type = MetricType::kHistogram;
    } else if (type == "summary") {
      family.type = MetricType::kSummary;
    } else if (type == "untyped") {
      family.type = MetricType::kUnknown;
    } else {
      return Bad("unknown metric type", line.rest());
    }
    return {};
  }

  Status ParseSample(Line line) {
    const std::string_view name = line.Name(true);
    if (name.empty()) return Bad("invalid metric name");
    const auto [family, part] = FamilyOf(name);
    if (!family.type) family.type = MetricType::kUnknown;
    const std::string_view inner = *family.type == MetricType::kHistogram ? "le"
                                   : *family.type == MetricType::kSummary ? "quantile"
                                                                          : "";
    TextMetric metric;
    std::optional<double> bound;
    line.SkipBlanks();
    if (line.Take('{')) DROVER_CHECK(ParseLabels(line, inner, metric, bound));
    line.SkipBlanks();
    const std::string_view number = line.Word();
    const auto value = ParseValue(number);
    if (!value) return Bad("expected float as value, got", number);
    if (!line.AtEnd()) {
      line.SkipBlanks();
      const std::string_view timestamp = line.Word();
      if (!ParseInt(timestamp) || !line.AtEnd()) return Bad("expected integer as timestamp");
      return Fail(ErrorCode::kUnsupported,
                  "line " + std::to_string(line_number_) + ": timestamps are not supported");
    }
    if (inner.empty()) {
      metric.value = *value;
      family.metrics.push_back(std::move(metric));
      return {};
    }
    if (*value < 0 && *family.type == MetricType::kHistogram && part != Part::kSum)
      return Bad("negative count of a histogram");
    AddToGroup(family, std::move(metric), part, bound, *value);
    return {};
  }

  Status ParseLabels(Line& line, std::string_view inner, TextMetric& metric,
                     std::optional<double>& bound) const {
    for (;;) {
      line.SkipBlanks();
      if (line.Take('}')) return {};
      const std::string_view name = line.Name(false);
      if (name.empty()) return Bad("invalid label name");
      if (name == "__name__") return Bad("label name is reserved:", name);
      line.SkipBlanks();
      if (!line.Take('=')) return Bad("expected '=' after label name");
      line.SkipBlanks();
      if (!line.Take('"')) return Bad("expected '\"' at start of label value");
      auto value = line.QuotedRest();
      if (!value || !IsValidUtf8(*value)) return Bad("invalid label value of", name);
      if (!inner.empty() && name == inner) {
        bound = ParseValue(*value);
        if (!bound) return Bad("expected float as label value, got", *value);
      } else {
        for (const auto& label : metric.labels) {
          if (label.first == name) return Bad("duplicate label name", name);
        }
        metric.labels.emplace_back(name, std::move(*value));
      }
      line.SkipBlanks();
      if (line.Take('}')) return {};
      if (!line.Take(',')) return Bad("unexpected end of label value of", name);
    }
  }

  void AddToGroup(TextFamily& family, TextMetric metric, Part part, std::optional<double> bound,
                  double value) {
    auto sorted = metric.labels;
    std::sort(sorted.begin(), sorted.end());
    std::string key = family.name;
    for (const auto& [name, label_value] : sorted) ((key += '\xff') += name + '=') += label_value;
    const auto [found, is_new] = groups_.try_emplace(key, family.metrics.size());
    if (is_new) family.metrics.push_back(std::move(metric));
    TextMetric& group = family.metrics[found->second];
    const bool is_summary = family.type == MetricType::kSummary;
    if (part == Part::kCount) {
      group.count = is_summary ? std::trunc(value) : value;
    } else if (part == Part::kSum) {
      group.sum = value;
    } else if (bound && !std::isnan(*bound)) {
      group.parts[*bound] = value;
    }
  }

  // x_sum belongs to x when that is a summary or histogram seen before.
  std::pair<TextFamily&, Part> FamilyOf(std::string_view name) {
    if (TextFamily* family = Find(name)) return {*family, Part::kValue};
    for (const auto& [suffix, part] : {std::pair<std::string_view, Part>("_sum", Part::kSum),
                                       {"_count", Part::kCount},
                                       {"_bucket", Part::kValue}}) {
      if (!name.ends_with(suffix) || name.size() == suffix.size()) continue;
      TextFamily* const family = Find(name.substr(0, name.size() - suffix.size()));
      if (family == nullptr) continue;
      if (family->type == MetricType::kHistogram ||
          (family->type == MetricType::kSummary && suffix != "_bucket"))
        return {*family, part};
    }
    by_name_.emplace(name, families_.size());
    families_.emplace_back().name = name;
    return {families_.back(), Part::kValue};
  }

  TextFamily* Find(std::string_view name) {
    const auto found = by_name_.find(std::string(name));
    return found == by_name_.end() ? nullptr : &families_[found->second];
  }

  std::vector<TextFamily> families_;
  std::unordered_map<std::string, std::size_t> by_name_;
  std::unordered_map<std::string, std::size_t> groups_;
  std::size_t line_number_ = 0;
};

}  // namespace

Result<std::vector<TextFamily>> ParseTextFamilies(std::string_view text) {
  return Parser().Parse(text);
}

}  // namespace drover::exporters::node
