#include <algorithm>
#include <array>

#include "core/base/numbers.h"
#include "exporters/common/fields.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/hardware/pci_ids.h"
#include "exporters/node/sysfs.h"

namespace drover::exporters::node {
namespace {

constexpr auto kGauge = MetricType::kGauge;
constexpr std::string_view kPlace = "segment,bus,device,function";
constexpr std::string_view kFolder = "bus/pci/devices";
constexpr MetricDesc kInfo{
    "node_pcidevice_info",
    "Non-numeric data from /sys/bus/pci/devices/<location>, value is always 1.", kGauge,
    "segment,bus,device,function,parent_segment,parent_bus,parent_device,parent_function,class_id,"
    "vendor_id,device_id,subsystem_vendor_id,subsystem_device_id,revision"};
constexpr MetricDesc kNamedInfo{
    "node_pcidevice_info",
    "Non-numeric data from /sys/bus/pci/devices/<location>, value is always 1.", kGauge,
    "segment,bus,device,function,parent_segment,parent_bus,parent_device,parent_function,class_id,"
    "vendor_id,device_id,subsystem_vendor_id,subsystem_device_id,revision,class_name,vendor_name,"
    "device_name,subsystem_vendor_name,subsystem_device_name"};
constexpr MetricDesc kSpeeds[] = {
    {"node_pcidevice_current_link_transfers_per_second",
     "Value of current link's transfers per second (T/s)", kGauge, kPlace},
    {"node_pcidevice_max_link_transfers_per_second",
     "Value of maximum link's transfers per second (T/s)", kGauge, kPlace}};
constexpr std::string_view kSpeedFiles[] = {"current_link_speed", "max_link_speed"};
struct Attribute {
  std::string_view file;
  MetricDesc desc;
  double absent;  // what is shown for a device that lacks it, as upstream does
};
constexpr Attribute kAttributes[] = {
    {"current_link_width",
     {"node_pcidevice_current_link_width", "Value of current link's width (number of lanes)",
      kGauge, kPlace},
     -1},
    {"max_link_width",
     {"node_pcidevice_max_link_width", "Value of maximum link's width (number of lanes)", kGauge,
      kPlace},
     -1},
    {"d3cold_allowed",
     {"node_pcidevice_d3cold_allowed", "Whether the PCIe device supports D3cold power state (0/1).",
      kGauge, kPlace},
     0},
    {"sriov_drivers_autoprobe",
     {"node_pcidevice_sriov_drivers_autoprobe",
      "Whether SR-IOV drivers autoprobe is enabled for the device (0/1).", kGauge, kPlace},
     0},
    {"sriov_numvfs",
     {"node_pcidevice_sriov_numvfs",
      "Number of Virtual Functions (VFs) currently enabled for SR-IOV.", kGauge, kPlace},
     0},
    {"sriov_totalvfs",
     {"node_pcidevice_sriov_totalvfs",
      "Total number of Virtual Functions (VFs) supported by the device.", kGauge, kPlace},
     0},
    {"sriov_vf_total_msix",
     {"node_pcidevice_sriov_vf_total_msix", "Total number of MSI-X vectors for Virtual Functions.",
      kGauge, kPlace},
     0},
};
constexpr MetricDesc kNumaNode{
    "node_pcidevice_numa_node",
    "NUMA node number for the PCI device. -1 indicates unknown or not available.", kGauge, kPlace};
constexpr MetricDesc kPowerState{
    "node_pcidevice_power_state",
    "PCIe device power state, one of: D0, D1, D2, D3hot, D3cold, unknown or error.", kGauge,
    "segment,bus,device,function,state"};
constexpr std::string_view kPowerStates[] = {"D0",     "D1",      "D2",   "D3hot",
                                             "D3cold", "unknown", "error"};
constexpr std::string_view kIdsFiles[] = {"usr/share/misc/pci.ids", "usr/share/hwdata/pci.ids",
                                          "usr/share/pci.ids"};

using Place = std::array<std::string_view, 4>;

// "0000:01:00.0"; false for another form.
bool ParsePlace(std::string_view text, Place& out) {
  constexpr std::string_view kEnds = "::.";
  for (std::size_t i = 0; i < 3; ++i) {
    const std::size_t end = text.find(kEnds[i]);
    if (end == std::string_view::npos || end == 0) return false;
    out[i] = text.substr(0, end);
    text.remove_prefix(end + 1);
  }
  out[3] = text;
  return !text.empty();
}

// "8.0 GT/s PCIe" in transfers per second; -1 for "Unknown" and the like.
double LinkSpeed(std::string_view text) {
  const auto value = ParseFloat(NextField(text));
  return value && NextField(text) == "GT/s" ? *value * 1e9 : -1;
}

std::string_view WithoutPrefix(std::string_view hex) {
  return hex.starts_with("0x") ? hex.substr(2) : hex;
}

class PciDevice final : public Collector {
 public:
  PciDevice(const CollectorInput& input, std::optional<PciIds> ids)
      : sys_(input.roots.sys), ids_(std::move(ids)) {}

  Status Collect(MetricSink& out) override {
    DROVER_TRY(const auto names, sys_.List(kFolder));
    if (names.empty()) return Fail(ErrorCode::kNotFound, "no PCI device");
    for (const std::string& name : names) DROVER_CHECK(CollectOne(name, out));
    return {};
  }

 private:
  Status CollectOne(const std::string& name, MetricSink& out) {
    Place place;
    if (!ParsePlace(name, place))
      return Fail(ErrorCode::kInvalid, std::string(kFolder) + ": not a device: " + name);
    const std::string folder = std::string(kFolder) + "/" + name + "/";
    bool gone = false;
    DROVER_CHECK(AddInfo(folder, place, gone, out));
    if (gone) return {};
    for (std::size_t i = 0; i < std::size(kSpeeds); ++i) {
      DROVER_TRY(const auto text, OptionalText(folder, kSpeedFiles[i]));
      out.Add(kSpeeds[i], place, text ? LinkSpeed(*text) : -1);
    }
    for (const Attribute& one : kAttributes) {
      DROVER_TRY(const auto value, Optional(sys_.Int(folder + std::string(one.file))));
      out.Add(one.desc, place, value ? static_cast<double>(*value) : one.absent);
    }
    DROVER_TRY(const auto numa_node, Optional(sys_.Int(folder + "numa_node")));
    if (numa_node && *numa_node >= 0) out.Add(kNumaNode, place, static_cast<double>(*numa_node));
    DROVER_TRY(const auto power, OptionalText(folder, "power_state"));
    if (!power) return {};
    for (const std::string_view state : kPowerStates)
      out.Add(kPowerState, {place[0], place[1], place[2], place[3], state},
              state == *power ? 1 : 0);
    return {};
  }

  Result<std::optional<std::string_view>> OptionalText(const std::string& folder,
                                                       std::string_view file) {
    return Optional(sys_.Text(folder + std::string(file)));
  }

  Status AddInfo(const std::string& folder, const Place& place, bool& gone, MetricSink& out) {
    constexpr std::string_view kFiles[] = {
        "class", "vendor", "device", "subsystem_vendor", "subsystem_device", "revision"};
    std::array<std::string, std::size(kFiles)> ids;
    for (std::size_t i = 0; i < std::size(kFiles); ++i) {
      const auto text = sys_.Text(folder + std::string(kFiles[i]));
      gone = !text && IsNoValue(text.error());
      if (gone) return {};
      if (!text) return Fail(text.error());
      ids[i] = *text;
    }
    std::vector<std::string_view> values(place.begin(), place.end());
    const std::string parent = ParentOf(folder);
    Place parent_place;
    if (!ParsePlace(parent, parent_place)) parent_place.fill("*");
    values.insert(values.end(), parent_place.begin(), parent_place.end());
    values.insert(values.end(), ids.begin(), ids.end());
    if (!ids_) {
      out.Add(kInfo, values, 1);
      return {};
    }
    const auto id = [&](std::size_t i) { return WithoutPrefix(ids[i]); };
    const std::array<std::string, 5> names = {ids_->Class(id(0)), ids_->Vendor(id(1)),
                                              ids_->Device(id(1), id(2)), ids_->Vendor(id(3)),
                                              ids_->Subsystem(id(1), id(2), id(3), id(4))};
    values.insert(values.end(), names.begin(), names.end());
    out.Add(kNamedInfo, values, 1);
    return {};
  }

  // The folder above the device in the tree of devices: a bridge, or the root of a bus.
  std::string ParentOf(const std::string& folder) const {
    const auto link = sys_.files().ReadLink(std::string_view(folder).substr(0, folder.size() - 1));
    if (!link) return {};
    const std::size_t end = link->rfind('/');
    if (end == std::string::npos || end == 0) return {};
    const std::size_t begin = link->rfind('/', end - 1);
    return link->substr(begin + 1, end - begin - 1);
  }

  SysFs sys_;
  const std::optional<PciIds> ids_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  std::optional<PciIds> ids;
  if (input.flags.Switch("pcidevice.names")) {
    const std::string& file = input.flags.Text("pcidevice.idsfile");
    std::string text;
    bool found = !file.empty();
    if (found) {
      auto read = ReadUserFile(file);
      if (!read) return Fail(std::move(read).error().With("--collector.pcidevice.idsfile"));
      text = *std::move(read);
    }
    for (const std::string_view usual : kIdsFiles) {
      if (!found) found = input.roots.root->ReadFile(usual, text).has_value();
    }
    if (!found) input.log.Warn("no pci.ids found: PCI devices go by their numbers");
    ids = PciIds::Parse(text);
  }
  return std::make_unique<PciDevice>(input, std::move(ids));
}

std::vector<std::string_view> Names() {
  auto names = NamesOf(kInfo, kSpeeds, kNumaNode, kPowerState);
  for (const Attribute& one : kAttributes) names.push_back(one.desc.name);
  return names;
}

}  // namespace

CollectorSpec PciDeviceSpec() {
  using enum CollectorFlag::Kind;
  return {"pcidevice",
          false,
          "PCI devices: links, power, virtual functions.",
          "/sys/bus/pci/devices/*",
          {{"pcidevice.names", kSwitch, "false",
            "Enable PCI device name resolution (requires pci.ids file)."},
           {"pcidevice.idsfile", kText, "",
            "Path to pci.ids file to use for PCI device identification."}},
          Make,
          Names()};
}

}  // namespace drover::exporters::node
