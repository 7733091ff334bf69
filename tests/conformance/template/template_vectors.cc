// Runs template vectors ({id, type, template, data, output | error}): files as arguments, by
// default alertmanager/templates/vectors.json. Options: verdicts.h.
#include <cstdio>

#include <nlohmann/json.hpp>

#include "core/base/numbers.h"
#include "receiver/template/default_templates.h"
#include "receiver/template/functions.h"
#include "receiver/template/notification_data.h"
#include "tests/conformance/verdicts.h"

namespace {

using nlohmann::json;
using namespace drover;

tmpl::Time TimeOf(const std::string& text) {
  if (text.starts_with("0001-")) return {};
  const auto t = ParseRfc3339(text);
  const std::int64_t ms = t ? ToMs(*t) : 0;
  return tmpl::UtcTime(ms / 1000, static_cast<std::int32_t>(ms % 1000) * 1'000'000);
}

tmpl::NotificationData DataOf(const json& j) {
  tmpl::NotificationData data;
  const auto map = [](const json& parent, const char* key) {
    return parent.contains(key) ? parent[key].get<std::map<std::string, std::string>>()
                                : std::map<std::string, std::string>();
  };
  data.receiver = j.value("receiver", "");
  data.status = j.value("status", "");
  data.external_url = j.value("externalURL", "");
  data.group_labels = map(j, "groupLabels");
  data.common_labels = map(j, "commonLabels");
  data.common_annotations = map(j, "commonAnnotations");
  for (const json& a : j.value("alerts", json::array())) {
    data.alerts.push_back({a.value("status", ""), map(a, "labels"), map(a, "annotations"),
                           TimeOf(a.value("startsAt", "")), TimeOf(a.value("endsAt", "")),
                           a.value("generatorURL", ""), a.value("fingerprint", "")});
  }
  return data;
}

std::string RunVector(const json& v, const json& data, const tmpl::TemplateSet& set) {
  if (v["type"] != "text") return "html mode is not supported";
  const auto got = set.Expand(v["template"].get<std::string>(),
                              tmpl::ToValue(DataOf(data[v["data"].get<std::string>()])));
  if (v.contains("error")) {
    const auto wanted = v["error"].get<std::string>();
    if (got) return "should fail, got " + *got;
    return got.error().message() == wanted
               ? ""
               : "got error " + got.error().message() + "\n    wanted    " + wanted;
  }
  if (!v.contains("output")) return "no output in the vector";
  if (!got) return got.error().message();
  const auto wanted = v["output"].get<std::string>();
  return *got == wanted ? "" : "got    " + *got + "\n    wanted " + wanted;
}

}  // namespace

int main(int argc, char** argv) {
  testing::Verdicts verdicts(argc, argv, "alertmanager/templates", {"vectors.json"});
  tmpl::AlertmanagerEnv env;
  tmpl::TemplateSet set(tmpl::AlertmanagerFunctions(env));
  if (auto parsed = set.Parse("default.tmpl", tmpl::DefaultTemplates()); !parsed) {
    std::printf("%s\n", parsed.error().message().c_str());
    return 1;
  }
  for (const std::string& file : verdicts.paths()) {
    const json all = json::parse(testing::ReadWhole(file));
    for (const json& v : all["vectors"])
      verdicts.Add(v["id"].get<std::string>(), RunVector(v, all["data"], set));
  }
  return verdicts.Finish();
}
