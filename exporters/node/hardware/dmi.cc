#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/sysfs.h"

namespace drover::exporters::node {
namespace {

constexpr std::string_view kHelp =
    "A metric with a constant '1' value labeled by bios_date, bios_release, bios_vendor, "
    "bios_version, board_asset_tag, board_name, board_serial, board_vendor, board_version, "
    "chassis_asset_tag, chassis_serial, chassis_vendor, chassis_version, product_family, "
    "product_name, product_serial, product_sku, product_uuid, product_version, system_vendor if "
    "provided by DMI.";
constexpr std::string_view kFiles[] = {
    "bios_date",      "bios_release",   "bios_vendor",     "bios_version",    "board_asset_tag",
    "board_name",     "board_serial",   "board_vendor",    "board_version",   "chassis_asset_tag",
    "chassis_serial", "chassis_vendor", "chassis_version", "product_family",  "product_name",
    "product_serial", "product_sku",    "product_uuid",    "product_version", "sys_vendor"};

// What the firmware says does not change until the next boot: read once.
class Dmi final : public Collector {
 public:
  explicit Dmi(const CollectorInput& input) {
    SysFs sys(input.roots.sys);
    for (const std::string_view file : kFiles) {
      const auto text = sys.Text("class/dmi/id/" + std::string(file));
      if (!text) continue;  // absent, or only for root
      labels_ += labels_.empty() ? "" : ",";
      labels_ += file == "sys_vendor" ? "system_vendor" : file;
      values_.emplace_back(*text);
    }
  }

  Status Collect(MetricSink& out) override {
    if (values_.empty()) return Fail(ErrorCode::kNotFound, "no DMI information");
    const std::vector<std::string_view> values(values_.begin(), values_.end());
    out.Add(descs_.Get("node_dmi_info", kHelp, MetricType::kGauge, labels_), std::span(values), 1);
    return {};
  }

 private:
  std::string labels_;
  std::vector<std::string> values_;
  DescPool descs_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<Dmi>(input);
}

}  // namespace

CollectorSpec DmiSpec() {
  return {"dmi",
          true,
          "What the firmware says of this machine.",
          "/sys/class/dmi/id",
          {},
          Make,
          {"node_dmi_info"}};
}

}  // namespace drover::exporters::node
