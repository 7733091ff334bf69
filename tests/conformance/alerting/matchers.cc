// Matcher strings in the three syntaxes: canonical form or refusal. Where the reference's text of
// an error does not come from Go's regexp package it must be equal, too.
#include "receiver/alerting/config/matchers.h"

#include <nlohmann/json.hpp>

#include "tests/conformance/verdicts.h"

using namespace drover;

int main(int argc, char** argv) {
  testing::Verdicts verdicts(argc, argv, "alertmanager", {"matchers/vectors.json"});
  for (const std::string& path : verdicts.paths()) {
    const auto file = nlohmann::json::parse(testing::ReadWhole(path));
    for (const auto& v : file["vectors"]) {
      for (const auto& [mode, wanted] : v["modes"].items()) {
        const auto input = v["input"].get<std::string>();
        const std::string id = mode + " " + input;
        if (!verdicts.Wanted(id)) continue;
        const auto syntax = mode == "classic-mode"       ? alerting::MatcherSyntax::kClassic
                            : mode == "utf8-strict-mode" ? alerting::MatcherSyntax::kUtf8
                                                         : alerting::MatcherSyntax::kFallback;
        const auto got = alerting::ParseMatchers(input, syntax);
        std::string complaint;
        if (wanted.contains("error")) {
          const auto error = wanted["error"].get<std::string>();
          if (got) {
            complaint = "should fail with " + error;
          } else if (got.error().message() != error && error.find("regexp") == std::string::npos) {
            complaint = "got " + got.error().message() + ", wanted " + error;
          }
        } else if (!got) {
          complaint = got.error().message();
        } else if (alerting::MatchersText(got->matchers) != wanted["canonical"]) {
          complaint = "got " + alerting::MatchersText(got->matchers);
        }
        verdicts.Add(id, complaint);
      }
    }
  }
  return verdicts.Finish();
}
