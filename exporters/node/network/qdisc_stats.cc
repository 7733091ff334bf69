#include "exporters/node/network/qdisc_stats.h"

#include <linux/gen_stats.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "core/base/numbers.h"
#include "exporters/node/network/fixture_json.h"
#include "exporters/node/network/netlink_bytes.h"

namespace drover::exporters::node {
namespace {

void TakeStats2(std::string_view bytes, QdiscStats& qdisc) {
  NetlinkAttributes attributes(bytes);
  while (const auto attribute = attributes.Next()) {
    if (attribute->type == TCA_STATS_BASIC) {
      // Without the padding at its end, which an old kernel does not send.
      const std::string_view payload = attribute->payload;
      if (payload.size() < 12) continue;
      qdisc.bytes = *LoadNative<std::uint64_t>(payload);
      qdisc.packets = *LoadNative<std::uint32_t>(payload.substr(8));
    } else if (attribute->type == TCA_STATS_QUEUE) {
      const auto queue = attribute->Number<gnet_stats_queue>();
      if (!queue) continue;
      qdisc.queue_packets = queue->qlen;
      qdisc.backlog_bytes = queue->backlog;
      qdisc.drops = queue->drops;
      qdisc.requeues = queue->requeues;
      qdisc.overlimits = queue->overlimits;
    }
  }
}

void TakeStats(std::string_view bytes, QdiscStats& qdisc) {
  constexpr std::size_t kSize = 36;  // struct tc_stats without its padding
  if (bytes.size() < kSize) return;
  const auto u32 = [&](std::size_t at) { return *LoadNative<std::uint32_t>(bytes.substr(at)); };
  qdisc.bytes = *LoadNative<std::uint64_t>(bytes);
  qdisc.packets = u32(8);
  qdisc.drops = u32(12);
  qdisc.overlimits = u32(16);
  qdisc.queue_packets = u32(28);
  qdisc.backlog_bytes = u32(32);
}

}  // namespace

std::optional<QdiscStats> ParseQdisc(std::string_view body) {
  const auto header = LoadNative<tcmsg>(body);
  if (!header) return std::nullopt;
  QdiscStats qdisc;
  qdisc.index = header->tcm_ifindex;
  qdisc.parent = header->tcm_parent == TC_H_ROOT ? 0 : header->tcm_parent;
  std::string_view stats;
  bool has_stats2 = false;
  NetlinkAttributes attributes(AfterHeader(body, sizeof *header));
  while (const auto attribute = attributes.Next()) {
    if (attribute->type == TCA_KIND) {
      qdisc.kind = attribute->Text();
    } else if (attribute->type == TCA_STATS2) {
      has_stats2 = true;
      TakeStats2(attribute->payload, qdisc);
    } else if (attribute->type == TCA_STATS) {
      stats = attribute->payload;
    }
  }
  if (!has_stats2) TakeStats(stats, qdisc);
  return qdisc;
}

Result<std::vector<QdiscStats>> ParseQdiscFixture(std::string_view json) {
  DROVER_TRY(const auto objects, ParseFixtureJson(json));
  std::vector<QdiscStats> qdiscs;
  for (const FixtureObject& object : objects) {
    QdiscStats qdisc;
    const auto number = [&](std::string_view key) {
      return static_cast<std::uint32_t>(object.Number(key));
    };
    qdisc.device = object.Text("IfaceName");
    qdisc.kind = object.Text("Kind");
    qdisc.parent = number("Parent");
    qdisc.bytes = static_cast<std::uint64_t>(object.Number("Bytes"));
    qdisc.packets = number("Packets");
    qdisc.drops = number("Drops");
    qdisc.requeues = number("Requeues");
    qdisc.overlimits = number("Overlimits");
    qdisc.queue_packets = number("Qlen");
    qdisc.backlog_bytes = number("Backlog");
    qdiscs.push_back(std::move(qdisc));
  }
  return qdiscs;
}

}  // namespace drover::exporters::node
