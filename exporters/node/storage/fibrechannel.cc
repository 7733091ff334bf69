#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/sysfs.h"

namespace drover::exporters::node {
namespace {

constexpr MetricDesc kInfo{
    "node_fibrechannel_info", "Non-numeric data from /sys/class/fc_host/<host>, value is always 1.",
    MetricType::kGauge,
    "fc_host,speed,port_state,port_type,port_id,port_name,fabric_name,symbolic_name,"
    "supported_classes,supported_speeds,dev_loss_tmo"};
// As the labels after fc_host. Ids are shown without their 0x.
constexpr std::string_view kFacts[] = {
    "speed",       "port_state",    "port_type",         "port_id",          "port_name",
    "fabric_name", "symbolic_name", "supported_classes", "supported_speeds", "dev_loss_tmo"};
struct Counter {
  std::string_view file;
  MetricDesc desc;
};
constexpr Counter kCounters[] = {
    {"dumped_frames",
     {"node_fibrechannel_dumped_frames_total", "Number of dumped frames", MetricType::kCounter,
      "fc_host"}},
    {"error_frames",
     {"node_fibrechannel_error_frames_total", "Number of errors in frames", MetricType::kCounter,
      "fc_host"}},
    {"invalid_crc_count",
     {"node_fibrechannel_invalid_crc_total", "Invalid Cyclic Redundancy Check count",
      MetricType::kCounter, "fc_host"}},
    {"rx_frames",
     {"node_fibrechannel_rx_frames_total", "Number of frames received", MetricType::kCounter,
      "fc_host"}},
    {"rx_words",
     {"node_fibrechannel_rx_words_total", "Number of words received by host port",
      MetricType::kCounter, "fc_host"}},
    {"tx_frames",
     {"node_fibrechannel_tx_frames_total", "Number of frames transmitted by host port",
      MetricType::kCounter, "fc_host"}},
    {"tx_words",
     {"node_fibrechannel_tx_words_total", "Number of words transmitted by host port",
      MetricType::kCounter, "fc_host"}},
    {"seconds_since_last_reset",
     {"node_fibrechannel_seconds_since_last_reset_total",
      "Number of seconds since last host port reset", MetricType::kCounter, "fc_host"}},
    {"invalid_tx_word_count",
     {"node_fibrechannel_invalid_tx_words_total",
      "Number of invalid words transmitted by host port", MetricType::kCounter, "fc_host"}},
    {"link_failure_count",
     {"node_fibrechannel_link_failure_total", "Number of times the host port link has failed",
      MetricType::kCounter, "fc_host"}},
    {"loss_of_sync_count",
     {"node_fibrechannel_loss_of_sync_total",
      "Number of failures on either bit or transmission word boundaries", MetricType::kCounter,
      "fc_host"}},
    {"loss_of_signal_count",
     {"node_fibrechannel_loss_of_signal_total", "Number of times signal has been lost",
      MetricType::kCounter, "fc_host"}},
    {"nos_count",
     {"node_fibrechannel_nos_total",
      "Number Not_Operational Primitive Sequence received by host port", MetricType::kCounter,
      "fc_host"}},
    {"fcp_packet_aborts",
     {"node_fibrechannel_fcp_packet_aborts_total", "Number of aborted packets",
      MetricType::kCounter, "fc_host"}},
};

// A driver's way to say that it does not count this.
constexpr std::uint64_t kUncounted = ~std::uint64_t{0};

class FibreChannel final : public Collector {
 public:
  explicit FibreChannel(const CollectorInput& input) : sys_(input.roots.sys) {}

  Status Collect(MetricSink& out) override {
    const std::string base = "class/fc_host/";
    DROVER_TRY(const auto hosts, sys_.List(base));
    FirstError errors;
    for (const std::string& host : hosts) {
      EmitInfo(host, base + host + "/", errors, out);
      for (const Counter& counter : kCounters) {
        const auto count = sys_.Number(base + host + "/statistics/" + std::string(counter.file));
        if (errors.Ok(count) && *count != kUncounted)
          out.Add(counter.desc, {host}, static_cast<double>(*count));
      }
    }
    return errors.status();
  }

 private:
  // Drivers need not have all of it.
  void EmitInfo(const std::string& host, const std::string& folder, FirstError& errors,
                MetricSink& out) {
    std::vector<std::string> facts = {host};
    for (const std::string_view file : kFacts) {
      const auto text = sys_.Text(folder + std::string(file));
      std::string fact = errors.Ok(text) ? std::string(*text) : std::string();
      const bool is_id = file == "port_id" || file == "port_name" || file == "fabric_name";
      if (is_id && fact.size() > 2) fact.erase(0, 2);
      facts.push_back(std::move(fact));
    }
    const std::vector<std::string_view> values(facts.begin(), facts.end());
    out.Add(kInfo, std::span(values), 1);
  }

  SysFs sys_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<FibreChannel>(input);
}

std::vector<std::string_view> Names() {
  auto names = NamesOf(kInfo);
  for (const Counter& counter : kCounters) names.push_back(counter.desc.name);
  return names;
}

}  // namespace

CollectorSpec FibreChannelSpec() {
  return {"fibrechannel", true, "Fibre Channel hosts.", "/sys/class/fc_host", {}, Make, Names()};
}

}  // namespace drover::exporters::node
