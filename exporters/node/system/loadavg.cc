#include "core/base/numbers.h"
#include "core/os/hot_file.h"
#include "exporters/common/fields.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"

namespace drover::exporters::node {
namespace {

constexpr MetricDesc kLoads[] = {{"node_load1", "1m load average."},
                                 {"node_load5", "5m load average."},
                                 {"node_load15", "15m load average."}};

class LoadAvg final : public Collector {
 public:
  explicit LoadAvg(const CollectorInput& input) : file_(*input.roots.proc, "loadavg") {}

  Status Collect(MetricSink& out) override {
    DROVER_CHECK(file_.Read(text_));
    std::string_view rest = text_;
    for (const MetricDesc& desc : kLoads) {
      const auto load = ParseFloat(NextField(rest));
      if (!load) return Fail(ErrorCode::kInvalid, "loadavg: not a number in " + text_);
      out.Add(desc, *load);
    }
    return {};
  }

 private:
  HotFile file_;
  std::string text_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<LoadAvg>(input);
}

}  // namespace

CollectorSpec LoadAvgSpec() {
  return {"loadavg", true,           "Load averages: /proc/loadavg.", "/proc/loadavg", {},
          Make,      NamesOf(kLoads)};
}

}  // namespace drover::exporters::node
