#include "core/base/numbers.h"
#include "core/os/hot_file.h"
#include "exporters/common/fields.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/network/proc_net.h"

namespace drover::exporters::node {
namespace {

constexpr MetricDesc kEntries{
    "node_nf_conntrack_entries",
    "Number of currently allocated flow entries for connection tracking."};
constexpr MetricDesc kLimit{"node_nf_conntrack_entries_limit",
                            "Maximum size of connection tracking table."};
struct Sum {
  MetricDesc desc;
  std::uint64_t ConntrackStat::*field;
};
constexpr Sum kSums[] = {
    {{"node_nf_conntrack_stat_found", "Number of searched entries which were successful."},
     &ConntrackStat::found},
    {{"node_nf_conntrack_stat_invalid", "Number of packets seen which can not be tracked."},
     &ConntrackStat::invalid},
    {{"node_nf_conntrack_stat_ignore",
      "Number of packets seen which are already connected to a conntrack entry."},
     &ConntrackStat::ignore},
    {{"node_nf_conntrack_stat_insert", "Number of entries inserted into the list."},
     &ConntrackStat::insert},
    {{"node_nf_conntrack_stat_insert_failed",
      "Number of entries for which list insertion was attempted but failed."},
     &ConntrackStat::insert_failed},
    {{"node_nf_conntrack_stat_drop", "Number of packets dropped due to conntrack failure."},
     &ConntrackStat::drop},
    {{"node_nf_conntrack_stat_early_drop",
      "Number of dropped conntrack entries to make room for new ones, if maximum table size was "
      "reached."},
     &ConntrackStat::early_drop},
    {{"node_nf_conntrack_stat_search_restart",
      "Number of conntrack table lookups which had to be restarted due to hashtable resizes."},
     &ConntrackStat::search_restart},
};

class Conntrack final : public Collector {
 public:
  explicit Conntrack(const CollectorInput& input)
      : count_(*input.roots.proc, "sys/net/netfilter/nf_conntrack_count"),
        max_(*input.roots.proc, "sys/net/netfilter/nf_conntrack_max"),
        stat_(*input.roots.proc, "net/stat/nf_conntrack") {}

  Status Collect(MetricSink& out) override {
    DROVER_TRY(const std::uint64_t count, Number(count_));
    out.Add(kEntries, static_cast<double>(count));
    DROVER_TRY(const std::uint64_t max, Number(max_));
    out.Add(kLimit, static_cast<double>(max));
    DROVER_CHECK(stat_.Read(text_));
    DROVER_TRY(const ConntrackStat stat, ParseConntrackStat(text_));
    for (const Sum& sum : kSums) out.Add(sum.desc, static_cast<double>(stat.*sum.field));
    return {};
  }

 private:
  Result<std::uint64_t> Number(HotFile& file) {
    DROVER_CHECK(file.Read(text_));
    const auto value = ParseUint(Trim(text_));
    if (!value) return Fail(ErrorCode::kInvalid, file.path() + ": not a number");
    return *value;
  }

  HotFile count_, max_, stat_;
  std::string text_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<Conntrack>(input);
}

std::vector<std::string_view> Names() {
  auto names = NamesOf(kEntries, kLimit);
  for (const Sum& sum : kSums) names.push_back(sum.desc.name);
  return names;
}

}  // namespace

CollectorSpec ConntrackSpec() {
  return {"conntrack",
          true,
          "Connection tracking.",
          "/proc/sys/net/netfilter/nf_conntrack_{count,max}, /proc/net/stat/nf_conntrack",
          {},
          Make,
          Names()};
}

}  // namespace drover::exporters::node
