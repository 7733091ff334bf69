#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/sysfs.h"

namespace drover::exporters::node {
namespace {

constexpr auto kGauge = MetricType::kGauge;
constexpr MetricDesc kInfo{"node_nvme_info",
                           "Non-numeric data from /sys/class/nvme/<device>, value is always 1.",
                           kGauge, "device,firmware_revision,model,serial,state,cntlid"};
constexpr MetricDesc kNamespaceInfo{"node_nvme_namespace_info",
                                    "Information about NVMe namespaces. Value is always 1", kGauge,
                                    "device,nsid,ana_state"};
constexpr MetricDesc kCapacity{
    "node_nvme_namespace_capacity_bytes",
    "Capacity of the NVMe namespace in bytes. Computed as namespace_size * "
    "namespace_logical_block_size",
    kGauge, "device,nsid"};
constexpr MetricDesc kSize{"node_nvme_namespace_size_bytes",
                           "Size of the NVMe namespace in bytes. Available in "
                           "/sys/class/nvme/<device>/<namespace>/size",
                           kGauge, "device,nsid"};
constexpr MetricDesc kUsed{"node_nvme_namespace_used_bytes",
                           "Used space of the NVMe namespace in bytes. Available in "
                           "/sys/class/nvme/<device>/<namespace>/nuse",
                           kGauge, "device,nsid"};
constexpr MetricDesc kBlockSize{"node_nvme_namespace_logical_block_size_bytes",
                                "Logical block size of the NVMe namespace in bytes. Usually 4Kb. "
                                "Available in "
                                "/sys/class/nvme/<device>/<namespace>/queue/logical_block_size",
                                kGauge, "device,nsid"};

// "1" of nvme0n1; "" for what is no namespace (a path of a multipath device, nvme0c1n1, is none).
std::string_view NamespaceId(std::string_view name) {
  const auto digits = [&name] {
    std::size_t n = 0;
    while (n < name.size() && name[n] >= '0' && name[n] <= '9') ++n;
    const std::string_view front = name.substr(0, n);
    name.remove_prefix(n);
    return front;
  };
  if (!name.starts_with("nvme")) return {};
  name.remove_prefix(4);
  if (digits().empty() || !name.starts_with('n')) return {};
  name.remove_prefix(1);
  return digits();
}

class Nvme final : public Collector {
 public:
  explicit Nvme(const CollectorInput& input) : sys_(input.roots.sys) {}

  Status Collect(MetricSink& out) override {
    const std::string base = "class/nvme";
    DROVER_TRY(const auto devices, sys_.List(base));
    FirstError errors;
    for (const std::string& device : devices) {
      const std::string folder = base + "/" + device;
      const auto names = sys_.List(folder);
      if (!errors.Ok(names)) continue;
      std::string facts[5];
      bool is_whole = true;
      const char* const files[] = {"firmware_rev", "model", "serial", "state", "cntlid"};
      for (std::size_t i = 0; i < std::size(files); ++i) {
        const auto text = sys_.Text(folder + "/" + files[i]);
        if (errors.Ok(text)) {
          facts[i] = *text;
        } else {
          is_whole = false;
        }
      }
      if (!is_whole) continue;
      out.Add(kInfo, {device, facts[0], facts[1], facts[2], facts[3], facts[4]}, 1);
      for (const std::string& name : *names) {
        const std::string_view id = NamespaceId(name);
        if (!id.empty()) CollectNamespace(device, id, folder + "/" + name, errors, out);
      }
    }
    return errors.status();
  }

 private:
  void CollectNamespace(const std::string& device, std::string_view id, const std::string& folder,
                        FirstError& errors, MetricSink& out) {
    const auto used = sys_.Uint(folder + "/nuse");
    const auto size = sys_.Uint(folder + "/size");
    const auto block = sys_.Uint(folder + "/queue/logical_block_size");
    if (!errors.Ok(used) || !errors.Ok(size) || !errors.Ok(block)) return;
    const auto state = sys_.Text(folder + "/ana_state");
    out.Add(kNamespaceInfo, {device, id, state ? *state : "unknown"}, 1);
    const double size_bytes = static_cast<double>(*size * *block);
    out.Add(kCapacity, {device, id}, size_bytes);
    out.Add(kSize, {device, id}, size_bytes);
    out.Add(kUsed, {device, id}, static_cast<double>(*used * *block));
    out.Add(kBlockSize, {device, id}, static_cast<double>(*block));
  }

  SysFs sys_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<Nvme>(input);
}

}  // namespace

CollectorSpec NvmeSpec() {
  return {"nvme",
          true,
          "NVMe controllers and their namespaces.",
          "/sys/class/nvme",
          {},
          Make,
          NamesOf(kInfo, kNamespaceInfo, kCapacity, kSize, kUsed, kBlockSize)};
}

}  // namespace drover::exporters::node
