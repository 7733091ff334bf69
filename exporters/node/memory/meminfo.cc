#include <algorithm>

#include "core/os/hot_file.h"
#include "exporters/node/collectors.h"
#include "exporters/node/memory/mem_info.h"

namespace drover::exporters::node {
namespace {

// "Active(anon)" and a unit → "Active_anon_bytes".
std::string MetricKey(const MemField& field) {
  std::string key;
  for (const char c : field.key) {
    if (c == '(') key += '_';
    if (c != '(' && c != ')') key += c;
  }
  if (field.is_bytes) key += "_bytes";
  return key;
}

// Lines that upstream's reader does not know: left out, so that both exporters show the same set.
constexpr std::string_view kNotShown[] = {"Balloon",   "FileHugePages", "FilePmdMapped",
                                          "Hugetlb",   "KReclaimable",  "SecPageTables",
                                          "GPUActive", "GPUReclaim",    "Unaccepted"};

class MemInfo final : public Collector {
 public:
  explicit MemInfo(const CollectorInput& input) : file_(*input.roots.proc, "meminfo") {}

  Status Collect(MetricSink& out) override {
    DROVER_CHECK(file_.Read(text_));
    DROVER_CHECK(ParseMemInfo(text_, fields_));
    // The kernel prints the same lines each time: the i-th is looked up by its place first.
    known_.resize(fields_.size());
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      auto& [key, desc] = known_[i];
      if (key != fields_[i].key) {
        key = fields_[i].key;
        const bool shown =
            std::find(std::begin(kNotShown), std::end(kNotShown), key) == std::end(kNotShown);
        desc = shown ? &descs_.Get(MetricKey(fields_[i])) : nullptr;
      }
      if (desc != nullptr) out.Add(*desc, fields_[i].value);
    }
    return {};
  }

 private:
  HotFile file_;
  std::string text_;
  std::vector<MemField> fields_;
  std::vector<std::pair<std::string, const MetricDesc*>> known_;
  DescTable descs_{"node_memory_", "", "Memory information field ", ".", MetricType::kGauge};
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<MemInfo>(input);
}

}  // namespace

CollectorSpec MemInfoSpec() {
  return {"meminfo", true, "Memory: /proc/meminfo.", "/proc/meminfo", {}, Make, {"node_memory_*"}};
}

}  // namespace drover::exporters::node
