#include "core/regex/regex.h"

#include <algorithm>

#include <re2/re2.h>

namespace drover {

struct Regex::Compiled {
  explicit Compiled(std::string_view text, const RE2::Options& options)
      : pattern(text), engine("(?s:" + pattern + ")", options) {}

  enum class Form { kLiterals, kPrefix, kSuffix, kContains, kAny, kAnyNonEmpty, kEngine };

  std::string pattern;
  RE2 engine;
  Form form = Form::kEngine;
  std::vector<std::string> literals;  // sorted, for kLiterals
  std::string part;                   // for kPrefix, kSuffix, kContains
  std::size_t min_rest = 0;           // .+ wants at least one byte beside the part
};

namespace {

bool IsPlain(std::string_view text) {
  return text.find_first_of("\\.+*?()|[]{}^$") == std::string_view::npos;
}

std::vector<std::string> SplitPlain(std::string_view text) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t bar = text.find('|');
    const std::string_view part = text.substr(0, bar);
    if (!IsPlain(part)) return {};
    parts.emplace_back(part);
    if (bar == std::string_view::npos) break;
    text.remove_prefix(bar + 1);
  }
  std::sort(parts.begin(), parts.end());
  parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
  return parts;
}

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

Result<Regex> Regex::Compile(std::string_view pattern) {
  RE2::Options options(RE2::Quiet);
  options.set_max_mem(8 << 20);
  auto compiled = std::make_shared<Compiled>(pattern, options);
  if (!compiled->engine.ok()) {
    return Fail(ErrorCode::kInvalid, "bad regular expression \"" + std::string(pattern) +
                                         "\": " + compiled->engine.error());
  }
  using Form = Compiled::Form;
  std::string_view text = pattern;
  if (text.size() > 1 && text.front() == '(' && text.back() == ')' && text.substr(0, 2) != "(?") {
    const std::string_view inner = text.substr(1, text.size() - 2);
    if (inner.find_first_of("()\\") == std::string_view::npos)
      text = inner;  // "(a|b)": groups still by engine
  }
  if (auto literals = SplitPlain(text); !literals.empty()) {
    compiled->form = Form::kLiterals;
    compiled->literals = std::move(literals);
  } else if (text == ".*") {
    compiled->form = Form::kAny;
  } else if (text == ".+") {
    compiled->form = Form::kAnyNonEmpty;
  } else if (text.size() > 2) {
    const auto wild = [](std::string_view two) { return two == ".*" || two == ".+"; };
    const bool head = wild(text.substr(0, 2));
    const bool tail = wild(text.substr(text.size() - 2));
    if (head && !tail && IsPlain(text.substr(2))) {
      compiled->form = Form::kSuffix;
      compiled->part = text.substr(2);
      compiled->min_rest = text[1] == '+' ? 1 : 0;
    } else if (tail && !head && IsPlain(text.substr(0, text.size() - 2))) {
      compiled->form = Form::kPrefix;
      compiled->part = text.substr(0, text.size() - 2);
      compiled->min_rest = text.back() == '+' ? 1 : 0;
    } else if (text.size() > 4 && text.starts_with(".*") && text.ends_with(".*") &&
               IsPlain(text.substr(2, text.size() - 4))) {
      compiled->form = Form::kContains;
      compiled->part = text.substr(2, text.size() - 4);
    }
  }
  return Regex(std::move(compiled));
}

bool Regex::FullMatch(std::string_view text) const {
  const Compiled& c = *compiled_;
  switch (c.form) {
    case Compiled::Form::kLiterals:
      return c.literals.size() == 1
                 ? c.literals.front() == text
                 : std::binary_search(c.literals.begin(), c.literals.end(), text);
    case Compiled::Form::kPrefix:
      return text.size() >= c.part.size() + c.min_rest && text.starts_with(c.part);
    case Compiled::Form::kSuffix:
      return text.size() >= c.part.size() + c.min_rest && text.ends_with(c.part);
    case Compiled::Form::kContains:
      return text.find(c.part) != std::string_view::npos;
    case Compiled::Form::kAny:
      return true;
    case Compiled::Form::kAnyNonEmpty:
      return !text.empty();
    case Compiled::Form::kEngine:
      break;
  }
  return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), c.engine);
}

bool Regex::Search(std::string_view text) const {
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), compiled_->engine);
}

bool Regex::FullMatchGroups(std::string_view text, std::vector<std::string_view>& groups) const {
  const RE2& engine = compiled_->engine;
  const auto count = static_cast<std::size_t>(engine.NumberOfCapturingGroups()) + 1;
  std::vector<re2::StringPiece> pieces(count);
  const re2::StringPiece input(text.data(), text.size());
  if (!engine.Match(input, 0, text.size(), RE2::ANCHOR_BOTH, pieces.data(),
                    static_cast<int>(count)))
    return false;
  groups.clear();
  for (const re2::StringPiece& piece : pieces)
    groups.emplace_back(piece.data() == nullptr ? "" : piece.data(), piece.size());
  return true;
}

void Regex::Expand(std::string_view replacement, const std::vector<std::string_view>& groups,
                   std::string& out) const {
  const auto append_group = [&](std::string_view name) {
    std::size_t index = 0;
    if (!name.empty() &&
        std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      for (const char c : name)
        index = std::min<std::size_t>(index * 10 + static_cast<std::size_t>(c - '0'), 1'000'000);
    } else {
      const auto& names = compiled_->engine.NamedCapturingGroups();
      const auto found = names.find(std::string(name));
      if (found == names.end()) return;
      index = static_cast<std::size_t>(found->second);
    }
    if (index < groups.size()) out += groups[index];
  };
  while (!replacement.empty()) {
    const std::size_t dollar = replacement.find('$');
    out += replacement.substr(0, dollar);
    if (dollar == std::string_view::npos) return;
    replacement.remove_prefix(dollar);
    if (replacement.size() > 1 && replacement[1] == '$') {
      out += '$';
      replacement.remove_prefix(2);
      continue;
    }
    if (replacement.size() > 1 && replacement[1] == '{') {
      const std::size_t close = replacement.find('}');
      const std::string_view name =
          close == std::string_view::npos ? std::string_view() : replacement.substr(2, close - 2);
      if (name.empty() || !std::all_of(name.begin(), name.end(), IsNameByte)) {
        out += '$';
        replacement.remove_prefix(1);
        continue;
      }
      append_group(name);
      replacement.remove_prefix(close + 1);
      continue;
    }
    std::size_t end = 1;
    while (end < replacement.size() && IsNameByte(replacement[end])) ++end;
    if (end == 1) {
      out += '$';
    } else {
      append_group(replacement.substr(1, end - 1));
    }
    replacement.remove_prefix(end);
  }
}

std::string Regex::ReplaceAll(std::string_view text, std::string_view replacement) const {
  const RE2& engine = compiled_->engine;
  const auto count = static_cast<std::size_t>(engine.NumberOfCapturingGroups()) + 1;
  std::vector<re2::StringPiece> pieces(count);
  std::vector<std::string_view> groups;
  const re2::StringPiece input(text.data(), text.size());
  std::string out;
  std::size_t at = 0;
  std::size_t last_end = std::string_view::npos;
  while (at <= text.size()) {
    if (!engine.Match(input, at, text.size(), RE2::UNANCHORED, pieces.data(),
                      static_cast<int>(count)))
      break;
    const auto start = static_cast<std::size_t>(pieces[0].data() - text.data());
    const std::size_t end = start + pieces[0].size();
    out += text.substr(at, start - at);
    // Go: an empty match right behind the previous match does not count.
    if (!(pieces[0].empty() && start == last_end)) {
      groups.clear();
      for (const re2::StringPiece& piece : pieces)
        groups.emplace_back(piece.data() == nullptr ? "" : piece.data(), piece.size());
      Expand(replacement, groups, out);
    }
    last_end = end;
    if (end > start) {
      at = end;
    } else {
      if (start < text.size()) out += text[start];
      at = start + 1;
    }
  }
  if (at < text.size()) out += text.substr(at);
  return out;
}

const std::string& Regex::pattern() const { return compiled_->pattern; }
const std::vector<std::string>& Regex::literals() const { return compiled_->literals; }

}  // namespace drover
