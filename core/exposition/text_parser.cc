#include "core/exposition/text_parser.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

#include "core/base/numbers.h"
#include "core/base/utf8.h"

namespace drover::exposition {
namespace {

enum CharClass : std::uint8_t { kLetter = 1, kColon = 2, kDigit = 4 };

constexpr auto kClasses = [] {
  std::array<std::uint8_t, 256> classes{};
  for (int c = 'a'; c <= 'z'; ++c) classes[static_cast<std::size_t>(c)] = kLetter;
  for (int c = 'A'; c <= 'Z'; ++c) classes[static_cast<std::size_t>(c)] = kLetter;
  for (int c = '0'; c <= '9'; ++c) classes[static_cast<std::size_t>(c)] = kDigit;
  classes['_'] = kLetter;
  classes[':'] = kColon;
  return classes;
}();

bool Is(char c, int classes) { return (kClasses[static_cast<std::uint8_t>(c)] & classes) != 0; }

const char* SkipName(const char* at, const char* end, int colon) {
  while (at != end && Is(*at, kLetter | kDigit | colon)) ++at;
  return at;
}

// Go's ParseFloat without its hexadecimal form; a value out of range is refused.
bool ParseValue(std::string_view text, double& value) {
  if (text.size() <= 15 &&
      std::all_of(text.begin(), text.end(), [](char c) { return Is(c, kDigit); })) {
    std::int64_t whole = 0;
    for (const char c : text) whole = whole * 10 + (c - '0');
    value = static_cast<double>(whole);
    return !text.empty();
  }
  const auto parsed = ParseFloat(text);
  if (!parsed || text.find_first_of("xXpP") != std::string_view::npos) return false;
  if (std::isinf(*parsed) && text.find_first_of("iI") == std::string_view::npos) return false;
  value = *parsed;
  return true;
}

// Unescapes a label value or a quoted name: \\ \" \n; another backslash stays.
std::string_view Unescape(std::string_view text, std::string& space) {
  if (text.find('\\') == std::string_view::npos) return text;
  space.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      const char next = text[i + 1];
      if (next == 'n' || next == '"' || next == '\\') {
        space += next == 'n' ? '\n' : next;
        ++i;
        continue;
      }
    }
    space += text[i];
  }
  return space;
}

}  // namespace

void TextParser::Reset(std::string_view text, std::uint64_t first_line) {
  begin_ = at_ = text.data();
  end_ = begin_ + text.size();
  first_line_ = first_line;
}

Result<TextParser::Entry> TextParser::Next() {
  for (;;) {
    SkipBlanks();
    if (at_ == end_) return Entry::kEnd;
    const char c = *at_;
    if (c == '\n') {
      ++at_;
      continue;
    }
    if (c == '#') return Hash();
    if (c == '{' || Is(c, kLetter | kColon)) return Sample();
    return Expected("expected a valid start token");
  }
}

Result<TextParser::Entry> TextParser::Hash() {
  const char* const start = ++at_;
  SkipBlanks();
  const std::string_view rest(at_, static_cast<std::size_t>(end_ - at_));
  if (at_ != start && rest.size() > 4 && (rest[4] == ' ' || rest[4] == '\t')) {
    if (rest.starts_with("HELP")) return Metadata(Entry::kHelp, at_ + 4);
    if (rest.starts_with("TYPE")) return Metadata(Entry::kType, at_ + 4);
  }
  at_ = std::find(at_, end_, '\n');
  help_ = std::string_view(start, static_cast<std::size_t>(at_ - start));
  return Entry::kComment;
}

Result<TextParser::Entry> TextParser::Metadata(Entry kind, const char* start) {
  at_ = start;
  SkipBlanks();
  const char* const name = at_;
  if (at_ != end_ && *at_ == '"') {
    bool valid = true;
    if (!Quoted(valid)) return Expected("expected metric name after " + std::string(start - 4, 4));
    if (!valid) return Fault(name, "metric name is not valid UTF-8");
    name_ = std::string_view(name + 1, static_cast<std::size_t>(at_ - name - 2));
  } else {
    if (at_ == end_ || !Is(*at_, kLetter | kColon))
      return Expected("expected metric name after " + std::string(start - 4, 4));
    at_ = SkipName(at_, end_, kColon);
    name_ = std::string_view(name, static_cast<std::size_t>(at_ - name));
  }
  const char* const text = at_;
  at_ = std::find(at_, end_, '\n');
  help_ = std::string_view(text, static_cast<std::size_t>(at_ - text));
  if (!help_.empty()) help_.remove_prefix(1);
  if (kind == Entry::kHelp) {
    if (!IsValidUtf8(help_)) return Fault(text, "help text is not valid UTF-8");
    return kind;
  }
  if (help_ == "counter") {
    type_ = MetricType::kCounter;
  } else if (help_ == "gauge") {
    type_ = MetricType::kGauge;
  } else if (help_ == "histogram") {
    type_ = MetricType::kHistogram;
  } else if (help_ == "summary") {
    type_ = MetricType::kSummary;
  } else if (help_ == "untyped") {
    type_ = MetricType::kUnknown;
  } else {
    std::string message = "invalid metric type ";
    AppendGoQuoted(message, help_);
    return Fault(text, std::move(message));
  }
  return kind;
}

// From the opening quote to behind the closing one. False when the line (values may hold line
// breaks: the text) ends first.
bool TextParser::Quoted(bool& valid_utf8) {
  const char* const start = ++at_;
  unsigned char all = 0;
  for (; at_ != end_; ++at_) {
    const char c = *at_;
    all = static_cast<unsigned char>(all | static_cast<unsigned char>(c));
    if (c == '"') {
      valid_utf8 =
          all < 0x80 || IsValidUtf8(std::string_view(start, static_cast<std::size_t>(at_ - start)));
      ++at_;
      return true;
    }
    if (c != '\\') continue;
    if (++at_ == end_) break;
    all = static_cast<unsigned char>(all | static_cast<unsigned char>(*at_));
  }
  at_ = start - 1;
  return false;
}

// From behind the opening brace to behind the closing one.
Status TextParser::LabelList(bool& has_name) {
  for (;;) {
    SkipBlanks();
    if (at_ == end_) return Expected("expected label name");
    if (*at_ == '}') {
      ++at_;
      return {};
    }
    const char* const name = at_;
    const bool quoted = *at_ == '"';
    bool valid = true;
    if (quoted) {
      if (!Quoted(valid)) return Expected("expected label name");
      if (!valid) return Fault(name, "name is not valid UTF-8");
    } else if (Is(*at_, kLetter)) {
      at_ = SkipName(at_, end_, 0);
    } else {
      return Expected("expected label name");
    }
    SkipBlanks();
    if (quoted && at_ != end_ && (*at_ == ',' || *at_ == '}')) {
      if (has_name) return Fault(name, "metric name already set");
      has_name = true;
      if (*at_ == ',') ++at_;
      continue;
    }
    if (at_ == end_ || *at_ != '=') return Expected("expected equal");
    ++at_;
    SkipBlanks();
    if (at_ == end_ || *at_ != '"') return Expected("expected label value");
    const char* const value = at_;
    if (!Quoted(valid)) return Expected("expected label value");
    if (!valid) return Fault(value, "label value is not valid UTF-8");
    SkipBlanks();
    if (at_ != end_ && *at_ == ',') ++at_;
  }
}

Result<TextParser::Entry> TextParser::Sample() {
  const char* const start = at_;
  bool has_name = *at_ != '{';
  if (has_name) at_ = SkipName(at_, end_, kColon);
  const char* series_end = at_;
  SkipBlanks();
  if (at_ != end_ && *at_ == '{') {
    ++at_;
    DROVER_CHECK(LabelList(has_name));
    series_end = at_;
    SkipBlanks();
  }
  if (!has_name) return Fault(start, "metric name not set");
  series_ = std::string_view(start, static_cast<std::size_t>(series_end - start));

  const char* const number = at_;
  while (at_ != end_ && *at_ != ' ' && *at_ != '\n' && *at_ != '\t' && *at_ != '{') ++at_;
  if (at_ == number) return Expected("expected value after metric");
  const std::string_view digits(number, static_cast<std::size_t>(at_ - number));
  if (!ParseValue(digits, value_)) {
    std::string message = "not a number: ";
    AppendGoQuoted(message, digits.substr(0, 60));
    return Fault(number, std::move(message));
  }

  timestamp_ms_.reset();
  SkipBlanks();
  if (!AtLineEnd()) {
    const char* const time = at_;
    while (at_ != end_ && Is(*at_, kDigit)) ++at_;
    if (at_ == time) return Expected("expected timestamp or new record");
    timestamp_ms_ = ParseInt(std::string_view(time, static_cast<std::size_t>(at_ - time)));
    if (!timestamp_ms_) return Fault(time, "timestamp out of range");
    SkipBlanks();
    if (!AtLineEnd()) return Expected("expected next entry after timestamp");
  }
  if (at_ != end_) ++at_;
  return Entry::kSample;
}

tl::unexpected<Error> TextParser::Expected(std::string_view what) const {
  std::string message(what);
  message += ", got ";
  if (at_ == end_) {
    message += "the end";
  } else {
    AppendGoQuoted(message, std::string_view(at_, 1));
  }
  return Fault(at_, std::move(message));
}

tl::unexpected<Error> TextParser::Fault(const char* where, std::string message) const {
  const std::string_view before(begin_, static_cast<std::size_t>(where - begin_));
  const auto lines = static_cast<std::uint64_t>(std::count(before.begin(), before.end(), '\n'));
  const std::size_t line_start = before.rfind('\n');
  const std::size_t column =
      before.size() - (line_start == std::string_view::npos ? 0 : line_start + 1) + 1;
  return Fail(ErrorCode::kInvalid, std::to_string(first_line_ + lines) + ":" +
                                       std::to_string(column) + ": " + std::move(message));
}

Status DecodeSeries(std::string_view series, LabelsBuilder& out) {
  out.Clear();
  std::vector<std::string> names;
  std::string name_space;
  std::string value_space;
  const auto add = [&](std::string_view name, std::string_view value) -> Status {
    if (name.empty()) return Fail(ErrorCode::kInvalid, "empty label name: invalid sample");
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      std::string message = "label name ";
      AppendGoQuoted(message, name);
      return Fail(ErrorCode::kInvalid, message + " is not unique: invalid sample");
    }
    names.emplace_back(name);
    if (!value.empty()) out.Set(name, value);
    return {};
  };
  const char* at = series.data();
  const char* const end = at + series.size();
  const auto blanks = [&] {
    while (at != end && (*at == ' ' || *at == '\t' || *at == ',')) ++at;
  };
  const auto quoted = [&] {
    const char* const start = ++at;
    while (at != end && *at != '"') at += *at == '\\' && at + 1 != end ? 2 : 1;
    const std::string_view inner(start, static_cast<std::size_t>(at - start));
    if (at != end) ++at;
    return inner;
  };

  const char* const bare = at;
  at = SkipName(at, end, kColon);
  std::string_view metric(bare, static_cast<std::size_t>(at - bare));
  std::string metric_space;
  blanks();
  if (at != end && *at == '{') ++at;
  for (;;) {
    blanks();
    if (at == end || *at == '}') break;
    std::string_view name;
    const bool in_quotes = *at == '"';
    if (in_quotes) {
      name = Unescape(quoted(), name_space);
    } else {
      const char* const start = at;
      at = SkipName(at, end, 0);
      name = std::string_view(start, static_cast<std::size_t>(at - start));
      if (name.empty()) return Fail(ErrorCode::kInvalid, "not a series: " + std::string(series));
    }
    const char* const behind = at;
    while (at != end && (*at == ' ' || *at == '\t')) ++at;
    if (at == end || *at != '=') {
      if (!in_quotes) return Fail(ErrorCode::kInvalid, "not a series: " + std::string(series));
      at = behind;
      metric_space = name;
      metric = metric_space;
      continue;
    }
    ++at;
    while (at != end && (*at == ' ' || *at == '\t')) ++at;
    if (at == end || *at != '"')
      return Fail(ErrorCode::kInvalid, "not a series: " + std::string(series));
    DROVER_CHECK(add(name, Unescape(quoted(), value_space)));
  }
  if (metric.empty()) return Fail(ErrorCode::kInvalid, "empty metric name: invalid sample");
  return add(kMetricName, metric);
}

std::string UnescapeHelp(std::string_view help) {
  std::string out;
  for (std::size_t i = 0; i < help.size(); ++i) {
    if (help[i] == '\\' && i + 1 < help.size() && (help[i + 1] == 'n' || help[i + 1] == '\\')) {
      out += help[++i] == 'n' ? '\n' : '\\';
    } else {
      out += help[i];
    }
  }
  return out;
}

}  // namespace drover::exposition
