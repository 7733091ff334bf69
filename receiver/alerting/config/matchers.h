// Matchers as alertmanager.yml, amtool and the API write them. Two syntaxes exist: the classic one
// and the UTF-8 one of 0.27; `kFallback` takes either
// (https://prometheus.io/docs/alerting/latest/configuration/#matcher).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/model/matcher.h"

namespace drover::alerting {

enum class MatcherSyntax { kFallback, kClassic, kUtf8 };

struct ParsedMatchers {
  std::vector<Matcher> matchers;
  std::string warning;  // the syntaxes disagree, or only the classic one takes the text
};

// One text may hold several: `{foo="a",bar=~"b"}`, braces optional. kInvalid with the reference's
// texts; columns of the UTF-8 syntax count code points from 0.
Result<ParsedMatchers> ParseMatchers(std::string_view text,
                                     MatcherSyntax syntax = MatcherSyntax::kFallback);
// Exactly one matcher, without braces: the API's filter parameters.
Result<Matcher> ParseOneMatcher(std::string_view text,
                                MatcherSyntax syntax = MatcherSyntax::kFallback);

// name="value"; \ " and newline are escaped. A name that is not a plain word is Go-quoted, and its
// value too.
std::string MatcherText(const Matcher& matcher);
// {m1,m2}, sorted by name, value, type.
std::string MatchersText(std::vector<Matcher> matchers);
// The same order, which route keys and comparisons of silences rest on.
void SortMatchers(std::vector<Matcher>& matchers);

bool AllMatch(const std::vector<Matcher>& matchers, const Labels& labels);

}  // namespace drover::alerting
