// One condition on a label: name, operator, value.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/model/labels.h"
#include "core/regex/regex.h"

namespace drover {

enum class MatchType { kEqual, kNotEqual, kRegexp, kNotRegexp };
std::string_view Text(MatchType type);  // = != =~ !~

// Immutable after construction, thread-safe. An absent label has the value "".
class Matcher {
 public:
  // kInvalid when the regular expression does not compile.
  static Result<Matcher> Make(MatchType type, std::string_view name, std::string_view value);

  bool Matches(std::string_view value) const;
  bool Matches(const Labels& labels) const { return Matches(labels.Get(name_)); }
  bool MatchesEmpty() const { return matches_empty_; }

  MatchType type() const { return type_; }
  const std::string& name() const { return name_; }
  const std::string& value() const { return value_; }
  const Regex* regex() const { return regex_ ? &*regex_ : nullptr; }  // of =~ and !~

  std::string ToString() const;  // name="value", Go-quoted
  bool operator==(const Matcher& other) const {
    return type_ == other.type_ && name_ == other.name_ && value_ == other.value_;
  }

 private:
  Matcher(MatchType type, std::string_view name, std::string_view value)
      : type_(type), name_(name), value_(value) {}

  MatchType type_;
  std::string name_;
  std::string value_;
  std::optional<Regex> regex_;
  bool matches_empty_ = false;
};

}  // namespace drover
