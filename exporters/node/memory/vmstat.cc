#include "core/base/numbers.h"
#include "core/os/hot_file.h"
#include "exporters/common/fields.h"
#include "exporters/common/name_filter.h"
#include "exporters/node/collectors.h"

namespace drover::exporters::node {
namespace {

class VmStat final : public Collector {
 public:
  VmStat(const CollectorInput& input, std::optional<Regex> fields)
      : file_(*input.roots.proc, "vmstat"), fields_(std::move(fields)) {}

  Status Collect(MetricSink& out) override {
    DROVER_CHECK(file_.Read(text_));
    if (text_.empty()) return Fail(ErrorCode::kInvalid, "vmstat: empty");
    std::string_view rest = text_;
    // The kernel prints the same lines each time: the i-th is looked up by its place first.
    for (std::size_t i = 0; !rest.empty(); ++i) {
      std::string_view line = NextLine(rest);
      const std::string_view key = NextField(line);
      if (i == lines_.size()) lines_.emplace_back();
      auto& [known, desc] = lines_[i];
      if (known != key) {
        known = key;
        const bool wanted = !key.empty() && (!fields_ || fields_->Search(key));
        desc = wanted ? &descs_.Get(key) : nullptr;
      }
      if (desc == nullptr) continue;
      const auto value = ParseFloat(NextField(line));
      if (!value) return Fail(ErrorCode::kInvalid, "vmstat: not a number: " + std::string(key));
      out.Add(*desc, *value);
    }
    return {};
  }

 private:
  HotFile file_;
  const std::optional<Regex> fields_;
  std::string text_;
  std::vector<std::pair<std::string, const MetricDesc*>> lines_;
  DescTable descs_{"node_vmstat_", "", "/proc/vmstat information field ", ".",
                   MetricType::kUnknown};
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  DROVER_TRY(auto fields, PatternFlag(input.flags, "vmstat.fields"));
  return std::make_unique<VmStat>(input, std::move(fields));
}

}  // namespace

CollectorSpec VmStatSpec() {
  using enum CollectorFlag::Kind;
  return {"vmstat",
          true,
          "Paging and faults: /proc/vmstat.",
          "/proc/vmstat",
          {{"vmstat.fields", kText, "^(oom_kill|pgpg|pswp|pg.*fault).*",
            "Regexp of fields to return for vmstat collector."}},
          Make,
          {"node_vmstat_*"}};
}

}  // namespace drover::exporters::node
