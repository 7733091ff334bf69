#include "receiver/rules/rule_file.h"

#include <algorithm>
#include <set>

#include "core/base/duration.h"
#include "core/base/numbers.h"
#include "core/base/utf8.h"
#include "core/config/yaml.h"
#include "core/model/labels.h"
#include "receiver/rules/rule_template.h"

namespace drover::rules {
namespace {

Status OnlyKeys(const YamlNode& node, std::initializer_list<std::string_view> known,
                std::string_view what) {
  if (node.kind != YamlNode::Kind::kMap) {
    return node.Fail(std::string(what) + " must be a map");
  }
  for (const auto& [key, value] : node.entries) {
    if (std::find(known.begin(), known.end(), key.text) == known.end()) {
      return key.Fail("field " + key.text + " not found in " + std::string(what));
    }
  }
  return {};
}

Result<std::string> TextOf(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::kScalar) return node.text;
  if (node.IsNull()) return std::string();
  return node.Fail("a text is wanted here");
}

Result<std::string> TextAt(const YamlNode& map, std::string_view key) {
  const YamlNode* node = map.Find(key);
  if (node == nullptr) return std::string();
  return TextOf(*node);
}

Result<std::optional<Millis>> DurationAt(const YamlNode& map, std::string_view key) {
  const YamlNode* node = map.Find(key);
  if (node == nullptr || node->IsNull()) return std::optional<Millis>();
  DROVER_TRY(const std::string text, TextOf(*node));
  const auto d = ParseDuration(text);
  if (!d) return node->Fail("not a valid duration string: \"" + text + "\"");
  return std::optional<Millis>(*d);
}

Result<TextMap> TextsAt(const YamlNode& map, std::string_view key, bool labels) {
  TextMap out;
  const YamlNode* node = map.Find(key);
  if (node == nullptr || node->IsNull()) return out;
  if (node->kind != YamlNode::Kind::kMap) return node->Fail(std::string(key) + " must be a map");
  for (const auto& [name, value] : node->entries) {
    if (name.text.empty() || !IsValidUtf8(name.text) || (labels && name.text == kMetricName)) {
      return name.Fail("invalid " + std::string(labels ? "label" : "annotation") +
                       " name: " + name.text);
    }
    DROVER_TRY(out[name.text], TextOf(value));
  }
  return out;
}

Status CheckTemplates(const YamlNode& rule, std::string_view key, const TextMap& texts,
                      const std::string& alert) {
  for (const auto& [name, text] : texts) {
    if (auto ok = CheckRuleTemplate(text, alert); !ok) {
      const YamlNode* map = rule.Find(key);
      const YamlNode* place = map != nullptr ? map->Find(name) : nullptr;
      return (place != nullptr ? *place : rule)
          .Fail(std::string(key) + " " + name + ": " + ok.error().message());
    }
  }
  return {};
}

Result<RuleSpec> ParseRule(const YamlNode& node, const TextMap& group_labels,
                           const promql::ParserOptions& options) {
  DROVER_CHECK(
      OnlyKeys(node, {"record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations"},
               "rule"));
  RuleSpec rule;
  DROVER_TRY(const std::string record, TextAt(node, "record"));
  DROVER_TRY(const std::string alert, TextAt(node, "alert"));
  if (!record.empty() && !alert.empty()) {
    return node.Fail("only one of 'record' and 'alert' must be set");
  }
  if (record.empty() && alert.empty()) {
    return node.Fail("one of 'record' or 'alert' must be set");
  }
  rule.alerting = !alert.empty();
  rule.name = rule.alerting ? alert : record;
  const YamlNode* expr = node.Find("expr");
  if (expr == nullptr) return node.Fail("field 'expr' must be set in rule");
  DROVER_TRY(rule.query, TextOf(*expr));
  if (rule.query.empty()) return expr->Fail("field 'expr' must be set in rule");
  auto parsed = promql::Parse(rule.query, options);
  if (!parsed) return expr->Fail("could not parse expression: " + parsed.error().message());
  rule.expr = std::shared_ptr<const promql::Expr>(*std::move(parsed));
  DROVER_TRY(const auto hold, DurationAt(node, "for"));
  DROVER_TRY(const auto keep, DurationAt(node, "keep_firing_for"));
  rule.hold = hold.value_or(Millis(0));
  rule.keep_firing_for = keep.value_or(Millis(0));
  DROVER_TRY(rule.labels, TextsAt(node, "labels", true));
  DROVER_TRY(rule.annotations, TextsAt(node, "annotations", false));
  if (!rule.alerting) {
    for (const char* key : {"annotations", "for", "keep_firing_for"}) {
      if (const YamlNode* bad = node.Find(key)) {
        return bad->Fail(std::string("invalid field '") + key + "' in recording rule");
      }
    }
    if (!IsValidUtf8(record) || record.find_first_of("{}") != std::string::npos) {
      return node.Find("record")->Fail("invalid recording rule name: " + record);
    }
  } else {
    DROVER_CHECK(CheckTemplates(node, "labels", rule.labels, alert));
    DROVER_CHECK(CheckTemplates(node, "annotations", rule.annotations, alert));
  }
  rule.labels.insert(group_labels.begin(), group_labels.end());
  return rule;
}

Result<GroupSpec> ParseGroup(const YamlNode& node, const std::string& file,
                             const promql::ParserOptions& options) {
  DROVER_CHECK(
      OnlyKeys(node, {"name", "interval", "query_offset", "limit", "labels", "rules"}, "group"));
  GroupSpec group;
  group.file = file;
  DROVER_TRY(group.name, TextAt(node, "name"));
  if (group.name.empty()) return node.Fail("Groupname must not be empty");
  DROVER_TRY(group.interval, DurationAt(node, "interval"));
  if (group.interval && *group.interval == Millis(0)) group.interval.reset();
  DROVER_TRY(group.query_offset, DurationAt(node, "query_offset"));
  if (const YamlNode* limit = node.Find("limit"); limit != nullptr && !limit->IsNull()) {
    const auto n = ParseInt(limit->text);
    if (!n || *n < 0) return limit->Fail("limit must be a number that is not negative");
    group.limit = static_cast<std::size_t>(*n);
  }
  DROVER_TRY(const TextMap labels, TextsAt(node, "labels", true));
  const YamlNode* rules = node.Find("rules");
  if (rules == nullptr || rules->IsNull()) return group;
  if (rules->kind != YamlNode::Kind::kSequence) return rules->Fail("rules must be a list");
  for (const YamlNode& rule : rules->items) {
    DROVER_TRY(group.rules.emplace_back(), ParseRule(rule, labels, options));
  }
  return group;
}

}  // namespace

Result<std::vector<GroupSpec>> ParseRuleFile(std::string_view text, const std::string& file,
                                             const promql::ParserOptions& options) {
  DROVER_TRY(const YamlNode root, ParseYaml(text, file));
  std::vector<GroupSpec> groups;
  if (root.IsNull()) return groups;
  DROVER_CHECK(OnlyKeys(root, {"groups"}, "rule file"));
  const YamlNode* list = root.Find("groups");
  if (list == nullptr || list->IsNull()) return groups;
  if (list->kind != YamlNode::Kind::kSequence) return list->Fail("groups must be a list");
  std::set<std::string> names;
  for (const YamlNode& node : list->items) {
    DROVER_TRY(GroupSpec group, ParseGroup(node, file, options));
    if (!names.insert(group.name).second) {
      return node.Fail("groupname: \"" + group.name + "\" is repeated in the same file");
    }
    groups.push_back(std::move(group));
  }
  return groups;
}

}  // namespace drover::rules
