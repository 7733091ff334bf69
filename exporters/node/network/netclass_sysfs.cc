#include <map>

#include "core/os/hot_file.h"
#include "exporters/common/fields.h"
#include "exporters/node/network/net_class.h"

namespace drover::exporters::node {
namespace {

using enum NetProperty;

constexpr MetricDesc kInfo{
    "node_network_info", "Non-numeric data from /sys/class/net/<iface>, value is always 1.",
    MetricType::kGauge, "device,address,broadcast,duplex,operstate,adminstate,ifalias"};

struct NumberFile {
  const char* name;
  NetProperty property;
  bool is_static;  // never changes while the device lives
};
constexpr NumberFile kNumbers[] = {
    {"addr_assign_type", kAddressAssignType, false},
    {"carrier", kCarrier, false},
    {"carrier_changes", kCarrierChanges, false},
    {"carrier_up_count", kCarrierUps, false},
    {"carrier_down_count", kCarrierDowns, false},
    {"dev_id", kDeviceId, true},
    {"dormant", kDormant, false},
    {"flags", kFlags, false},
    {"ifindex", kIndex, true},
    {"iflink", kLink, false},
    {"link_mode", kLinkMode, false},
    {"mtu", kMtu, false},
    {"name_assign_type", kNameAssignType, true},
    {"netdev_group", kGroup, false},
    {"speed", kSpeed, false},
    {"tx_queue_len", kQueueLength, false},
    {"type", kProtocolType, true},
};
constexpr const char* kTexts[] = {"address", "broadcast", "duplex", "operstate", "ifalias"};
enum Text { kAddress, kBroadcast, kDuplex, kOperationalState, kAlias };

constexpr std::size_t kFiles = std::size(kNumbers) + std::size(kTexts);
// Open files between scrapes; hosts with more interfaces open and close their attributes each time.
constexpr std::size_t kMaxKeptFiles = 320;

constexpr std::string_view kFolder = "class/net";

class SysfsNetClass final : public Collector {
 public:
  SysfsNetClass(const CollectorInput& input, NetClassOptions options)
      : sys_(input.roots.sys), options_(std::move(options)) {}

  Status Collect(MetricSink& out) override {
    const auto names = sys_->List(kFolder);
    if (!names && names.error().code() == ErrorCode::kDenied)
      return Fail(ErrorCode::kNotFound, names.error().message());
    if (!names) return Fail(names.error());
    ++round_;
    for (const std::string& name : *names) {
      if (options_.ignored_devices && options_.ignored_devices->Search(name)) continue;
      if (Device* device = Find(name, names->size()); device != nullptr && Read(*device))
        Emit(name, *device, out);
    }
    std::erase_if(devices_, [this](const auto& one) { return one.second.seen != round_; });
    return {};
  }

 private:
  struct Device {
    explicit Device(std::string path) : folder(std::move(path)) {}
    const std::string folder;
    std::uint64_t inode = 0;
    std::uint64_t seen = 0;
    std::vector<HotFile> kept;  // by file, when they are kept open
    std::optional<std::int64_t> numbers[std::size(kNumbers)];
    std::string texts[std::size(kTexts)];
    bool has_statics = false;
  };

  // A folder's inode tells a device from a later one of the same name. Files between the folders
  // (bonding_masters) are no devices.
  Device* Find(const std::string& name, std::size_t names) {
    const std::string folder = std::string(kFolder) + "/" + name;
    const auto info = sys_->Stat(folder);
    if (!info || !info->is_directory) return nullptr;
    auto found = devices_.find(name);
    if (found != devices_.end() && found->second.inode != info->inode) {
      devices_.erase(found);
      found = devices_.end();
    }
    if (found == devices_.end()) {
      found = devices_.try_emplace(name, folder).first;
      Device& device = found->second;
      device.inode = info->inode;
      if (names * kFiles <= kMaxKeptFiles) {
        device.kept.reserve(kFiles);
        for (const NumberFile& file : kNumbers)
          device.kept.emplace_back(*sys_, folder + "/" + file.name);
        for (const char* file : kTexts) device.kept.emplace_back(*sys_, folder + "/" + file);
      }
    }
    found->second.seen = round_;
    return &found->second;
  }

  Status ReadFile(Device& device, std::size_t file, const char* name) {
    if (!device.kept.empty()) return device.kept[file].Read(text_);
    path_.assign(device.folder).append("/").append(name);
    return sys_->ReadFile(path_, text_);
  }

  // False when the device went while it was read. An attribute may be absent, denied, or without a
  // value for now (EINVAL: the carrier of a device that is down).
  bool Read(Device& device) {
    bool any = false;
    for (std::size_t i = 0; i < std::size(kNumbers); ++i) {
      if (kNumbers[i].is_static && device.has_statics) continue;
      device.numbers[i].reset();
      if (!ReadFile(device, i, kNumbers[i].name)) continue;
      any = true;
      device.numbers[i] = ParseSysfsNumber(text_);
    }
    for (std::size_t i = 0; i < std::size(kTexts); ++i) {
      device.texts[i].clear();
      if (!ReadFile(device, std::size(kNumbers) + i, kTexts[i])) continue;
      any = true;
      device.texts[i] = Trim(text_);
    }
    device.has_statics = true;
    return any && sys_->Exists(device.folder);
  }

  void Emit(const std::string& name, const Device& device, MetricSink& out) const {
    const std::string& state = device.texts[kOperationalState];
    std::string_view admin = "unknown";
    out.Add(kNetUp, {name}, state == "up" ? 1 : 0);
    for (std::size_t i = 0; i < std::size(kNumbers); ++i) {
      if (!device.numbers[i]) continue;
      const NetProperty property = kNumbers[i].property;
      double value = static_cast<double>(*device.numbers[i]);
      if (property == kFlags) admin = (*device.numbers[i] & 1) != 0 ? "up" : "down";
      if (property == kSpeed) {
        if (value < 0 && options_.ignore_invalid_speed) continue;
        value = static_cast<double>(*device.numbers[i] * 1'000'000 / 8);  // -1: unknown
      }
      out.Add(DescOf(property), {name}, value);
    }
    out.Add(kInfo,
            {name, device.texts[kAddress], device.texts[kBroadcast], device.texts[kDuplex], state,
             admin, device.texts[kAlias]},
            1);
  }

  const std::shared_ptr<FileSystem> sys_;
  const NetClassOptions options_;
  std::map<std::string, Device, std::less<>> devices_;
  std::uint64_t round_ = 0;
  std::string text_, path_;
};

}  // namespace

std::unique_ptr<Collector> MakeSysfsNetClass(const CollectorInput& input, NetClassOptions options) {
  return std::make_unique<SysfsNetClass>(input, std::move(options));
}

}  // namespace drover::exporters::node
