// Types of fields that alertmanager.yml has and other files of ours do not.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "core/config/describe.h"
#include "receiver/alerting/config/matchers.h"

namespace drover::alerting {

// Go's duration syntax ("1.5h", "1m30s"); the `timeout` fields of receivers.
struct GoDuration {
  std::chrono::nanoseconds value{};
};
Status FromYaml(const YamlNode& node, GoDuration& out);
void ToYaml(const GoDuration& v, YamlWriter& out);

// A list of matcher texts, all of which must match.
struct MatcherList {
  std::vector<std::string> texts;
  std::vector<Matcher> matchers;
  std::vector<std::string> warnings;  // with their place
  bool empty() const { return matchers.empty(); }
};
Status FromYaml(const YamlNode& node, MatcherList& out);
void ToYaml(const MatcherList& v, YamlWriter& out);

// The older maps `match` and `match_re`: label to value or regular expression.
template <MatchType kType>
struct MatchMap {
  std::vector<std::pair<std::string, std::string>> entries;
  std::vector<Matcher> matchers;
  bool empty() const { return entries.empty(); }
};
Status FromYaml(const YamlNode& node, MatchMap<MatchType::kEqual>& out);
Status FromYaml(const YamlNode& node, MatchMap<MatchType::kRegexp>& out);
void ToYaml(const MatchMap<MatchType::kEqual>& v, YamlWriter& out);
void ToYaml(const MatchMap<MatchType::kRegexp>& v, YamlWriter& out);

// http or https with a host. A path prefix gets its trailing / where it is used. "<secret>" passes,
// so that a configuration read back can be loaded.
struct UrlText {
  std::string text;
  bool empty() const { return text.empty(); }
};
Status FromYaml(const YamlNode& node, UrlText& out);
void ToYaml(const UrlText& v, YamlWriter& out);
struct SecretUrl {
  std::string text;
  bool empty() const { return text.empty(); }
};
Status FromYaml(const YamlNode& node, SecretUrl& out);
void ToYaml(const SecretUrl& v, YamlWriter& out);

// As SecretUrl, or a text template that gives one ({{ … }} inside).
struct SecretTemplateUrl {
  std::string text;
  bool empty() const { return text.empty(); }
};
Status FromYaml(const YamlNode& node, SecretTemplateUrl& out);
void ToYaml(const SecretTemplateUrl& v, YamlWriter& out);

// host:port; the host may be missing.
struct HostPortText {
  std::string text;
  bool empty() const { return text.empty(); }
};
Status FromYaml(const YamlNode& node, HostPortText& out);
void ToYaml(const HostPortText& v, YamlWriter& out);

// Any YAML, kept as it stands.
struct AnyYaml {
  YamlNode node;
  bool empty() const { return node.IsNull(); }
};
Status FromYaml(const YamlNode& node, AnyYaml& out);
void ToYaml(const AnyYaml& v, YamlWriter& out);

}  // namespace drover::alerting
