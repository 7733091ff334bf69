#include "receiver/config/receiver_config.h"

#include <algorithm>

#include <fnmatch.h>

#include "core/os/file_system.h"

namespace drover::receiver {
namespace {

constexpr std::string_view kAgentsWord = "it is drover-agent's";

bool HasWildcard(std::string_view text) {
  return text.find_first_of("*?[") != std::string_view::npos;
}

}  // namespace

Result<LoadedConfig> ParseReceiverConfig(std::string_view text, const std::string& file) {
  DROVER_TRY(const YamlNode root, ParseYaml(text, file));
  LoadedConfig out;
  std::vector<std::string> warnings;
  DROVER_CHECK(ReadFields(root, out.config, &warnings));
  for (const auto& [key, value] : root.entries) {
    const bool agents = std::any_of(warnings.begin(), warnings.end(), [&](const std::string& w) {
      return w.ends_with(kAgentsWord) && w.find(": " + key.text + " has") != std::string::npos;
    });
    if (agents) out.other_sections.push_back(key.text);
  }
  std::copy_if(warnings.begin(), warnings.end(), std::back_inserter(out.warnings),
               [](const std::string& w) {
                 return !w.ends_with(kAgentsWord) && !w.ends_with("scraping is drover-agent's");
               });
  const YamlNode* global = root.Find("global");
  if (out.config.global.evaluation_interval.count() <= 0) {
    return (global != nullptr ? *global : root).Fail("evaluation_interval must be positive");
  }
  const std::size_t slash = file.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : file.substr(0, slash);
  for (std::string& pattern : out.config.rule_files) {
    const std::size_t last = pattern.rfind('/');
    if (last != std::string::npos && HasWildcard(std::string_view(pattern).substr(0, last))) {
      return root.Find("rule_files")
          ->Fail("\"" + pattern + "\": wildcards are allowed in the last part of the path only");
    }
    if (!pattern.starts_with("/")) pattern = folder + "/" + pattern;
  }
  return out;
}

Result<std::vector<std::string>> ExpandFiles(const std::vector<std::string>& patterns) {
  std::vector<std::string> out;
  for (const std::string& pattern : patterns) {
    const std::size_t slash = pattern.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : pattern.substr(0, slash);
    const std::string last = slash == std::string::npos ? pattern : pattern.substr(slash + 1);
    if (!HasWildcard(last)) {
      if (!MakeFileSystem(folder)->Exists(last))
        return Fail(ErrorCode::kNotFound, "rule file " + pattern + ": no such file");
      out.push_back(pattern);
      continue;
    }
    const auto names = MakeFileSystem(folder)->List("");
    if (!names) {
      if (names.error().code() == ErrorCode::kNotFound) continue;  // a pattern may match nothing
      return tl::unexpected(names.error());
    }
    for (const std::string& name : *names) {
      if (::fnmatch(last.c_str(), name.c_str(), FNM_PERIOD) == 0)
        out.push_back(folder + "/" + name);
    }
  }
  return out;
}

}  // namespace drover::receiver
