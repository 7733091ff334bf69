// agent.yml: a Prometheus configuration with a few sections more (docs/configuration.md lists every
// key).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/describe.h"
#include "core/config/relabel_config.h"
#include "core/http/client_config.h"
#include "pushprox/client/target_config.h"

namespace drover::agent {

// Limits of a scrape; 0 is none.
struct ScrapeLimits {
  ByteSize body_size_limit{64ULL << 20};
  std::int64_t sample_limit = 0;
  std::int64_t label_limit = 0;
  std::int64_t label_name_length_limit = 0;
  std::int64_t label_value_length_limit = 0;
};

struct GlobalConfig {
  Millis scrape_interval{60'000};
  Millis scrape_timeout{10'000};
  std::map<std::string, std::string> external_labels;
  ScrapeLimits limits;
};

struct StaticConfig {
  std::vector<std::string> targets;
  std::map<std::string, std::string> labels;
};

struct ScrapeConfig {
  std::string job_name;
  Millis scrape_interval{0};  // 0: global's
  Millis scrape_timeout{0};
  std::string metrics_path = "/metrics";
  std::string scheme = "http";
  std::map<std::string, std::vector<std::string>> params;
  bool honor_labels = false;
  bool honor_timestamps = true;
  bool track_timestamps_staleness = false;
  bool enable_compression = true;
  std::optional<ByteSize> body_size_limit;
  std::optional<std::int64_t> sample_limit;
  std::optional<std::int64_t> label_limit;
  std::optional<std::int64_t> label_name_length_limit;
  std::optional<std::int64_t> label_value_length_limit;
  std::vector<StaticConfig> static_configs;
  RelabelConfigs relabel_configs;
  RelabelConfigs metric_relabel_configs;
  http::ClientConfig client;
};

enum class Fsync { kNever, kInterval, kAlways };
Status FromYaml(const YamlNode& node, Fsync& out);
void ToYaml(const Fsync& value, YamlWriter& out);

struct QueueConfig {
  std::int64_t max_samples_per_send = 2000;
  Millis min_backoff{30};
  Millis max_backoff{5000};
  bool retry_on_http_429 = true;
  Millis sample_age_limit{0};
  ByteSize max_bytes{1ULL << 30};
  Fsync fsync = Fsync::kInterval;
};
struct MetadataConfig {
  bool send = true;
  Millis send_interval{60'000};
};
struct RemoteWriteConfig {
  std::string url;
  std::string name;
  Millis remote_timeout{30'000};
  std::map<std::string, std::string> headers;
  RelabelConfigs write_relabel_configs;
  QueueConfig queue_config;
  MetadataConfig metadata_config;
  http::ClientConfig client;
};

// One exporter that runs inside the agent. `args` are the stand-alone program's flags.
struct BuiltinConfig {
  std::string job_name;
  std::string instance;       // "": the host's name
  Millis scrape_interval{0};  // 0: global's
  std::vector<std::string> args;
  std::map<std::string, std::string> labels;
  RelabelConfigs metric_relabel_configs;
};
struct NodeConfig : BuiltinConfig {
  NodeConfig() { job_name = "node-exporter"; }
};
struct SelfConfig : BuiltinConfig {
  SelfConfig() { job_name = "drover-agent"; }
  bool enabled = true;
};
struct ExportersConfig {
  std::optional<NodeConfig> node;
  std::optional<SelfConfig> self = SelfConfig();
};

struct AgentConfig {
  GlobalConfig global;
  ExportersConfig exporters;
  std::vector<ScrapeConfig> scrape_configs;
  std::vector<RemoteWriteConfig> remote_write;
  std::optional<pushprox::ClientConfig> pushprox;
};

struct LoadedConfig {
  AgentConfig config;
  std::vector<std::string> warnings;        // keys without effect
  std::vector<std::string> other_sections;  // present, and the receiver's
};

// `text` is the file's content, `file` its name (relative file names in it are taken from its
// folder). $NAME and ${NAME} in the values of external_labels are taken from `environment`, $$ is a
// dollar; a name it does not know becomes nothing, with a warning. kInvalid "file:line:column: …".
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
Result<LoadedConfig> ParseAgentConfig(std::string_view text, const std::string& file,
                                      const Environment& environment = nullptr);

// --- description ---

template <typename Visitor>
void Describe(GlobalConfig& c, Visitor& v) {
  v.Field("scrape_interval", c.scrape_interval, "duration",
          "How often targets and built-in exporters are scraped.");
  v.Field("scrape_timeout", c.scrape_timeout, "duration", "How long a scrape may take.");
  v.Field("external_labels", c.external_labels, "labels",
          "Added to every series that leaves this agent, where absent. $NAME and ${NAME} are taken "
          "from "
          "the environment, $$ is a dollar.");
  v.Field("body_size_limit", c.limits.body_size_limit, "size",
          "Largest answer of a target, uncompressed. 0 is no limit.");
  v.Field("sample_limit", c.limits.sample_limit, "samples",
          "Most samples of a scrape after relabelling; more fail it. 0 is no limit.");
  v.Field("label_limit", c.limits.label_limit, "labels", "Most labels of a sample.");
  v.Field("label_name_length_limit", c.limits.label_name_length_limit, "bytes",
          "Longest label name.");
  v.Field("label_value_length_limit", c.limits.label_value_length_limit, "bytes",
          "Longest label value.");
  v.NoEffect("evaluation_interval", "rules are evaluated by drover-receiver");
  v.NoEffect("rule_query_offset", "rules are evaluated by drover-receiver");
  v.NoEffect("query_log_file", "queries are answered by drover-receiver");
  v.NoEffect("scrape_protocols", "targets are asked for the text format 0.0.4");
  v.NotBuilt("target_limit");
  v.NotBuilt("keep_dropped_targets");
}
template <typename Visitor>
void Describe(StaticConfig& c, Visitor& v) {
  v.Field("targets", c.targets, "host:port", "Addresses.");
  v.Field("labels", c.labels, "labels", "Labels of all these targets.");
}
template <typename Visitor>
void Describe(ScrapeConfig& c, Visitor& v) {
  v.Field("job_name", c.job_name, "text", "Value of the job label; unique.");
  v.Field("scrape_interval", c.scrape_interval, "duration", "Instead of the global one.");
  v.Field("scrape_timeout", c.scrape_timeout, "duration",
          "Instead of the global one; not above the interval.");
  v.Field("metrics_path", c.metrics_path, "path", "Path of the metrics page.");
  v.Field("scheme", c.scheme, "http|https", "Protocol.");
  v.Field("params", c.params, "parameters", "URL parameters.");
  v.Field("honor_labels", c.honor_labels, "bool",
          "Keep a target's own labels where they clash, instead of calling them exported_….");
  v.Field("honor_timestamps", c.honor_timestamps, "bool", "Take the timestamps a target gives.");
  v.Field("track_timestamps_staleness", c.track_timestamps_staleness, "bool",
          "Mark series with timestamps of their own stale too.");
  v.Field("enable_compression", c.enable_compression, "bool", "Ask for gzip.");
  v.Field("body_size_limit", c.body_size_limit, "size", "Instead of the global one.");
  v.Field("sample_limit", c.sample_limit, "samples", "Instead of the global one.");
  v.Field("label_limit", c.label_limit, "labels", "Instead of the global one.");
  v.Field("label_name_length_limit", c.label_name_length_limit, "bytes",
          "Instead of the global one.");
  v.Field("label_value_length_limit", c.label_value_length_limit, "bytes",
          "Instead of the global one.");
  v.Field("static_configs", c.static_configs, "", "Targets given by hand.");
  v.Field("relabel_configs", c.relabel_configs, "rules", "Applied to each target's labels.");
  v.Field("metric_relabel_configs", c.metric_relabel_configs, "rules", "Applied to each series.");
  http::DescribeClient(c.client, v);
  v.NoEffect("scrape_protocols", "targets are asked for the text format 0.0.4");
  v.NoEffect("fallback_scrape_protocol", "every body is read as text format 0.0.4");
  for (const char* key :
       {"target_limit", "keep_dropped_targets", "scrape_classic_histograms",
        "always_scrape_classic_histograms", "native_histogram_bucket_limit",
        "convert_classic_histograms_to_nhcb", "file_sd_configs", "http_sd_configs",
        "dns_sd_configs", "kubernetes_sd_configs", "consul_sd_configs", "ec2_sd_configs",
        "azure_sd_configs", "gce_sd_configs", "docker_sd_configs", "openstack_sd_configs",
        "metric_name_validation_scheme"}) {
    v.NotBuilt(key);
  }
}
template <typename Visitor>
void Describe(QueueConfig& c, Visitor& v) {
  v.Field("max_samples_per_send", c.max_samples_per_send, "samples",
          "Most samples of one request.");
  v.Field("min_backoff", c.min_backoff, "duration",
          "First wait after a failed request; doubles up to max_backoff.");
  v.Field("max_backoff", c.max_backoff, "duration", "Longest wait between tries.");
  v.Field("retry_on_http_429", c.retry_on_http_429, "bool",
          "Try again when the endpoint says 429, instead of dropping.");
  v.Field("sample_age_limit", c.sample_age_limit, "duration",
          "Blocks older than this are dropped and counted. 0 is no limit.");
  v.Field("max_bytes", c.max_bytes, "size",
          "Largest queue on disk; the oldest blocks are dropped and counted. 0 is no limit.");
  v.Field("fsync", c.fsync, "never|interval|always",
          "When the queue goes to the disk itself. Any setting survives a kill; interval (1 s) and "
          "always survive a power cut.");
  v.NoEffect("capacity", "samples go to the queue on disk as soon as they are scraped");
  v.NoEffect("batch_send_deadline", "samples are sent as soon as they are scraped");
  v.NoEffect("max_shards", "one connection keeps the order of every series");
  v.NoEffect("min_shards", "one connection keeps the order of every series");
}
template <typename Visitor>
void Describe(MetadataConfig& c, Visitor& v) {
  v.Field("send", c.send, "bool", "Send type, help and unit of metric families.");
  v.Field("send_interval", c.send_interval, "duration", "How often.");
  v.NoEffect("max_samples_per_send", "metadata is sent in blocks of 2000 families");
}
template <typename Visitor>
void Describe(RemoteWriteConfig& c, Visitor& v) {
  v.Field("url", c.url, "url", "Where samples go.");
  v.Field("name", c.name, "text",
          "Name in metrics, logs and of the queue's folder; the default is made from the URL.");
  v.Field("remote_timeout", c.remote_timeout, "duration", "Longest time of one request.");
  v.Field("headers", c.headers, "headers", "Sent along; not those the protocol needs.");
  v.Field("write_relabel_configs", c.write_relabel_configs, "rules",
          "Applied to each series before it is sent here.");
  v.Field("queue_config", c.queue_config, "", "The queue on disk.");
  v.Field("metadata_config", c.metadata_config, "", "Metadata of metric families.");
  http::DescribeClient(c.client, v);
  v.NoEffect("send_exemplars", "exemplars are not scraped yet");
  v.NoEffect("send_native_histograms", "native histograms are not scraped yet");
  v.NoEffect("round_robin_dns", "the connection is kept");
  for (const char* key : {"sigv4", "azuread", "google_iam", "protobuf_message"}) v.NotBuilt(key);
}
template <typename Visitor>
void DescribeBuiltin(BuiltinConfig& c, Visitor& v) {
  v.Field("job_name", c.job_name, "text", "Value of the job label.");
  v.Field("instance", c.instance, "text",
          "Value of the instance label; the default is the host's name.");
  v.Field("scrape_interval", c.scrape_interval, "duration", "Instead of the global one.");
  v.Field("labels", c.labels, "labels", "Further labels of every series.");
  v.Field("metric_relabel_configs", c.metric_relabel_configs, "rules", "Applied to each series.");
}
template <typename Visitor>
void Describe(NodeConfig& c, Visitor& v) {
  DescribeBuiltin(c, v);
  v.Field("args", c.args, "flags", "drover-node-exporter's flags, such as --no-collector.netdev.");
}
template <typename Visitor>
void Describe(SelfConfig& c, Visitor& v) {
  v.Field("enabled", c.enabled, "bool", "false turns them off.");
  DescribeBuiltin(c, v);
}
template <typename Visitor>
void Describe(ExportersConfig& c, Visitor& v) {
  v.Field("node", c.node, "",
          "This host's collectors, inside the agent. `node: {}` turns them on.");
  v.Field("self", c.self, "", "The agent's own metrics; on by default.");
  v.NotBuilt("container");
  v.NotBuilt("kubelet");
  v.NotBuilt("kube_state");
}
template <typename Visitor>
void Describe(AgentConfig& c, Visitor& v) {
  v.Field("global", c.global, "", "Defaults of all jobs.");
  v.Field("exporters", c.exporters, "", "What the agent collects itself.");
  v.Field("scrape_configs", c.scrape_configs, "", "Jobs that are scraped over HTTP.");
  v.Field("remote_write", c.remote_write, "", "Where samples are sent.");
  v.Field("pushprox", c.pushprox, "",
          "The client of drover-pushprox in this agent: who reaches the proxy scrapes the targets "
          "here (docs/pushprox.md).");
  // The receiver's half of a whole prometheus.yml.
  for (const char* key : {"rule_files", "alerting", "storage", "remote_read", "tracing"})
    v.NoEffect(key, "it is drover-receiver's");
  for (const char* key : {"kubernetes", "scrape_config_files", "otlp", "runtime"}) v.NotBuilt(key);
}

}  // namespace drover::agent
