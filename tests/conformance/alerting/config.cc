// Configuration files: taken or refused, as the reference does. An argument is mini.json or a
// folder of *.yml beside its …_expected.json.
#include "receiver/alerting/config/config.h"

#include <filesystem>

#include <nlohmann/json.hpp>

#include "tests/conformance/verdicts.h"

using namespace drover;

namespace {

std::string Complaint(const std::string& text, const nlohmann::json& wanted) {
  const auto got = alerting::ParseConfig(text, "alertmanager.yml");
  if (!wanted["ok"].get<bool>()) {
    return got ? "should be refused: " + wanted["error"].get<std::string>() : "";
  }
  if (!got) return got.error().message();
  // What the API shows must load again.
  const auto shown = WriteFields(got->config);
  const auto again = alerting::ParseConfig(shown, "shown.yml");
  return again ? "" : "does not read back: " + again.error().message() + "\n" + shown;
}

}  // namespace

int main(int argc, char** argv) {
  testing::Verdicts verdicts(argc, argv, "alertmanager",
                             {"config/mini.json", "config/upstream_testdata"});
  for (const std::string& path : verdicts.paths()) {
    if (std::filesystem::is_directory(path)) {
      const std::filesystem::path folder(path);
      const auto expected = nlohmann::json::parse(
          testing::ReadWhole((folder.parent_path() / "upstream_expected.json").string()));
      for (const auto& [name, result] : expected.items()) {
        const auto file = folder / name;
        if (!verdicts.Wanted(name) || !std::filesystem::exists(file)) continue;
        verdicts.Add(name, Complaint(testing::ReadWhole(file.string()), result["0.33.1"]));
      }
    } else {
      const auto vectors = nlohmann::json::parse(testing::ReadWhole(path));
      for (const auto& v : vectors["vectors"]) {
        const auto id = v["id"].get<std::string>();
        if (!verdicts.Wanted(id)) continue;
        const auto text = v["config"].get<std::string>();
        std::string complaint = Complaint(text, v["result"]["0.33.1"]);
        if (verdicts.verbose()) {
          const auto got = alerting::ParseConfig(text, "alertmanager.yml");
          std::printf("%s: %s\n   reference: %s\n", id.c_str(),
                      got ? "taken" : got.error().message().c_str(),
                      v["result"]["0.33.1"]["error"].dump().c_str());
        }
        verdicts.Add(id, complaint);
      }
    }
  }
  return verdicts.Finish();
}
