#include "receiver/config/receiver_config.h"

#include <algorithm>

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

}  // namespace drover::receiver
