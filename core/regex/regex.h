// Regular expressions (RE2 syntax) as the field uses them: linear time, no backtracking.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace drover {

// Immutable after construction, thread-safe, cheap to copy. Literals, a|b|c, prefix.* and .*suffix
// are answered without the engine.
class Regex {
 public:
  // kInvalid with RE2's text. Dot matches newline, as in matchers and relabel rules.
  static Result<Regex> Compile(std::string_view pattern);

  bool FullMatch(std::string_view text) const;  // ^(?s:pattern)$
  bool Search(std::string_view text) const;     // anywhere

  // The groups of a full match, [0] the whole; false when there is none. Views point into `text`; a
  // group that took no part is empty.
  bool FullMatchGroups(std::string_view text, std::vector<std::string_view>& groups) const;
  // Appends `replacement` with $1, ${1}, $name, ${name}, $$ expanded as Go's Regexp.Expand does
  // ("$1x" names the group "1x"; unknown groups are empty).
  void Expand(std::string_view replacement, const std::vector<std::string_view>& groups,
              std::string& out) const;
  // Every match anywhere replaced (Go's ReplaceAllString).
  std::string ReplaceAll(std::string_view text, std::string_view replacement) const;

  const std::string& pattern() const;
  // All strings it can match, when these are a plain list ("a", "a|b|c"); else empty.
  const std::vector<std::string>& literals() const;

 private:
  struct Compiled;
  explicit Regex(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace drover
