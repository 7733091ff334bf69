// What a network interface's driver says by the SIOCETHTOOL ioctl (include/uapi/linux/ethtool.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"

namespace drover::exporters::node {

struct DriverInfo {
  std::string driver, version, firmware_version, bus_info, expansion_rom_version;
};

struct LinkSettings {
  std::uint32_t supported = 0;  // bit n: ETHTOOL_LINK_MODE_n
  std::uint32_t advertised = 0;
  bool autonegotiate = false;
};

using DriverStats = std::vector<std::pair<std::string, std::uint64_t>>;

// One thread at a time. Sees the network namespace in which it was first asked. kUnsupported: the
// driver has no such thing, or the interface went.
class EthtoolSocket {
 public:
  EthtoolSocket() = default;
  ~EthtoolSocket();
  EthtoolSocket(const EthtoolSocket&) = delete;
  EthtoolSocket& operator=(const EthtoolSocket&) = delete;

  Result<DriverInfo> Driver(std::string_view device);
  Result<LinkSettings> Link(std::string_view device);
  // Counters with the driver's names, those without a name left out. kExhausted: more than
  // 32,768 of them.
  Status Stats(std::string_view device, DriverStats& out);

 private:
  Status Ask(std::string_view device, void* command);

  int fd_ = -1;
  std::vector<std::uint64_t> names_, values_;  // aligned buffers of the two questions of Stats
};

// The text of a field that is NUL-terminated unless it is full.
std::string_view FixedText(const char* field, std::size_t size);

}  // namespace drover::exporters::node
