// Parser of the text exposition format 0.0.4 in Prometheus' scrape mode: it takes and refuses what
// Prometheus' scraper does (3.5), which is laxer than the format's own validator (families need not
// be grouped, metadata may repeat or come late, labels may be separated by blanks) and stricter in
// a few places (timestamps carry no sign, numbers are decimal). UTF-8 names come in quotes:
// {"a.b",l="v"} 1.
//
//   TextParser parser(body);
//   for (;;) {
//     DROVER_TRY(const auto entry, parser.Next());
//     if (entry == TextParser::Entry::kEnd) break;
//     if (entry == TextParser::Entry::kSample) Use(parser.series(), parser.value());
//   }
//
// A series is handed out as the bytes that stand in the body, so that a cache can be keyed on them;
// DecodeSeries turns them into labels when they are new. Nothing is allocated except for an error.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/model/labels.h"
#include "core/model/sample.h"

namespace drover::exposition {

// One thread at a time. All views point into the text.
class TextParser {
 public:
  enum class Entry { kEnd, kHelp, kType, kComment, kSample };

  TextParser() = default;
  explicit TextParser(std::string_view text) { Reset(text); }

  // Starts over on `text`, which outlives the parsing. A body that arrives in pieces may be given
  // piece by piece if each ends with a newline; `first_line` then keeps error positions right.
  void Reset(std::string_view text, std::uint64_t first_line = 1);

  // The next entry; blank lines are passed over. kInvalid "3:17: expected label name, got "@"" with
  // line and column (bytes, from 1); the parser must not be used further then.
  Result<Entry> Next();

  // After kSample. `series` reaches from the name (or the brace) to the closing brace and is equal
  // for equal bytes only: a{b="1"} and a{b="1",} are the same series in two spellings.
  std::string_view series() const { return series_; }
  double value() const { return value_; }  // every NaN is the normal one unless it is a number form
  std::optional<std::int64_t> timestamp_ms() const { return timestamp_ms_; }

  // After kHelp and kType. The name is without quotes but still escaped.
  std::string_view name() const { return name_; }
  std::string_view help() const { return help_; }  // escaped: see UnescapeHelp
  MetricType type() const { return type_; }        // untyped is kUnknown
  // After kComment: without the #.
  std::string_view comment() const { return help_; }

 private:
  Result<Entry> Sample();
  Result<Entry> Hash();
  Result<Entry> Metadata(Entry kind, const char* start);
  Status LabelList(bool& has_name);
  bool Quoted(bool& valid_utf8);
  void SkipBlanks() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t')) ++at_;
  }
  bool AtLineEnd() const { return at_ == end_ || *at_ == '\n'; }
  tl::unexpected<Error> Expected(std::string_view what) const;
  tl::unexpected<Error> Fault(const char* where, std::string message) const;

  const char* begin_ = nullptr;
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  std::uint64_t first_line_ = 1;

  std::string_view series_;
  std::string_view name_;
  std::string_view help_;
  double value_ = 0;
  std::optional<std::int64_t> timestamp_ms_;
  MetricType type_ = MetricType::kUnknown;
};

// Labels of a series as TextParser gave it, __name__ among them; `out` is cleared first. kInvalid
// for what the parser leaves to this: a repeated label name (__name__ too), an empty name.
Status DecodeSeries(std::string_view series, LabelsBuilder& out);

// \\ and \n undone; other backslashes stay as they are.
std::string UnescapeHelp(std::string_view help);

}  // namespace drover::exposition
