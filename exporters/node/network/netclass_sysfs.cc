#include <map>

#include "core/os/hot_file.h"
#include "exporters/common/fields.h"
#include "exporters/node/network/attribute_folder.h"
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
// A host with few interfaces keeps their attributes open, which halves the cost again. Each open
// one takes the kernel a page of memory and us a descriptor.
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
      const std::string path = std::string(kFolder) + "/" + name;
      Device* const device =
          names->size() * kFiles <= kMaxKeptFiles ? ReadKept(name, path) : ReadFolder(name, path);
      if (device != nullptr) Emit(name, *device, out);
    }
    std::erase_if(devices_, [this](const auto& one) { return one.second.seen != round_; });
    return {};
  }

 private:
  struct Device {
    std::uint64_t inode = 0;
    std::uint64_t seen = 0;
    std::size_t readable = 0;   // files that had a value the last time
    std::vector<HotFile> kept;  // numbers, then texts; or none
    std::optional<std::int64_t> numbers[std::size(kNumbers)];
    std::string texts[std::size(kTexts)];
  };

  Device& Find(const std::string& name, std::uint64_t inode) {
    Device& device = devices_[name];
    if (device.inode != inode) {
      device = Device();
      device.inode = inode;
    }
    device.seen = round_;
    return device;
  }

  // nullptr for what is no device (bonding_masters lies between them), and for one that went, be it
  // in mid-read.
  Device* ReadFolder(const std::string& name, const std::string& path) {
    const AttributeFolder folder(*sys_, path);
    if (!folder.is_open()) return nullptr;
    Device& device = Find(name, folder.inode());
    device.kept.clear();
    const auto read = [&](std::size_t, const char* file) { return folder.Read(file, text_); };
    return Read(device, read) || sys_->Exists(path) ? &device : nullptr;
  }
  Device* ReadKept(const std::string& name, const std::string& path) {
    const auto info = sys_->Stat(path);
    if (!info || !info->is_directory) return nullptr;
    Device& device = Find(name, info->inode);
    if (device.kept.empty()) {
      device.kept.reserve(kFiles);
      for (const NumberFile& file : kNumbers)
        device.kept.emplace_back(*sys_, path + "/" + file.name);
      for (const char* file : kTexts) device.kept.emplace_back(*sys_, path + "/" + file);
    }
    const auto read = [&](std::size_t index, const char*) {
      return device.kept[index].Read(text_).has_value();
    };
    return Read(device, read) || sys_->Exists(path) ? &device : nullptr;
  }

  // `read(index, name)` puts a file into text_; false when it has no value. The whole is false when
  // fewer files had a value than the last time.
  template <typename ReadFile>
  bool Read(Device& device, ReadFile read) {
    std::size_t readable = 0;
    for (std::size_t i = 0; i < std::size(kNumbers); ++i) {
      if (!kNumbers[i].is_static || !device.numbers[i]) {
        device.numbers[i].reset();
        if (read(i, kNumbers[i].name)) device.numbers[i] = ParseSysfsNumber(text_);
      }
      readable += device.numbers[i] ? 1 : 0;
    }
    for (std::size_t i = 0; i < std::size(kTexts); ++i) {
      const bool has_text = read(std::size(kNumbers) + i, kTexts[i]);
      device.texts[i] = has_text ? Trim(text_) : std::string_view();
      readable += has_text ? 1 : 0;
    }
    const bool is_less = readable < device.readable || readable == 0;
    device.readable = readable;
    return !is_less;
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
  std::string text_;
};

}  // namespace

std::unique_ptr<Collector> MakeSysfsNetClass(const CollectorInput& input, NetClassOptions options) {
  return std::make_unique<SysfsNetClass>(input, std::move(options));
}

}  // namespace drover::exporters::node
