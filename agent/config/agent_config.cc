#include "agent/config/agent_config.h"

#include <algorithm>
#include <set>

#include "core/base/utf8.h"
#include "core/http/message.h"
#include "core/http/url.h"

namespace drover::agent {
namespace {

constexpr std::string_view kReceiverSections[] = {"rule_files", "alerting", "storage",
                                                  "remote_read", "tracing"};
constexpr std::uint64_t kLeastQueueBytes = 1 << 20;
constexpr std::string_view kProtocolHeaders[] = {"authorization",
                                                 "content-encoding",
                                                 "content-length",
                                                 "content-type",
                                                 "host",
                                                 "user-agent",
                                                 "x-prometheus-remote-write-version"};

Status CheckLabels(const std::map<std::string, std::string>& labels, const YamlNode& place) {
  for (const auto& [name, value] : labels) {
    if (name.empty() || !IsValidUtf8(name) || name == "__name__")
      return place.Fail("\"" + name + "\" is not a valid label name");
    if (!IsValidUtf8(value)) return place.Fail("the value of label \"" + name + "\" is not UTF-8");
  }
  return {};
}

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::string Expand(std::string_view text, const Environment& environment,
                   std::vector<std::string>& unknown) {
  std::string out;
  while (!text.empty()) {
    const std::size_t dollar = text.find('$');
    out += text.substr(0, dollar);
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar + 1);
    std::string_view name;
    if (text.starts_with('{') && text.find('}') != std::string_view::npos) {
      name = text.substr(1, text.find('}') - 1);
      text.remove_prefix(name.size() + 2);
    } else {
      while (name.size() < text.size() && IsNameByte(text[name.size()]))
        name = text.substr(0, name.size() + 1);
      text.remove_prefix(name.size());
    }
    if (name.empty()) {
      out += '$';
      if (text.starts_with('$')) text.remove_prefix(1);
    } else if (const auto value = environment ? environment(std::string(name)) : std::nullopt) {
      out += *value;
    } else {
      unknown.emplace_back(name);
    }
  }
  return out;
}

// The node of a list element's key, or the element.
const YamlNode& At(const YamlNode& item, std::string_view key) {
  const YamlNode* found = item.Find(key);
  return found != nullptr ? *found : item;
}

// The limits of a job (optional numbers) or those of all (numbers).
template <typename Limits>
Status CheckLimits(const Limits& limits, const YamlNode& place) {
  for (const auto& [key, limit] :
       {std::pair("sample_limit", std::optional(limits.sample_limit)),
        std::pair("label_limit", std::optional(limits.label_limit)),
        std::pair("label_name_length_limit", std::optional(limits.label_name_length_limit)),
        std::pair("label_value_length_limit", std::optional(limits.label_value_length_limit))}) {
    if (limit.value_or(0) < 0) return At(place, key).Fail("a limit cannot be negative");
  }
  return {};
}

Status CheckScrape(ScrapeConfig& job, const GlobalConfig& global, const YamlNode& item,
                   std::set<std::string>& names) {
  if (job.job_name.empty()) return item.Fail("job_name is empty");
  if (!names.insert(job.job_name).second) {
    return At(item, "job_name")
        .Fail("found multiple scrape configs with job name \"" + job.job_name + "\"");
  }
  for (const auto& [key, time] : {std::pair("scrape_interval", job.scrape_interval),
                                  std::pair("scrape_timeout", job.scrape_timeout)}) {
    if (time.count() < 0) return At(item, key).Fail(std::string(key) + " cannot be negative");
  }
  if (job.scrape_interval.count() == 0) job.scrape_interval = global.scrape_interval;
  if (job.scrape_timeout.count() == 0)
    job.scrape_timeout = std::min(global.scrape_timeout, job.scrape_interval);
  if (job.scrape_timeout > job.scrape_interval) {
    return At(item, "scrape_timeout")
        .Fail("scrape timeout greater than scrape interval for scrape config with job name \"" +
              job.job_name + "\"");
  }
  if (job.scheme != "http" && job.scheme != "https")
    return At(item, "scheme").Fail("scheme is http or https");
  DROVER_CHECK(CheckLimits(job, item));
  for (const StaticConfig& group : job.static_configs) {
    DROVER_CHECK(CheckLabels(group.labels, At(item, "static_configs")));
    for (const std::string& target : group.targets) {
      if (target.find('/') != std::string::npos) {
        return At(item, "static_configs")
            .Fail("\"" + target +
                  "\" is not a valid hostname: a target is host:port without a scheme or path");
      }
    }
  }
  return http::Validate(job.client, item);
}

Status CheckWrite(RemoteWriteConfig& write, const YamlNode& item, std::set<std::string>& names) {
  if (write.url.empty()) return item.Fail("url for remote_write is empty");
  if (const auto url = http::ParseUrl(write.url); !url)
    return At(item, "url").Fail(url.error().message());
  if (write.name.empty()) {
    const http::Url url = http::ParseUrl(write.url).value();
    write.name = url.HostPort() + url.path;
  }
  std::string folder;
  for (const char c : write.name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.';
    folder += plain ? c : '_';
  }
  if (!names.insert(folder).second) {
    return At(item, "name")
        .Fail("found multiple remote write configs with name \"" + write.name +
              "\": give each a name of its own");
  }
  for (const auto& [name, value] : write.headers) {
    for (const std::string_view reserved : kProtocolHeaders) {
      if (http::EqualsNoCase(name, reserved))
        return At(item, "headers").Fail(name + " is a reserved header. It must not be changed");
    }
  }
  if (write.remote_timeout.count() < 0)
    return At(item, "remote_timeout").Fail("remote_timeout cannot be negative");
  if (write.remote_timeout.count() == 0) write.remote_timeout = RemoteWriteConfig().remote_timeout;
  if (write.queue_config.max_samples_per_send < 1)
    return At(item, "queue_config").Fail("max_samples_per_send must be at least 1");
  if (write.queue_config.max_bytes.bytes != 0 &&
      write.queue_config.max_bytes.bytes < kLeastQueueBytes)
    return At(item, "queue_config").Fail("max_bytes must be 0 (no limit) or at least 1MB");
  if (write.queue_config.min_backoff.count() < 1 ||
      write.queue_config.max_backoff < write.queue_config.min_backoff) {
    return At(item, "queue_config").Fail("min_backoff must be positive and not above max_backoff");
  }
  return http::Validate(write.client, item);
}

}  // namespace

Status FromYaml(const YamlNode& node, Fsync& out) {
  if (node.text == "never") {
    out = Fsync::kNever;
  } else if (node.text == "interval") {
    out = Fsync::kInterval;
  } else if (node.text == "always") {
    out = Fsync::kAlways;
  } else {
    return node.Fail("expected never, interval or always, found \"" + node.text + "\"");
  }
  return {};
}

void ToYaml(const Fsync& value, YamlWriter& out) {
  out.Scalar(value == Fsync::kNever ? "never" : value == Fsync::kAlways ? "always" : "interval");
}

Result<LoadedConfig> ParseAgentConfig(std::string_view text, const std::string& file,
                                      const Environment& environment) {
  DROVER_TRY(const YamlNode root, ParseYaml(text, file));
  LoadedConfig out;
  std::vector<std::string> warnings;
  DROVER_CHECK(ReadFields(root, out.config, &warnings));
  for (const std::string_view section : kReceiverSections) {
    if (root.Find(section) != nullptr) out.other_sections.emplace_back(section);
  }
  std::copy_if(warnings.begin(), warnings.end(), std::back_inserter(out.warnings),
               [](const std::string& w) { return !w.ends_with("it is drover-receiver's"); });

  AgentConfig& config = out.config;
  const YamlNode& global = At(root, "global");
  for (auto& [name, value] : config.global.external_labels) {
    std::vector<std::string> unknown;
    value = Expand(value, environment, unknown);
    for (const std::string& one : unknown) {
      out.warnings.push_back(At(global, "external_labels").Place() + ": external label \"" + name +
                             "\": the environment has no " + one);
    }
  }
  DROVER_CHECK(CheckLabels(config.global.external_labels, At(global, "external_labels")));
  if (config.global.scrape_interval.count() <= 0)
    return At(global, "scrape_interval").Fail("scrape_interval must be positive");
  if (config.global.scrape_timeout.count() < 0)
    return At(global, "scrape_timeout").Fail("scrape_timeout cannot be negative");
  DROVER_CHECK(CheckLimits(config.global.limits, global));
  if (const YamlNode* timeout = global.Find("scrape_timeout");
      timeout != nullptr && config.global.scrape_timeout > config.global.scrape_interval)
    return timeout->Fail("global scrape timeout greater than scrape interval");
  if (config.global.scrape_timeout.count() == 0)
    config.global.scrape_timeout = GlobalConfig().scrape_timeout;
  config.global.scrape_timeout =
      std::min(config.global.scrape_timeout, config.global.scrape_interval);
  const std::size_t slash = file.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : file.substr(0, slash);
  std::set<std::string> jobs;
  for (std::size_t i = 0; i < config.scrape_configs.size(); ++i) {
    DROVER_CHECK(CheckScrape(config.scrape_configs[i], config.global,
                             root.Find("scrape_configs")->items[i], jobs));
    http::ResolveFiles(config.scrape_configs[i].client, folder);
  }
  std::set<std::string> endpoints;
  for (std::size_t i = 0; i < config.remote_write.size(); ++i) {
    DROVER_CHECK(
        CheckWrite(config.remote_write[i], root.Find("remote_write")->items[i], endpoints));
    http::ResolveFiles(config.remote_write[i].client, folder);
  }
  if (config.pushprox) {
    const YamlNode& section = At(root, "pushprox");
    if (config.pushprox->proxy_url.empty()) return section.Fail("pushprox needs a proxy_url");
    DROVER_CHECK(pushprox::Validate(*config.pushprox, section));
    pushprox::ResolveFiles(*config.pushprox, folder);
  }
  if (config.exporters.self && !config.exporters.self->enabled) config.exporters.self.reset();
  for (BuiltinConfig* builtin :
       {config.exporters.node ? static_cast<BuiltinConfig*>(&*config.exporters.node) : nullptr,
        config.exporters.self ? static_cast<BuiltinConfig*>(&*config.exporters.self) : nullptr}) {
    if (builtin == nullptr) continue;
    if (builtin->job_name.empty()) return At(root, "exporters").Fail("job_name is empty");
    if (builtin->scrape_interval.count() == 0)
      builtin->scrape_interval = config.global.scrape_interval;
    DROVER_CHECK(CheckLabels(builtin->labels, At(root, "exporters")));
  }
  return out;
}

}  // namespace drover::agent
