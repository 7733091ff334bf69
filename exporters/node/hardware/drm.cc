#include "core/base/numbers.h"
#include "exporters/node/collectors.h"
#include "exporters/node/sysfs.h"

namespace drover::exporters::node {
namespace {

constexpr auto kGauge = MetricType::kGauge;
constexpr MetricDesc kInfo{"node_drm_card_info", "Card information", kGauge,
                           "card,memory_vendor,power_performance_level,unique_id,vendor"};

// https://docs.kernel.org/gpu/amdgpu/driver-misc.html; not every card has every file.
struct NumberFile {
  const char* name;
  MetricDesc desc;
};
constexpr NumberFile kNumbers[] = {
    {"gpu_busy_percent",
     {"node_drm_gpu_busy_percent", "How busy the GPU is as a percentage.", kGauge, "card"}},
    {"mem_info_gtt_total",
     {"node_drm_memory_gtt_size_bytes",
      "The size of the graphics translation table (GTT) block in bytes.", kGauge, "card"}},
    {"mem_info_gtt_used",
     {"node_drm_memory_gtt_used_bytes",
      "The used amount of the graphics translation table (GTT) block in bytes.", kGauge, "card"}},
    {"mem_info_vis_vram_total",
     {"node_drm_memory_vis_vram_size_bytes", "The size of visible VRAM in bytes.", kGauge, "card"}},
    {"mem_info_vis_vram_used",
     {"node_drm_memory_vis_vram_used_bytes", "The used amount of visible VRAM in bytes.", kGauge,
      "card"}},
    {"mem_info_vram_total",
     {"node_drm_memory_vram_size_bytes", "The size of VRAM in bytes.", kGauge, "card"}},
    {"mem_info_vram_used",
     {"node_drm_memory_vram_used_bytes", "The used amount of VRAM in bytes.", kGauge, "card"}},
};

class Drm final : public Collector {
 public:
  explicit Drm(const CollectorInput& input) : sys_(input.roots.sys) {}

  // A card without a driver's file, or one that went, is passed over; so is every other maker's.
  Status Collect(MetricSink& out) override {
    const auto names = sys_.List("class/drm", "card");
    if (!names && names.error().code() == ErrorCode::kNotFound) return {};
    if (!names) return Fail(names.error());
    for (const std::string& card : *names) {
      const bool is_card = card.size() == 5 && card[4] >= '0' && card[4] <= '9';  // no connector
      const std::string device = "class/drm/" + card + "/device/";
      if (is_card && TextOf(device + "uevent").find("DRIVER=amdgpu") != std::string::npos)
        Emit(card, device, out);
    }
    return {};
  }

 private:
  std::string TextOf(const std::string& path) {
    return std::string(sys_.Text(path).value_or(std::string_view()));
  }

  // As upstream, a file that is absent counts 0.
  void Emit(const std::string& card, const std::string& device, MetricSink& out) {
    for (const NumberFile& file : kNumbers)
      out.Add(file.desc, {card}, static_cast<double>(sys_.Uint(device + file.name).value_or(0)));
    out.Add(
        kInfo,
        {card, TextOf(device + "mem_info_vram_vendor"),
         TextOf(device + "power_dpm_force_performance_level"), TextOf(device + "unique_id"), "amd"},
        1);
  }

  SysFs sys_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<Drm>(input);
}

}  // namespace

CollectorSpec DrmSpec() {
  CollectorSpec spec{"drm",
                     false,
                     "Graphics cards with the amdgpu driver.",
                     "/sys/class/drm/card?/device",
                     {},
                     Make,
                     {kInfo.name}};
  for (const NumberFile& file : kNumbers) spec.metrics.push_back(file.desc.name);
  return spec;
}

}  // namespace drover::exporters::node
