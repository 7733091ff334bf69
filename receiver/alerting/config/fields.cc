#include "receiver/alerting/config/fields.h"

#include <algorithm>
#include <cmath>

#include "core/base/duration.h"
#include "core/base/numbers.h"
#include "core/base/utf8.h"
#include "core/http/url.h"
#include "receiver/template/functions.h"

namespace drover::alerting {
namespace {

Status CheckUrl(const YamlNode& node, const std::string& text) {
  const auto url = http::ParseUrl(text);
  if (!url) return node.Fail(url.error().message());
  if (url->host.empty()) return node.Fail("missing host for URL");
  return {};
}

template <MatchType kType>
Status ReadMatchMap(const YamlNode& node, MatchMap<kType>& out) {
  out = {};
  if (node.IsNull()) return {};
  if (node.kind != YamlNode::Kind::kMap) return node.Fail("expected a map");
  for (const auto& [key, value] : node.entries) {
    if (key.text.empty() || !IsValidUtf8(key.text))
      return key.Fail("invalid label name \"" + key.text + "\"");
    if (kType == MatchType::kRegexp && value.IsNull())
      return value.Fail("invalid regexp value for \"" + key.text + "\"");
    std::string text;
    DROVER_CHECK(FromYaml(value, text));
    auto matcher = Matcher::Make(kType, key.text, text);
    if (!matcher) return value.Fail(matcher.error().message());
    out.entries.emplace_back(key.text, text);
    out.matchers.push_back(*std::move(matcher));
  }
  return {};
}

template <MatchType kType>
void WriteMatchMap(const MatchMap<kType>& v, YamlWriter& out) {
  out.BeginMap();
  for (const auto& [name, value] : v.entries) {
    out.Key(name);
    ToYaml(value, out);
  }
  out.EndMap();
}

void WriteTree(const YamlNode& node, YamlWriter& out) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      out.Scalar("null");
      break;
    case YamlNode::Kind::kScalar:
      out.Scalar(node.quoted ? YamlScalar(node.text) : node.text);
      break;
    case YamlNode::Kind::kSequence:
      out.BeginList();
      for (const YamlNode& item : node.items) {
        out.Item();
        WriteTree(item, out);
      }
      out.EndList();
      break;
    case YamlNode::Kind::kMap:
      out.BeginMap();
      for (const auto& [key, value] : node.entries) {
        out.Key(key.text);
        WriteTree(value, out);
      }
      out.EndMap();
      break;
  }
}

}  // namespace

Status FromYaml(const YamlNode& node, GoDuration& out) {
  std::string text;
  DROVER_CHECK(FromYaml(node, text));
  if (text.empty()) return {};
  const auto parsed = ParseGoDuration(text);
  if (!parsed) return node.Fail(parsed.error().message() + ", write it like 10s or 1m30s");
  out.value = *parsed;
  return {};
}
void ToYaml(const GoDuration& v, YamlWriter& out) {
  std::string text;
  AppendFloatF(text, std::chrono::duration<double>(v.value).count());
  out.Scalar(text + "s");
}

Status FromYaml(const YamlNode& node, MatcherList& out) {
  out = {};
  if (node.IsNull()) return {};
  if (node.kind != YamlNode::Kind::kSequence) return node.Fail("expected a list of matchers");
  for (const YamlNode& item : node.items) {
    if (item.kind != YamlNode::Kind::kScalar)
      return item.Fail("expected a matcher such as a=\"b\"");
    auto parsed = ParseMatchers(item.text);
    if (!parsed) return item.Fail(parsed.error().message());
    if (!parsed->warning.empty()) out.warnings.push_back(item.Place() + ": " + parsed->warning);
    out.texts.push_back(item.text);
    std::move(parsed->matchers.begin(), parsed->matchers.end(), std::back_inserter(out.matchers));
  }
  return {};
}
void ToYaml(const MatcherList& v, YamlWriter& out) {
  out.BeginList();
  for (const Matcher& m : v.matchers) {
    out.Item();
    out.Scalar(YamlScalar(MatcherText(m)));
  }
  out.EndList();
}

Status FromYaml(const YamlNode& node, MatchMap<MatchType::kEqual>& out) {
  return ReadMatchMap(node, out);
}
Status FromYaml(const YamlNode& node, MatchMap<MatchType::kRegexp>& out) {
  return ReadMatchMap(node, out);
}
void ToYaml(const MatchMap<MatchType::kEqual>& v, YamlWriter& out) { WriteMatchMap(v, out); }
void ToYaml(const MatchMap<MatchType::kRegexp>& v, YamlWriter& out) { WriteMatchMap(v, out); }

Status FromYaml(const YamlNode& node, UrlText& out) {
  DROVER_CHECK(FromYaml(node, out.text));
  if (out.empty() || out.text == kSecretText) return {};
  return CheckUrl(node, out.text);
}
void ToYaml(const UrlText& v, YamlWriter& out) { ToYaml(v.text, out); }

Status FromYaml(const YamlNode& node, SecretUrl& out) {
  DROVER_CHECK(FromYaml(node, out.text));
  if (out.empty() || out.text == kSecretText) return {};
  return CheckUrl(node, out.text);
}
void ToYaml(const SecretUrl& v, YamlWriter& out) { ToYaml(Secret(v.text), out); }

Status FromYaml(const YamlNode& node, SecretTemplateUrl& out) {
  DROVER_CHECK(FromYaml(node, out.text));
  if (out.empty() || out.text == kSecretText) return {};
  if (out.text.find("{{") != std::string::npos) {
    const tmpl::TemplateSet set(tmpl::AlertmanagerFunctions({}));
    if (const auto ok = set.Check(out.text); !ok)
      return node.Fail("invalid template syntax: " + ok.error().message());
    return {};
  }
  return CheckUrl(node, out.text);
}
void ToYaml(const SecretTemplateUrl& v, YamlWriter& out) { ToYaml(Secret(v.text), out); }

Status FromYaml(const YamlNode& node, HostPortText& out) {
  DROVER_CHECK(FromYaml(node, out.text));
  if (out.empty()) return {};
  const std::size_t colon = out.text.rfind(':');
  if (colon == std::string::npos || colon + 1 == out.text.size())
    return node.Fail("address " + out.text + ": missing port in address");
  return {};
}
void ToYaml(const HostPortText& v, YamlWriter& out) { ToYaml(v.text, out); }

Status FromYaml(const YamlNode& node, AnyYaml& out) {
  out.node = node;
  return {};
}
void ToYaml(const AnyYaml& v, YamlWriter& out) { WriteTree(v.node, out); }

}  // namespace drover::alerting
