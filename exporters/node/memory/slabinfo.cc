#include "core/os/hot_file.h"
#include "exporters/common/name_filter.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/memory/memory_tables.h"

namespace drover::exporters::node {
namespace {

constexpr auto kGauge = MetricType::kGauge;
struct Column {
  MetricDesc desc;
  double Slab::*field;
};
constexpr Column kColumns[] = {
    {{"node_slabinfo_active_objects",
      "The number of objects that are currently active (i.e., in use).", kGauge, "slab"},
     &Slab::active_objects},
    {{"node_slabinfo_objects",
      "The total number of allocated objects (i.e., objects that are both in use and not in use).",
      kGauge, "slab"},
     &Slab::objects},
    {{"node_slabinfo_object_size_bytes", "The size of objects in this slab, in bytes.", kGauge,
      "slab"},
     &Slab::object_size_bytes},
    {{"node_slabinfo_objects_per_slab", "The number of objects stored in each slab.", kGauge,
      "slab"},
     &Slab::objects_per_slab},
    {{"node_slabinfo_pages_per_slab", "The number of pages allocated for each slab.", kGauge,
      "slab"},
     &Slab::pages_per_slab},
};

class SlabInfo final : public Collector {
 public:
  SlabInfo(const CollectorInput& input, std::optional<Regex> include, std::optional<Regex> exclude)
      : file_(*input.roots.proc, "slabinfo"),
        include_(std::move(include)),
        exclude_(std::move(exclude)) {}

  Status Collect(MetricSink& out) override {
    DROVER_CHECK(file_.Read(text_));
    DROVER_CHECK(ParseSlabInfo(text_, slabs_));
    for (const Slab& slab : slabs_) {
      if (exclude_ && exclude_->Search(slab.name)) continue;
      if (include_ && !include_->Search(slab.name)) continue;
      for (const Column& column : kColumns) out.Add(column.desc, {slab.name}, slab.*column.field);
    }
    return {};
  }

 private:
  HotFile file_;
  const std::optional<Regex> include_, exclude_;  // both count
  std::string text_;
  std::vector<Slab> slabs_;
};

std::vector<std::string_view> Names() {
  std::vector<std::string_view> names;
  for (const Column& column : kColumns) names.push_back(column.desc.name);
  return names;
}

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  DROVER_TRY(auto include, PatternFlag(input.flags, "slabinfo.slabs-include"));
  DROVER_TRY(auto exclude, PatternFlag(input.flags, "slabinfo.slabs-exclude"));
  return std::make_unique<SlabInfo>(input, std::move(include), std::move(exclude));
}

}  // namespace

CollectorSpec SlabInfoSpec() {
  using enum CollectorFlag::Kind;
  return {
      "slabinfo",
      false,
      "Slabs of the kernel, for root.",
      "/proc/slabinfo",
      {{"slabinfo.slabs-include", kText, ".*", "Regexp of slabs to include in slabinfo collector."},
       {"slabinfo.slabs-exclude", kText, "", "Regexp of slabs to exclude in slabinfo collector."}},
      Make,
      Names()};
}

}  // namespace drover::exporters::node
