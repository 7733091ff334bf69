#include "core/config/relabel_config.h"

namespace drover {

template <typename Visitor>
void Describe(RelabelSpec& c, Visitor& v) {
  v.Field("source_labels", c.source_labels, "labels", "Labels whose values are joined.");
  v.Field("separator", c.separator, "text", "Between the joined values.");
  v.Field("regex", c.regex, "regex", "Matched against the whole joined value (or label names).");
  v.Field("modulus", c.modulus, "number", "Of hashmod.");
  v.Field("target_label", c.target_label, "label", "Label that is set.");
  v.Field("replacement", c.replacement, "text",
          "New value, with groups of the regex as $1 or ${name}.");
  v.Field("action", c.action, "action",
          "replace, keep, drop, keepequal, dropequal, hashmod, labelmap, labeldrop, labelkeep, "
          "lowercase, uppercase.");
}

Status FromYaml(const YamlNode& node, RelabelConfigs& out) {
  out = {};
  if (node.IsNull()) return {};
  if (node.kind != YamlNode::Kind::kSequence) return node.Fail("expected a list of relabel rules");
  for (const YamlNode& item : node.items) {
    RelabelSpec spec;
    DROVER_CHECK(ReadFields(item, spec));
    spec.regex_given = item.Find("regex") != nullptr;
    spec.separator_given = item.Find("separator") != nullptr;
    spec.replacement_given = item.Find("replacement") != nullptr;
    auto rule = RelabelRule::Make(spec);
    if (!rule) {
      const YamlNode* place = item.Find("regex");
      const bool about_regex = rule.error().message().starts_with("bad regular expression");
      return (about_regex && place != nullptr ? *place : item).Fail(rule.error().message());
    }
    out.specs.push_back(std::move(spec));
    out.rules.push_back(std::move(*rule));
  }
  return {};
}

void ToYaml(const RelabelConfigs& value, YamlWriter& out) {
  config_internal::Write(value.specs, out);
}

}  // namespace drover
