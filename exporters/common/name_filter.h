// Which devices, mount points or file system types a collector shows: an include or an exclude
// pattern, as --collector.X.device-include and -exclude give them (unanchored).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/regex/regex.h"
#include "exporters/common/collector.h"

namespace drover::exporters {

// One thread at a time: verdicts are cached per name.
class NameFilter {
 public:
  // Reads the two flags. Giving include alone drops a default exclude; both set is kInvalid.
  static Result<NameFilter> Make(const FlagValues& flags, std::string_view include_flag,
                                 std::string_view exclude_flag);

  bool Passes(std::string_view name);

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::optional<Regex> include_;
  std::optional<Regex> exclude_;
  std::unordered_map<std::string, bool, Hash, std::equal_to<>> verdicts_;
};

// The pattern in a flag; nullopt when it is empty. kInvalid names the flag.
Result<std::optional<Regex>> PatternFlag(const FlagValues& flags, std::string_view flag);

}  // namespace drover::exporters
