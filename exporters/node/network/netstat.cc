#include <unordered_map>

#include "core/os/hot_file.h"
#include "exporters/common/name_filter.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/network/proc_net.h"

namespace drover::exporters::node {
namespace {

constexpr std::string_view kDefaultFields =
    "^(.*_(InErrors|InErrs)|Ip_Forwarding|Ip(6|Ext)_(InOctets|OutOctets)|Icmp6?_(InMsgs|OutMsgs)|"
    "TcpExt_(Listen.*|Syncookies.*|TCPSynRetrans|TCPTimeouts|TCPOFOQueue|TCPRcvQDrop)|"
    "Tcp_(ActiveOpens|InSegs|OutSegs|OutRsts|PassiveOpens|RetransSegs|CurrEstab)|"
    "Udp6?_(InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|SndbufErrors))$";

class NetStat final : public Collector {
 public:
  NetStat(const CollectorInput& input, std::optional<Regex> fields)
      : netstat_(*input.roots.proc, "net/netstat"),
        snmp_(*input.roots.proc, "net/snmp"),
        snmp6_(*input.roots.proc, "net/snmp6"),
        fields_(std::move(fields)) {}

  Status Collect(MetricSink& out) override {
    const SnmpSink sink = [&](std::string_view protocol, std::string_view name, double value) {
      if (const MetricDesc* desc = DescOf(protocol, name)) out.Add(*desc, value);
    };
    DROVER_CHECK(netstat_.Read(text_));
    DROVER_CHECK(ParseSnmp(text_, sink));
    DROVER_CHECK(snmp_.Read(text_));
    DROVER_CHECK(ParseSnmp(text_, sink));
    if (const Status read = snmp6_.Read(text_); !read) {
      if (read.error().code() == ErrorCode::kNotFound) return {};  // no IPv6 here
      return read;
    }
    return ParseSnmp6(text_, sink);
  }

 private:
  // nullptr for what the pattern leaves out.
  const MetricDesc* DescOf(std::string_view protocol, std::string_view name) {
    key_.assign(protocol);
    (key_ += '_') += name;
    if (const auto known = known_.find(key_); known != known_.end()) return known->second;
    const MetricDesc* desc = nullptr;
    if (!fields_ || fields_->Search(key_)) {
      const std::string help = "Statistic " + std::string(protocol) + std::string(name) + ".";
      desc = &descs_.Get("node_netstat_" + key_, help, MetricType::kUnknown);
    }
    return known_.emplace(key_, desc).first->second;
  }

  HotFile netstat_, snmp_, snmp6_;
  const std::optional<Regex> fields_;
  DescPool descs_;
  std::unordered_map<std::string, const MetricDesc*> known_;
  std::string text_, key_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  DROVER_TRY(auto fields, PatternFlag(input.flags, "netstat.fields"));
  return std::make_unique<NetStat>(input, std::move(fields));
}

}  // namespace

CollectorSpec NetStatSpec() {
  return {"netstat",
          true,
          "Counters of the network protocols.",
          "/proc/net/netstat, /proc/net/snmp, /proc/net/snmp6",
          {{"netstat.fields", CollectorFlag::Kind::kText, kDefaultFields,
            "Regexp of fields to return for netstat collector."}},
          Make,
          {"node_netstat_*"}};
}

}  // namespace drover::exporters::node
