#include <unistd.h>

#include "core/os/hot_file.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/network/proc_net.h"

namespace drover::exporters::node {
namespace {

constexpr MetricDesc kUsed{"node_sockstat_sockets_used", "Number of IPv4 sockets in use."};

class SockStatCollector final : public Collector {
 public:
  explicit SockStatCollector(const CollectorInput& input)
      : ipv4_(*input.roots.proc, "net/sockstat"), ipv6_(*input.roots.proc, "net/sockstat6") {}

  Status Collect(MetricSink& out) override {
    DROVER_TRY(const bool has_ipv4, Read(ipv4_));
    if (has_ipv4) {
      if (stats_.used) out.Add(kUsed, static_cast<double>(*stats_.used));
      EmitProtocols(out);
    }
    DROVER_TRY(const bool has_ipv6, Read(ipv6_));
    if (has_ipv6) EmitProtocols(out);
    return {};
  }

 private:
  // False when the kernel lacks this IP version.
  Result<bool> Read(HotFile& file) {
    if (const Status read = file.Read(text_); !read) {
      if (read.error().code() == ErrorCode::kNotFound) return false;
      return Fail(read.error());
    }
    DROVER_CHECK(ParseSockStat(text_, stats_));
    return true;
  }

  void EmitProtocols(MetricSink& out) {
    for (const SockStat& stat : stats_.protocols) {
      Emit(stat.protocol, "inuse", stat.in_use, out);
      Emit(stat.protocol, "orphan", stat.orphan, out);
      Emit(stat.protocol, "tw", stat.tw, out);
      Emit(stat.protocol, "alloc", stat.alloc, out);
      Emit(stat.protocol, "mem", stat.mem_pages, out);
      Emit(stat.protocol, "memory", stat.memory, out);
      if (stat.mem_pages) {
        out.Add(DescOf(stat.protocol, "mem_bytes"),
                static_cast<double>(*stat.mem_pages) * page_bytes_);
      }
    }
  }

  void Emit(std::string_view protocol, std::string_view state, std::optional<std::int64_t> value,
            MetricSink& out) {
    if (value) out.Add(DescOf(protocol, state), static_cast<double>(*value));
  }

  const MetricDesc& DescOf(std::string_view protocol, std::string_view state) {
    ((name_.assign("node_sockstat_") += protocol) += '_') += state;
    ((help_.assign("Number of ") += protocol) += " sockets in state ") += state;
    help_ += '.';
    return descs_.Get(name_, help_, MetricType::kGauge);
  }

  const double page_bytes_ = static_cast<double>(::sysconf(_SC_PAGESIZE));
  HotFile ipv4_, ipv6_;
  SockStats stats_;
  DescPool descs_;
  std::string text_, name_, help_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<SockStatCollector>(input);
}

}  // namespace

CollectorSpec SockStatSpec() {
  return {"sockstat",
          true,
          "Sockets in use by protocol.",
          "/proc/net/sockstat, /proc/net/sockstat6",
          {},
          Make,
          {"node_sockstat_*"}};
}

}  // namespace drover::exporters::node
