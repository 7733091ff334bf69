#include <algorithm>

#include "agent/config/agent_config.h"
#include "core/os/file_system.h"
#include "ctl/command.h"
#include "receiver/alerting/config/config.h"
#include "receiver/alerting/runtime.h"
#include "receiver/config/receiver_config.h"
#include "receiver/rules/manager.h"

namespace drover::ctl {
namespace {

std::string Count(std::size_t n, std::string_view what) {
  return std::to_string(n) + " " + std::string(what) + (n == 1 ? "" : "s");
}

std::string Join(const std::vector<std::string>& list) {
  std::string out;
  for (const std::string& one : list) out += (out.empty() ? "" : ", ") + one;
  return out;
}

// Sections of the file that `others` does not name.
std::vector<std::string> Used(const YamlNode& root, const std::vector<std::string>& others) {
  std::vector<std::string> out;
  for (const auto& [key, value] : root.entries) {
    if (std::find(others.begin(), others.end(), key.text) == others.end()) out.push_back(key.text);
  }
  return out;
}

template <typename Loaded>
bool Report(const Context& context, std::string_view program, const YamlNode& root,
            const Result<Loaded>& loaded) {
  if (!loaded) {
    context.out("  " + std::string(program) + " refuses it: " + loaded.error().message() + "\n");
    return false;
  }
  const std::vector<std::string> used = Used(root, loaded->other_sections);
  context.out("  " + std::string(program) +
              " takes it; uses: " + (used.empty() ? "nothing in it" : Join(used)) + "\n");
  for (const std::string& warning : loaded->warnings) context.out("    " + warning + "\n");
  return true;
}

bool CheckOne(const Context& context, const std::string& file) {
  context.out(file + "\n");
  const auto text = ReadUserFile(file);
  if (!text) {
    context.out("  " + text.error().message() + "\n");
    return false;
  }
  const auto root = ParseYaml(*text, file);
  if (!root) {
    context.out("  " + root.error().message() + "\n");
    return false;
  }
  const bool agent = Report(context, "drover-agent", *root, agent::ParseAgentConfig(*text, file));
  const auto loaded = receiver::ParseReceiverConfig(*text, file);
  bool receiver = Report(context, "drover-receiver", *root, loaded);
  if (loaded && !loaded->config.rule_files.empty()) {
    const auto groups = rules::LoadRuleFiles(loaded->config.rule_files, {});
    context.out(groups ? "    rule_files: " + Count(groups->size(), "group") + "\n"
                       : "    rule_files: " + groups.error().message() + "\n");
    receiver = receiver && groups.has_value();
  }
  return agent && receiver;
}

template <typename One>
int ForEach(const Context& context, const std::string& name, const std::vector<std::string>& words,
            const One& one) {
  Flags flags("droverctl " + name, "Exit code 0: all files are good; 1: at least one is not.");
  std::vector<std::string> files;
  flags.AddPositional("FILE", files, 1, 1000, "Files to check.");
  if (const auto end = ParseWords(context, flags, words)) return *end;
  bool good = true;
  for (const std::string& file : files) good = one(file) && good;
  return good ? 0 : 1;
}

}  // namespace

int CheckConfig(const Context& context, const std::vector<std::string>& words) {
  return ForEach(context, "check config", words,
                 [&](const std::string& file) { return CheckOne(context, file); });
}

int CheckRules(const Context& context, const std::vector<std::string>& words) {
  return ForEach(context, "check rules", words, [&](const std::string& file) {
    const auto text = ReadUserFile(file);
    const auto groups = text ? rules::ParseRuleFile(*text, file, {})
                             : Result<std::vector<rules::GroupSpec>>(tl::unexpected(text.error()));
    if (!groups) {
      context.out("FAILED: " + groups.error().message() + "\n");
      return false;
    }
    std::size_t alerting = 0;
    std::size_t recording = 0;
    for (const rules::GroupSpec& group : *groups) {
      for (const rules::RuleSpec& rule : group.rules) ++(rule.alerting ? alerting : recording);
    }
    context.out("SUCCESS: " + file + ": " + Count(groups->size(), "group") + ", " +
                Count(alerting, "alerting rule") + ", " + Count(recording, "recording rule") +
                "\n");
    return true;
  });
}

int CheckAlerting(const Context& context, const std::vector<std::string>& words) {
  return ForEach(context, "check alerting", words, [&](const std::string& file) {
    const auto loaded = alerting::LoadConfig(file);
    if (!loaded) {
      context.out("FAILED: " + loaded.error().message() + "\n");
      return false;
    }
    for (const std::string& warning : loaded->warnings) context.out("WARNING: " + warning + "\n");
    const std::string counts = Count(loaded->config.receivers.size(), "receiver") + ", " +
                               Count(loaded->config.inhibit_rules.size(), "inhibit rule");
    const auto runtime = alerting::Runtime::Build(
        *loaded, [](const http::ClientConfig&) { return nullptr; }, [] { return TimePoint(); });
    if (!runtime) {
      context.out("FAILED: " + file + ": drover-receiver would not start with it:\n" +
                  runtime.error().message() + "\n");
      return false;
    }
    context.out("SUCCESS: " + file + ": " + counts + "\n");
    return true;
  });
}

}  // namespace drover::ctl
