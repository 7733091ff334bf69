#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "core/os/hot_file.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/network/ip_vs.h"

namespace drover::exporters::node {
namespace {

constexpr auto kCounter = MetricType::kCounter;
struct Total {
  MetricDesc desc;
  std::uint64_t IpVsStats::*field;
};
constexpr Total kTotals[] = {
    {{"node_ipvs_connections_total", "The total number of connections made.", kCounter},
     &IpVsStats::connections},
    {{"node_ipvs_incoming_packets_total", "The total number of incoming packets.", kCounter},
     &IpVsStats::incoming_packets},
    {{"node_ipvs_outgoing_packets_total", "The total number of outgoing packets.", kCounter},
     &IpVsStats::outgoing_packets},
    {{"node_ipvs_incoming_bytes_total", "The total amount of incoming data.", kCounter},
     &IpVsStats::incoming_bytes},
    {{"node_ipvs_outgoing_bytes_total", "The total amount of outgoing data.", kCounter},
     &IpVsStats::outgoing_bytes},
};

constexpr std::string_view kAllLabels[] = {"local_address", "local_port", "remote_address",
                                           "remote_port",   "proto",      "local_mark"};
constexpr std::string_view kDefaultLabels =
    "local_address,local_port,remote_address,remote_port,proto,local_mark";

std::string ValueOf(const IpVsBackend& backend, std::string_view label) {
  if (label == "local_address") return backend.local_address;
  if (label == "local_port") return std::to_string(backend.local_port);
  if (label == "remote_address") return backend.remote_address;
  if (label == "remote_port") return std::to_string(backend.remote_port);
  return label == "proto" ? backend.proto : backend.local_mark;
}

class IpVs final : public Collector {
 public:
  IpVs(const CollectorInput& input, std::vector<std::string_view> labels)
      : stats_(*input.roots.proc, "net/ip_vs_stats"),
        backends_(*input.roots.proc, "net/ip_vs"),
        labels_(std::move(labels)) {
    for (const std::string_view label : labels_) (names_ += names_.empty() ? "" : ",") += label;
    const auto desc = [this](std::string_view name, std::string_view help) {
      return &pool_.Get(name, help, MetricType::kGauge, names_);
    };
    descs_ = {desc("node_ipvs_backend_connections_active",
                   "The current active connections by local and remote address."),
              desc("node_ipvs_backend_connections_inactive",
                   "The current inactive connections by local and remote address."),
              desc("node_ipvs_backend_weight",
                   "The current backend weight by local and remote address.")};
  }

  Status Collect(MetricSink& out) override {
    DROVER_CHECK(stats_.Read(text_));
    DROVER_TRY(const IpVsStats stats, ParseIpVsStats(text_));
    for (const Total& total : kTotals) out.Add(total.desc, static_cast<double>(stats.*total.field));
    DROVER_CHECK(backends_.Read(text_));
    DROVER_TRY(const auto backends, ParseIpVs(text_));
    EmitSums(backends, out);
    return {};
  }

 private:
  // Servers that the chosen labels do not tell apart are added up.
  void EmitSums(const std::vector<IpVsBackend>& backends, MetricSink& out) {
    std::map<std::vector<std::string>, std::array<std::uint64_t, 3>> sums;
    for (const IpVsBackend& backend : backends) {
      std::vector<std::string> values;
      for (const std::string_view label : labels_) values.push_back(ValueOf(backend, label));
      auto& sum = sums[std::move(values)];
      sum[0] += backend.active;
      sum[1] += backend.inactive;
      sum[2] += backend.weight;
    }
    for (const auto& [owned, sum] : sums) {
      const std::vector<std::string_view> values(owned.begin(), owned.end());
      for (std::size_t i = 0; i < sum.size(); ++i)
        out.Add(*descs_[i], std::span(values), static_cast<double>(sum[i]));
    }
  }

  HotFile stats_, backends_;
  const std::vector<std::string_view> labels_;
  std::string names_, text_;
  DescPool pool_;
  std::array<const MetricDesc*, 3> descs_{};  // active, inactive, weight
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  std::set<std::string_view> wanted;
  std::string_view rest = input.flags.Text("ipvs.backend-labels");
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    if (comma != 0) wanted.insert(rest.substr(0, comma));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  }
  std::vector<std::string_view> labels;
  for (const std::string_view label : kAllLabels) {
    if (wanted.erase(label) > 0) labels.push_back(label);
  }
  if (!wanted.empty()) {
    return Fail(ErrorCode::kInvalid,
                "--collector.ipvs.backend-labels: unknown label " + std::string(*wanted.begin()));
  }
  return std::make_unique<IpVs>(input, std::move(labels));
}

}  // namespace

CollectorSpec IpVsSpec() {
  return {"ipvs",
          true,
          "Linux virtual server.",
          "/proc/net/ip_vs_stats, /proc/net/ip_vs",
          {{"ipvs.backend-labels", CollectorFlag::Kind::kText, kDefaultLabels,
            "Comma separated list for IPVS backend stats labels."}},
          Make,
          {"node_ipvs_*"}};
}

}  // namespace drover::exporters::node
