#include "agent/config/agent_config.h"

#include <doctest/doctest.h>

namespace drover::agent {
namespace {

LoadedConfig Load(const std::string& yaml) {
  auto loaded = ParseAgentConfig(yaml, "/etc/drover/agent.yml");
  REQUIRE_MESSAGE(loaded.has_value(), loaded.error().message());
  return std::move(*loaded);
}

// What a kube-prometheus installation's configuration looks like, both halves in one file.
constexpr const char* kWhole = R"yaml(
global:
  scrape_interval: 30s
  scrape_timeout: 10s
  evaluation_interval: 30s
  external_labels: {prometheus: monitoring/k8s, prometheus_replica: prometheus-k8s-0}
rule_files: [/etc/prometheus/rules/*.yaml]
alerting:
  alert_relabel_configs: [{action: labeldrop, regex: prometheus_replica}]
  alertmanagers: [{static_configs: [{targets: ['alertmanager:9093']}]}]
scrape_configs:
- job_name: node-exporter
  honor_labels: false
  scheme: https
  bearer_token_file: /var/run/secrets/token
  tls_config: {insecure_skip_verify: true}
  static_configs: [{targets: ['10.0.0.1:9100', '10.0.0.2:9100'], labels: {namespace: monitoring}}]
  relabel_configs:
  - source_labels: [__address__]
    regex: (.*):\d+
    target_label: instance
    replacement: $1
    action: replace
  - {source_labels: [__tmp_hash], modulus: 1, target_label: __tmp_shard, action: hashmod}
  metric_relabel_configs:
  - {source_labels: [__name__], regex: go_(gc|memstats).*, action: drop}
- job_name: blackbox
  metrics_path: /probe
  params: {module: [http_2xx]}
  scrape_interval: 1m
  scrape_timeout: 20s
  sample_limit: 5000
  body_size_limit: 10MB
  static_configs: [{targets: ['https:443']}]
remote_write:
- url: https://central/api/v1/write
  name: central
  basic_auth: {username: dn1, password_file: password}
  queue_config: {capacity: 10000, max_shards: 50, max_samples_per_send: 1000, max_backoff: 10s}
  metadata_config: {send: true, send_interval: 1m, max_samples_per_send: 500}
  write_relabel_configs: [{regex: prometheus_replica, action: labeldrop}]
storage:
  tsdb: {out_of_order_time_window: 10m}
)yaml";

TEST_SUITE("agent/config") {
  TEST_CASE("a timeout of 0 is the default, never none; below 0 nothing is taken") {
    const AgentConfig c = Load(
                              "global: {scrape_interval: 30s, scrape_timeout: 0s}\n"
                              "scrape_configs: [{job_name: j, scrape_timeout: 0s}]\n"
                              "remote_write: [{url: 'http://c/w', remote_timeout: 0s}]\n")
                              .config;
    CHECK(c.global.scrape_timeout == Millis(10'000));
    CHECK(c.scrape_configs[0].scrape_timeout == Millis(10'000));
    CHECK(c.remote_write[0].remote_timeout == Millis(30'000));
    for (const char* bad :
         {"global: {sample_limit: -1}\n", "global: {label_limit: -1}\n",
          "global: {label_name_length_limit: -1}\n", "global: {label_value_length_limit: -1}\n",
          "global: {scrape_timeout: -1s}\n",
          "scrape_configs: [{job_name: j, scrape_timeout: -1s}]\n",
          "scrape_configs: [{job_name: j, scrape_interval: -1s}]\n",
          "remote_write: [{url: 'http://c/w', remote_timeout: -1s}]\n"}) {
      CAPTURE(bad);
      CHECK_FALSE(ParseAgentConfig(bad, "agent.yml").has_value());
    }
  }

  TEST_CASE("a whole prometheus.yml: the agent's half is taken, the receiver's is named") {
    const LoadedConfig loaded = Load(kWhole);
    const AgentConfig& c = loaded.config;
    CHECK(c.global.external_labels.at("prometheus_replica") == "prometheus-k8s-0");
    REQUIRE(c.scrape_configs.size() == 2);
    CHECK(c.scrape_configs[0].scrape_interval == Millis(30'000));
    CHECK(c.scrape_configs[0].scrape_timeout == Millis(10'000));
    CHECK(c.scrape_configs[0].relabel_configs.rules.size() == 2);
    CHECK(c.scrape_configs[0].client.tls_config.insecure_skip_verify);
    CHECK(c.scrape_configs[1].scrape_timeout == Millis(20'000));
    CHECK(c.scrape_configs[1].body_size_limit->bytes == 10 << 20);
    REQUIRE(c.remote_write.size() == 1);
    CHECK(c.remote_write[0].client.basic_auth->password_file == "/etc/drover/password");
    CHECK(c.remote_write[0].queue_config.max_samples_per_send == 1000);
    CHECK(loaded.other_sections == std::vector<std::string>{"rule_files", "alerting", "storage"});
    // Keys without effect, each once and with its place; not the sections named above.
    CHECK(loaded.warnings.size() == 4);
    for (const std::string& warning : loaded.warnings)
      CHECK(warning.starts_with("/etc/drover/agent.yml:"));
  }

  TEST_CASE("an empty file is an agent that collects itself") {
    const AgentConfig c = Load("").config;
    CHECK(c.exporters.self.has_value());
    CHECK(c.exporters.self->scrape_interval == Millis(60'000));
    CHECK_FALSE(c.exporters.node.has_value());
    CHECK(c.remote_write.empty());
  }

  TEST_CASE("exporters take the global interval, their own wins") {
    const AgentConfig c =
        Load(
            "global: {scrape_interval: 15s}\n"
            "exporters: {node: {args: [--no-collector.wifi]}, self: {scrape_interval: 1m}}\n")
            .config;
    CHECK(c.exporters.node->job_name == "node-exporter");
    CHECK(c.exporters.node->scrape_interval == Millis(15'000));
    CHECK(c.exporters.self->scrape_interval == Millis(60'000));
    CHECK(c.exporters.node->args == std::vector<std::string>{"--no-collector.wifi"});
  }

  TEST_CASE("external labels take the environment's values; what it does not know is told") {
    const auto loaded = ParseAgentConfig(
        "global:\n  external_labels: {a: 'on-$NODE', b: '${NODE}x', c: 'five $$', d: '$NOPE.', "
        "e: 'lone $'}\n",
        "agent.yml", [](const std::string& name) {
          return name == "NODE" ? std::optional<std::string>("n1") : std::nullopt;
        });
    REQUIRE(loaded.has_value());
    const auto& labels = loaded->config.global.external_labels;
    CHECK(labels.at("a") == "on-n1");
    CHECK(labels.at("b") == "n1x");
    CHECK(labels.at("c") == "five $");
    CHECK(labels.at("d") == ".");
    CHECK(labels.at("e") == "lone $");
    REQUIRE(loaded->warnings.size() == 1);
    CHECK(loaded->warnings[0] ==
          "agent.yml:2:20: external label \"d\": the environment has no NOPE");
  }

  TEST_CASE("the agent's own metrics can be turned off") {
    CHECK_FALSE(Load("exporters: {self: {enabled: false}}\n").config.exporters.self.has_value());
  }

  TEST_CASE("a timeout longer than a short interval shrinks to it when it was not written") {
    const AgentConfig c =
        Load(
            "global: {scrape_interval: 5s}\nscrape_configs: [{job_name: a, scrape_interval: 2s}]\n")
            .config;
    CHECK(c.global.scrape_timeout == Millis(5'000));
    CHECK(c.scrape_configs[0].scrape_timeout == Millis(2'000));
  }

  TEST_CASE("an endpoint's name is made from its URL, without user and password") {
    const AgentConfig c =
        Load("remote_write: [{url: 'http://u:p@central:8080/api/v1/write?x=y'}]\n").config;
    CHECK(c.remote_write[0].name == "central:8080/api/v1/write");
  }

  TEST_CASE("secrets are not shown") {
    const AgentConfig c =
        Load(
            "remote_write: [{url: http://c/w, basic_auth: {username: u, password: hunter2}}]\n"
            "scrape_configs: [{job_name: a, authorization: {credentials: hunter2}}]\n")
            .config;
    const std::string shown = WriteFields(c);
    CHECK(shown.find("hunter2") == std::string::npos);
    CHECK(shown.find("<secret>") != std::string::npos);
    CHECK(c.remote_write[0].client.basic_auth->password.Reveal() == "hunter2");
  }

  TEST_CASE("a mistake is told with its place, and the file is refused whole") {
    struct Case {
      const char* name;
      const char* yaml;
      const char* want;  // line:column and the beginning of the words
    };
    const Case cases[] = {
        {"broken YAML", "global: {scrape_interval: 15s\n", "agent.yml:"},
        {"an unknown key", "global:\n  scrape_intervall: 1s\n", "2:3: "},
        {"an unknown section", "remote_wrte: []\n", "1:1: "},
        {"a wrong type", "scrape_configs: {a: b}\n", "1:17: expected a list"},
        {"a wrong bool", "scrape_configs:\n- job_name: a\n  honor_labels: maybe\n", "3:17: "},
        {"a wrong duration", "global: {scrape_interval: 15}\n", "1:27: "},
        {"a zero interval", "global: {scrape_interval: 0s}\n", "1:27: "},
        {"a global timeout over the interval",
         "global: {scrape_interval: 5s, scrape_timeout: 6s}\n", "1:47: global scrape timeout"},
        {"a job without a name", "scrape_configs:\n- {metrics_path: /m}\n",
         "2:3: job_name is empty"},
        {"a job twice", "scrape_configs:\n- job_name: a\n- job_name: a\n",
         "3:13: found multiple scrape configs with job name \"a\""},
        {"a timeout over the interval",
         "scrape_configs:\n- {job_name: a, scrape_interval: 5s, scrape_timeout: 6s}\n",
         "2:54: scrape timeout greater than scrape interval"},
        {"a wrong scheme", "scrape_configs:\n- {job_name: a, scheme: ftp}\n", "2:25: scheme"},
        {"a URL as target",
         "scrape_configs:\n- job_name: a\n  static_configs: [{targets: ['http://x/']}]\n",
         "3:19: \"http://x/\" is not a valid hostname"},
        {"a broken relabelling regex",
         "scrape_configs:\n- job_name: a\n  relabel_configs:\n  - {regex: '(', action: drop}\n",
         "4:"},
        {"a negative limit", "scrape_configs:\n- {job_name: a, sample_limit: -1}\n",
         "2:31: a limit cannot be negative"},
        {"no URL", "remote_write:\n- {name: a}\n", "2:3: url for remote_write is empty"},
        {"a broken URL", "remote_write:\n- url: 'ftp://x'\n", "2:8: "},
        {"an endpoint twice", "remote_write:\n- {url: http://a/w}\n- {url: http://a/w}\n",
         "3:3: found multiple remote write configs"},
        {"two names with one folder",
         "remote_write:\n- {url: http://a/w, name: a/b}\n- {url: http://a/x, name: a_b}\n",
         "3:27: found multiple remote write configs"},
        {"a header of the protocol",
         "remote_write:\n- url: http://a/w\n  headers: {Content-Type: x}\n",
         "3:12: Content-Type is a reserved header"},
        {"no samples in a request",
         "remote_write:\n- url: http://a/w\n  queue_config: {max_samples_per_send: 0}\n", "3:17: "},
        {"a backoff upside down",
         "remote_write:\n- url: http://a/w\n  queue_config: {min_backoff: 10s, max_backoff: 1s}\n",
         "3:17: "},
        {"a queue too small to be one",
         "remote_write:\n- url: http://a/w\n  queue_config: {max_bytes: 100KB}\n",
         "3:17: max_bytes"},
        {"an fsync that is none",
         "remote_write:\n- url: http://a/w\n  queue_config: {fsync: sometimes}\n",
         "3:25: expected never, interval or always"},
        {"two ways to log in",
         "remote_write:\n- {url: http://a/w, bearer_token: x, basic_auth: {username: y}}\n",
         "2:3: at most one of"},
        {"a label without a name", "global: {external_labels: {'': x}}\n", "1:27: "},
        {"the name as external label", "global: {external_labels: {__name__: x}}\n", "1:27: "},
        {"an exporter without a job", "exporters: {self: {job_name: ''}}\n", "1:"},
        {"a key twice", "global: {}\nglobal: {}\n", "2:1: "},
    };
    for (const Case& c : cases) {
      SUBCASE(c.name) {
        const auto loaded = ParseAgentConfig(c.yaml, "agent.yml");
        REQUIRE_FALSE(loaded.has_value());
        CAPTURE(loaded.error().message());
        CHECK(loaded.error().code() == ErrorCode::kInvalid);
        CHECK(loaded.error().message().starts_with("agent.yml:"));
        CHECK(loaded.error().message().find(c.want) != std::string::npos);
      }
    }
  }

  TEST_CASE("what is not built yet is refused with its place, never ignored") {
    for (const char* yaml : {
             "scrape_configs:\n- {job_name: a, kubernetes_sd_configs: [{role: node}]}\n",
             "remote_write:\n- {url: http://a/w, sigv4: {}}\n",
             "remote_write:\n- {url: http://a/w, oauth2: {}}\n",
             "otlp: {}\n",
             "exporters: {kube_state: {}}\n",
         }) {
      CAPTURE(yaml);
      const auto loaded = ParseAgentConfig(yaml, "agent.yml");
      REQUIRE_FALSE(loaded.has_value());
      CHECK(loaded.error().message().starts_with("agent.yml:"));
      CHECK(loaded.error().message().find("not built yet") != std::string::npos);
    }
  }
}

}  // namespace
}  // namespace drover::agent
