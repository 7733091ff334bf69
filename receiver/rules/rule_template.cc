#include "receiver/rules/rule_template.h"

namespace drover::rules {
namespace {

constexpr std::string_view kPrefix =
    "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := "
    ".ExternalURL}}{{$value := .Value}}";

std::string NameOf(const std::string& alert) { return "__alert_" + alert; }

tmpl::Value MapOf(const Labels& labels) {
  std::map<std::string, std::string> entries;
  for (const LabelView& label : labels) entries.emplace(label.name, label.value);
  return tmpl::Value::StringMap(std::move(entries));
}

}  // namespace

Status CheckRuleTemplate(std::string_view text, const std::string& alert) {
  static const tmpl::TemplateSet set(tmpl::PrometheusFunctions({}));
  return set.Check(std::string(kPrefix) + std::string(text), NameOf(alert));
}

RuleTemplates::RuleTemplates(const std::string& alert, const tmpl::PrometheusEnv& env,
                             const Labels& external_labels)
    : name_(NameOf(alert)),
      set_(tmpl::PrometheusFunctions(env)),
      external_url_(env.external_url),
      external_labels_(MapOf(external_labels)) {}

void RuleTemplates::SetSample(const Labels& labels, double value) {
  // Upstream's anonymous struct, whose type error texts show.
  static const tmpl::Type type{
      "struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; "
      "Value interface {} }",
      {},
      {}};
  const auto held = [](tmpl::Value v) { return std::make_shared<const tmpl::Value>(std::move(v)); };
  tmpl::Object object;
  object.type = &type;
  object.fields = {{"Labels", "", held(MapOf(labels))},
                   {"ExternalLabels", "", held(external_labels_)},
                   {"ExternalURL", "", held(external_url_)},
                   {"Value", "", held(value)}};
  data_ = tmpl::Value(std::move(object));
}

std::string RuleTemplates::Expand(const std::string& text) {
  if (text.find("{{") == std::string::npos) return text;  // most texts
  auto out = set_.Expand(std::string(kPrefix) + text, data_, name_);
  if (out) return *std::move(out);
  ++errors_;
  const std::string& message = out.error().message();
  const bool parsing = message.find(": executing ") == std::string::npos;
  return "<error expanding template: error " + std::string(parsing ? "parsing" : "executing") +
         " template " + name_ + ": " + message + ">";
}

}  // namespace drover::rules
