#include "exporters/node/network/ethtool_device.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

namespace drover::exporters::node {
namespace {

constexpr std::uint32_t kMaxStats = 32768;

template <std::size_t N>
std::string Text(const char (&field)[N]) {
  return std::string(FixedText(field, N));
}

}  // namespace

std::string_view FixedText(const char* field, std::size_t size) {
  return {field, ::strnlen(field, size)};
}

EthtoolSocket::~EthtoolSocket() {
  if (fd_ >= 0) ::close(fd_);
}

Status EthtoolSocket::Ask(std::string_view device, void* command) {
  ifreq request{};
  if (device.size() >= sizeof request.ifr_name)
    return Fail(ErrorCode::kInvalid, "ethtool: name too long");
  if (fd_ < 0) fd_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return FailErrno(errno, "ethtool socket");
  std::memcpy(request.ifr_name, device.data(), device.size());
  request.ifr_data = static_cast<char*>(command);
  if (::ioctl(fd_, SIOCETHTOOL, &request) != 0)
    return FailErrno(errno, "ethtool " + std::string(device));
  return {};
}

Result<DriverInfo> EthtoolSocket::Driver(std::string_view device) {
  ethtool_drvinfo info{};
  info.cmd = ETHTOOL_GDRVINFO;
  DROVER_CHECK(Ask(device, &info));
  return DriverInfo{Text(info.driver), Text(info.version), Text(info.fw_version),
                    Text(info.bus_info), Text(info.erom_version)};
}

Result<LinkSettings> EthtoolSocket::Link(std::string_view device) {
  ethtool_cmd settings{};
  settings.cmd = ETHTOOL_GSET;
  DROVER_CHECK(Ask(device, &settings));
  return LinkSettings{settings.supported, settings.advertising, settings.autoneg != 0};
}

Status EthtoolSocket::Stats(std::string_view device, DriverStats& out) {
  out.clear();
  ethtool_drvinfo info{};
  info.cmd = ETHTOOL_GDRVINFO;
  DROVER_CHECK(Ask(device, &info));
  const std::uint32_t count = info.n_stats;
  if (count == 0) return {};
  if (count > kMaxStats) return Fail(ErrorCode::kExhausted, "ethtool: too many counters");

  names_.assign((sizeof(ethtool_gstrings) + count * ETH_GSTRING_LEN) / 8 + 1, 0);
  auto* const names = reinterpret_cast<ethtool_gstrings*>(names_.data());
  names->cmd = ETHTOOL_GSTRINGS;
  names->string_set = ETH_SS_STATS;
  names->len = count;
  DROVER_CHECK(Ask(device, names));

  values_.assign(sizeof(ethtool_stats) / 8 + count + 1, 0);
  auto* const values = reinterpret_cast<ethtool_stats*>(values_.data());
  values->cmd = ETHTOOL_GSTATS;
  values->n_stats = count;
  DROVER_CHECK(Ask(device, values));

  const char* const texts = reinterpret_cast<const char*>(names_.data()) + sizeof(ethtool_gstrings);
  const char* const numbers = reinterpret_cast<const char*>(values_.data()) + sizeof(ethtool_stats);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view name = FixedText(texts + i * ETH_GSTRING_LEN, ETH_GSTRING_LEN);
    std::uint64_t value = 0;
    std::memcpy(&value, numbers + i * sizeof value, sizeof value);
    if (!name.empty()) out.emplace_back(std::string(name), value);
  }
  return {};
}

}  // namespace drover::exporters::node
