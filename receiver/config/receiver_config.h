// receiver.yml: the receiver's half of a Prometheus configuration (docs/configuration.md lists
// every key).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/describe.h"

namespace drover::receiver {

struct GlobalConfig {
  Millis evaluation_interval{60'000};
  Millis rule_query_offset{0};
  std::map<std::string, std::string> external_labels;
};

struct ReceiverConfig {
  GlobalConfig global;
  std::vector<std::string> rule_files;  // the last path element may hold * ? [ ]
};

struct LoadedConfig {
  ReceiverConfig config;
  std::vector<std::string> warnings;        // keys without effect
  std::vector<std::string> other_sections;  // present, and the agent's
};

// `text` is the file's content, `file` its name: relative rule files are taken from its folder. An
// empty text is a configuration of defaults. kInvalid "file:line:column: …".
Result<LoadedConfig> ParseReceiverConfig(std::string_view text, const std::string& file);

template <typename Visitor>
void Describe(GlobalConfig& c, Visitor& v) {
  v.Field("evaluation_interval", c.evaluation_interval, "duration",
          "How often rule groups without an interval are evaluated.");
  v.Field("rule_query_offset", c.rule_query_offset, "duration",
          "How far back rules look, for groups that do not say, so that late samples count.");
  v.Field("external_labels", c.external_labels, "labels", "Added to alerts, where absent.");
  for (const char* key :
       {"scrape_interval", "scrape_timeout", "scrape_protocols", "body_size_limit", "sample_limit",
        "target_limit", "label_limit", "label_name_length_limit", "label_value_length_limit",
        "keep_dropped_targets"}) {
    v.NoEffect(key, "scraping is drover-agent's");
  }
  v.NotBuilt("query_log_file");
}
template <typename Visitor>
void Describe(ReceiverConfig& c, Visitor& v) {
  v.Field("global", c.global, "", "Defaults.");
  v.Field("rule_files", c.rule_files, "files",
          "Files of recording and alerting rules, with * in the last part.");
  for (const char* key : {"scrape_configs", "scrape_config_files", "remote_write", "exporters",
                          "kubernetes", "pushprox"}) {
    v.NoEffect(key, "it is drover-agent's");
  }
  for (const char* key : {"alerting", "storage", "remote_read", "tracing", "otlp", "runtime"})
    v.NotBuilt(key);
}

}  // namespace drover::receiver
