#include "ctl/command.h"
#include "receiver/alerting/config/config.h"
#include "receiver/alerting/route/route.h"

namespace drover::ctl {

int RoutesShow(const Context& context, const std::vector<std::string>& words) {
  Flags flags("droverctl routes show", "Prints the routing tree of an alertmanager.yml.");
  std::vector<std::string> files;
  flags.AddPositional("FILE", files, 1, 1, "alertmanager.yml");
  if (const auto end = ParseWords(context, flags, words)) return *end;
  const auto loaded = alerting::LoadConfig(files[0]);
  if (!loaded) return Complain(context, loaded.error().message());
  context.out(alerting::RoutesShow(loaded->config));
  return 0;
}

int RoutesTest(const Context& context, const std::vector<std::string>& words) {
  Flags flags("droverctl routes test",
              "Prints the receivers that an alert with these labels goes to.");
  std::string expected;
  std::vector<std::string> arguments;
  flags.Add("verify.receivers", expected,
            "Receivers that must come out, separated by commas; else the exit code is 1.");
  flags.AddPositional("FILE LABEL=VALUE...", arguments, 1, 100, "alertmanager.yml, then labels.");
  if (const auto end = ParseWords(context, flags, words)) return *end;
  const auto loaded = alerting::LoadConfig(arguments[0]);
  if (!loaded) return Complain(context, loaded.error().message());
  LabelsBuilder labels;
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const std::size_t equals = arguments[i].find('=');
    if (equals == std::string::npos)
      return Complain(context, "\"" + arguments[i] + "\" is no label: write name=value");
    std::string_view value = std::string_view(arguments[i]).substr(equals + 1);
    if (value.size() > 1 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    labels.Set(std::string_view(arguments[i]).substr(0, equals), value);
  }
  std::string receivers;
  for (const std::string& receiver : alerting::RoutesTest(loaded->config, labels.Build()))
    receivers += (receivers.empty() ? "" : ",") + receiver;
  context.out(receivers + "\n");
  if (!expected.empty() && expected != receivers) return Complain(context, "expected " + expected);
  return 0;
}

}  // namespace drover::ctl
