#include "exporters/common/collector_flags.h"

#include <algorithm>

#include "core/base/duration.h"

namespace drover::exporters {
namespace {

constexpr std::string_view kPrefix = "--collector.";

std::string FlagName(std::string_view name) { return "collector." + std::string(name); }

}  // namespace

void CollectorFlags::AddTo(Flags& flags) {
  flags.Add("collector.disable-defaults", disable_defaults_,
            "Set all collectors to disabled by default.");
  for (const CollectorSpec& spec : specs_) {
    bool& on = switches_[std::string(spec.name)];
    on = spec.default_on;
    flags.Add(FlagName(spec.name), on,
              "Enable the " + std::string(spec.name) + " collector (default: " +
                  (spec.default_on ? "enabled" : "disabled") + "). " + std::string(spec.help));
    for (const CollectorFlag& flag : spec.flags) {
      const std::string name(flag.name);
      if (flag.kind == CollectorFlag::Kind::kSwitch) {
        switches_[name] = flag.default_text == "true";
        flags.Add(FlagName(name), switches_[name], flag.help);
      } else if (flag.kind == CollectorFlag::Kind::kList) {
        flags.Add(FlagName(name), lists_[name], flag.help);
      } else {
        texts_[name] = flag.default_text;
        flags.Add(FlagName(name), texts_[name], flag.help);
      }
      if (flag.hidden) flags.Hide(FlagName(name));
    }
  }
}

Status CollectorFlags::Prepare(std::vector<std::string>& arguments) {
  for (auto at = arguments.begin(); at != arguments.end();) {
    std::string_view text = *at;
    if (!text.starts_with(kPrefix)) {
      ++at;
      continue;
    }
    const std::size_t equals = text.find('=');
    const std::string_view flag = text.substr(0, equals);
    const std::string_view rest = flag.substr(kPrefix.size());
    const std::size_t dot = rest.find('.');
    const std::string_view name = rest.substr(0, dot);
    const std::string_view option = dot == std::string_view::npos ? "" : rest.substr(dot + 1);
    const bool is_known = std::any_of(specs_.begin(), specs_.end(),
                                      [&](const CollectorSpec& spec) { return spec.name == name; });
    if (!is_known || (option != "timeout" && option != "interval")) {
      ++at;
      continue;
    }
    const bool is_apart = equals == std::string_view::npos;
    if (is_apart && std::next(at) == arguments.end())
      return Fail(ErrorCode::kInvalid, std::string(flag) + ": wants a duration");
    const std::string_view value = is_apart ? *std::next(at) : text.substr(equals + 1);
    auto duration = ParseDuration(value);
    if (!duration) return Fail(std::move(duration).error().With(std::string(flag)));
    CollectorLimits& limits = limits_[std::string(name)];
    (option == "timeout" ? limits.timeout : limits.interval) = *duration;
    at = arguments.erase(at, at + (is_apart ? 2 : 1));
  }
  return {};
}

Result<CollectorFlags::Choice> CollectorFlags::Choose(const Flags& flags) const {
  Choice choice;
  choice.limits = limits_;
  for (const CollectorSpec& spec : specs_) {
    const std::string name(spec.name);
    const bool counts = !disable_defaults_ || flags.Given(FlagName(name));
    const bool on = counts && switches_.at(name);
    if (on) choice.on.push_back(&spec);
    choice.values.Set(name, on ? "true" : "false", flags.Given(FlagName(name)));
    for (const CollectorFlag& flag : spec.flags) {
      const std::string flag_name(flag.name);
      const bool given = flags.Given(FlagName(flag_name));
      if (flag.kind == CollectorFlag::Kind::kSwitch) {
        choice.values.Set(flag_name, switches_.at(flag_name) ? "true" : "false", given);
      } else if (flag.kind == CollectorFlag::Kind::kList) {
        choice.values.SetList(flag_name, lists_.at(flag_name), given);
      } else {
        choice.values.Set(flag_name, texts_.at(flag_name), given);
      }
    }
    for (const CollectorFlag& flag : spec.flags) {
      if (flag.replaced_by.empty() || choice.values.Text(flag.name).empty()) continue;
      const std::string old_name = "--" + FlagName(flag.name);
      const std::string new_name = "--" + FlagName(flag.replaced_by);
      if (choice.values.Given(flag.replaced_by)) {
        return Fail(ErrorCode::kInvalid, old_name + " and " + new_name + " are mutually exclusive");
      }
      choice.warnings.push_back(old_name + " is deprecated, use " + new_name);
      choice.values.Set(flag.replaced_by, choice.values.Text(flag.name), true);
    }
  }
  return choice;
}

}  // namespace drover::exporters
