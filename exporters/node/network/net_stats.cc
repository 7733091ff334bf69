#include "exporters/node/network/net_stats.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "core/base/numbers.h"
#include "exporters/common/fields.h"

namespace drover::exporters::node {
namespace {

constexpr std::string_view kNames[kNetCounters] = {"receive_packets",
                                                   "transmit_packets",
                                                   "receive_bytes",
                                                   "transmit_bytes",
                                                   "receive_errors",
                                                   "transmit_errors",
                                                   "receive_dropped",
                                                   "transmit_dropped",
                                                   "multicast",
                                                   "collisions",
                                                   "receive_length_errors",
                                                   "receive_over_errors",
                                                   "receive_crc_errors",
                                                   "receive_frame_errors",
                                                   "receive_fifo_errors",
                                                   "receive_missed_errors",
                                                   "transmit_aborted_errors",
                                                   "transmit_carrier_errors",
                                                   "transmit_fifo_errors",
                                                   "transmit_heartbeat_errors",
                                                   "transmit_window_errors",
                                                   "receive_compressed",
                                                   "transmit_compressed",
                                                   "receive_nohandler"};

// The columns of /proc/net/dev.
constexpr NetCounter kColumns[16] = {
    NetCounter::kReceiveBytes,          NetCounter::kReceivePackets,
    NetCounter::kReceiveErrors,         NetCounter::kReceiveDropped,
    NetCounter::kReceiveFifoErrors,     NetCounter::kReceiveFrameErrors,
    NetCounter::kReceiveCompressed,     NetCounter::kMulticast,
    NetCounter::kTransmitBytes,         NetCounter::kTransmitPackets,
    NetCounter::kTransmitErrors,        NetCounter::kTransmitDropped,
    NetCounter::kTransmitFifoErrors,    NetCounter::kCollisions,
    NetCounter::kTransmitCarrierErrors, NetCounter::kTransmitCompressed};

// Netlink's bytes are in the machine's order.
template <typename T>
bool Take(std::string_view bytes, T& out) {
  if (bytes.size() < sizeof out) return false;
  std::memcpy(&out, bytes.data(), sizeof out);
  return true;
}

std::size_t Aligned(std::size_t length) { return (length + 3) & ~std::size_t{3}; }

void ParseLink(std::string_view message, std::vector<NetDevice>& out) {
  if (message.size() < sizeof(ifinfomsg)) return;
  message.remove_prefix(Aligned(sizeof(ifinfomsg)));
  NetDevice device;
  rtattr attribute{};
  while (Take(message, attribute) && attribute.rta_len >= sizeof attribute &&
         attribute.rta_len <= message.size()) {
    const std::string_view payload =
        message.substr(sizeof attribute, attribute.rta_len - sizeof attribute);
    if (attribute.rta_type == IFLA_IFNAME) {
      device.name = payload.substr(0, payload.find('\0'));
    } else if (attribute.rta_type == IFLA_STATS64) {
      const std::size_t known = std::min(payload.size() / 8, kNetCounters);
      std::memcpy(device.counters, payload.data(), known * 8);
      device.present = (1U << known) - 1;
    }
    message.remove_prefix(std::min(message.size(), Aligned(attribute.rta_len)));
  }
  if (!device.name.empty() && device.present != 0) out.push_back(std::move(device));
}

}  // namespace

std::string_view Name(NetCounter counter) { return kNames[static_cast<std::size_t>(counter)]; }

Result<bool> ParseLinkDump(std::string_view datagram, std::vector<NetDevice>& out) {
  nlmsghdr header{};
  while (Take(datagram, header) && header.nlmsg_len >= sizeof header &&
         header.nlmsg_len <= datagram.size()) {
    const std::string_view body = datagram.substr(sizeof header, header.nlmsg_len - sizeof header);
    if (header.nlmsg_type == NLMSG_DONE) return true;
    if (header.nlmsg_type == NLMSG_ERROR) {
      int error = 0;
      if (!Take(body, error)) return Fail(ErrorCode::kUnavailable, "netlink: short error");
      return FailErrno(-error, "netlink link dump");
    }
    if (header.nlmsg_type == RTM_NEWLINK) ParseLink(body, out);
    datagram.remove_prefix(std::min(datagram.size(), Aligned(header.nlmsg_len)));
  }
  return false;
}

Status ParseNetDev(std::string_view text, std::vector<NetDevice>& out) {
  out.clear();
  while (!text.empty()) {
    const std::string_view line = NextLine(text);
    const std::size_t colon = line.rfind(':');      // a name may hold colons, the numbers do not
    if (colon == std::string_view::npos) continue;  // the two lines of headings
    NetDevice device;
    device.name = Trim(line.substr(0, colon));
    std::string_view rest = line.substr(colon + 1);
    for (const NetCounter column : kColumns) {
      const auto value = ParseUint(NextField(rest));
      if (!value)
        return Fail(ErrorCode::kInvalid, "net/dev: short line: " + std::string(line.substr(0, 80)));
      device.counters[static_cast<unsigned>(column)] = *value;
      device.present |= 1U << static_cast<unsigned>(column);
    }
    out.push_back(std::move(device));
  }
  return {};
}

LinkDump::~LinkDump() { Close(); }

void LinkDump::Close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Status LinkDump::Read(std::vector<NetDevice>& out) {
  Status status = ReadOnce(out);
  if (!status) Close();  // what is left in the socket belongs to nobody
  return status;
}

Status LinkDump::ReadOnce(std::vector<NetDevice>& out) {
  out.clear();
  if (fd_ < 0) {
    fd_ = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd_ < 0) return FailErrno(errno, "netlink socket");
    const timeval wait{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    buffer_.resize(32768);
  }
  struct {
    nlmsghdr header;
    ifinfomsg body;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_GETLINK;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.header.nlmsg_seq = ++sequence_;
  if (::send(fd_, &request, sizeof request, 0) < 0) return FailErrno(errno, "netlink send");
  for (;;) {
    const ssize_t n = ::recv(fd_, buffer_.data(), buffer_.size(), MSG_TRUNC);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FailErrno(errno, "netlink receive");
    if (static_cast<std::size_t>(n) > buffer_.size()) {
      buffer_.resize(static_cast<std::size_t>(n));
      return Fail(ErrorCode::kUnavailable, "netlink: an answer longer than the buffer");
    }
    DROVER_TRY(const bool done,
               ParseLinkDump(std::string_view(buffer_.data(), static_cast<std::size_t>(n)), out));
    if (done) return {};
  }
}

}  // namespace drover::exporters::node
