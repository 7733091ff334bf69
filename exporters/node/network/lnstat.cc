#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/network/kernel_counters.h"
#include "exporters/node/sysfs.h"

namespace drover::exporters::node {
namespace {

constexpr std::string_view kFolder = "net/stat";
constexpr std::string_view kHelp = "linux network cache stats";

class Lnstat final : public Collector {
 public:
  explicit Lnstat(const CollectorInput& input) : proc_(input.roots.proc) {}

  Status Collect(MetricSink& out) override {
    const auto names = proc_->List(kFolder);
    if (!names) {
      if (IsNoValue(names.error())) return {};
      return Fail(names.error());
    }
    for (const std::string& subsystem : *names) {
      const std::string path = std::string(kFolder) + "/" + subsystem;
      DROVER_CHECK(proc_->ReadFile(path, text_));
      Status parsed = ParseLnstat(text_, [&](std::size_t cpu, std::string_view name, double value) {
        name_.assign("node_lnstat_").append(name).append("_total");
        out.Add(descs_.Get(name_, kHelp, MetricType::kCounter, "subsystem,cpu"),
                {subsystem, std::to_string(cpu)}, value);
      });
      if (!parsed) return tl::unexpected(std::move(parsed).error().With(path));
    }
    return {};
  }

 private:
  const std::shared_ptr<FileSystem> proc_;
  std::string text_;
  std::string name_;
  DescPool descs_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<Lnstat>(input);
}

}  // namespace

CollectorSpec LnstatSpec() {
  return {"lnstat",           false, "Neighbour and connection tracking caches by CPU.",
          "/proc/net/stat/*", {},    Make,
          {"node_lnstat_*"}};
}

}  // namespace drover::exporters::node
