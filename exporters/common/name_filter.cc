#include "exporters/common/name_filter.h"

namespace drover::exporters {
namespace {
constexpr std::size_t kMaxVerdicts = 4096;  // names come and go (veth…): then start over
}

Result<std::optional<Regex>> PatternFlag(const FlagValues& flags, std::string_view flag) {
  const std::string& pattern = flags.Text(flag);
  if (pattern.empty()) return std::optional<Regex>();
  auto regex = Regex::Compile(pattern);
  if (!regex) return Fail(std::move(regex).error().With("--collector." + std::string(flag)));
  return std::optional<Regex>(*std::move(regex));
}

Result<NameFilter> NameFilter::Make(const FlagValues& flags, std::string_view include_flag,
                                    std::string_view exclude_flag) {
  NameFilter filter;
  DROVER_TRY(filter.include_, PatternFlag(flags, include_flag));
  if (filter.include_ && !flags.Given(exclude_flag)) return filter;
  DROVER_TRY(filter.exclude_, PatternFlag(flags, exclude_flag));
  if (filter.include_ && filter.exclude_) {
    return Fail(ErrorCode::kInvalid, "--collector." + std::string(include_flag) +
                                         " and --collector." + std::string(exclude_flag) +
                                         " are mutually exclusive");
  }
  return filter;
}

bool NameFilter::Passes(std::string_view name) {
  if (!include_ && !exclude_) return true;
  if (const auto known = verdicts_.find(name); known != verdicts_.end()) return known->second;
  if (verdicts_.size() >= kMaxVerdicts) verdicts_.clear();
  const bool passes = include_ ? include_->Search(name) : !exclude_->Search(name);
  verdicts_.emplace(std::string(name), passes);
  return passes;
}

}  // namespace drover::exporters
