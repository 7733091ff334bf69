// Label sets and the receivers that hear of them, in order.
#include <nlohmann/json.hpp>

#include "receiver/alerting/route/route.h"
#include "tests/conformance/verdicts.h"

using namespace drover;

int main(int argc, char** argv) {
  testing::Verdicts verdicts(argc, argv, "alertmanager", {"routing/vectors.json"});
  for (const std::string& path : verdicts.paths()) {
    const auto file = nlohmann::json::parse(testing::ReadWhole(path));
    int number = 0;
    for (const auto& v : file["vectors"]) {
      const auto name = v["config"].get<std::string>();
      const std::string id = std::to_string(number++) + " " + name + " " + v["labels"].dump();
      if (!verdicts.Wanted(id)) continue;
      const auto config =
          alerting::ParseConfig(file["configs"][name].get<std::string>(), name + ".yml");
      if (!config) {
        verdicts.Add(id, config.error().message());
        continue;
      }
      LabelsBuilder labels;
      for (const auto& [key, value] : v["labels"].items())
        labels.Set(key, value.get<std::string>());
      const auto got = alerting::RoutesTest(config->config, labels.Build());
      verdicts.Add(id,
                   got == v["receivers"].get<std::vector<std::string>>()
                       ? ""
                       : "got " + nlohmann::json(got).dump() + ", wanted " + v["receivers"].dump());
    }
  }
  return verdicts.Finish();
}
