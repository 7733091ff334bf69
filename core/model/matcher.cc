#include "core/model/matcher.h"

namespace drover {

std::string_view Text(MatchType type) {
  switch (type) {
    case MatchType::kEqual:
      return "=";
    case MatchType::kNotEqual:
      return "!=";
    case MatchType::kRegexp:
      return "=~";
    case MatchType::kNotRegexp:
      return "!~";
  }
  return "";
}

Result<Matcher> Matcher::Make(MatchType type, std::string_view name, std::string_view value) {
  Matcher matcher(type, name, value);
  if (type == MatchType::kRegexp || type == MatchType::kNotRegexp) {
    DROVER_TRY(matcher.regex_, Regex::Compile(value));
  }
  matcher.matches_empty_ = matcher.Matches(std::string_view());
  return matcher;
}

bool Matcher::Matches(std::string_view value) const {
  switch (type_) {
    case MatchType::kEqual:
      return value == value_;
    case MatchType::kNotEqual:
      return value != value_;
    case MatchType::kRegexp:
      return regex_->FullMatch(value);
    case MatchType::kNotRegexp:
      return !regex_->FullMatch(value);
  }
  return false;
}

std::string Matcher::ToString() const {
  std::string out;
  if (IsLegacyLabelName(name_)) {
    out += name_;
  } else {
    AppendGoQuoted(out, name_);
  }
  out += Text(type_);
  AppendGoQuoted(out, value_);
  return out;
}

}  // namespace drover
