#include "exporters/node/network/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "exporters/node/network/netlink_bytes.h"

namespace drover::exporters::node {

NetlinkSocket::NetlinkSocket(int protocol, NetlinkLimits limits)
    : protocol_(protocol), limits_(limits) {}

NetlinkSocket::~NetlinkSocket() { Close(); }

void NetlinkSocket::Close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Status NetlinkSocket::Open() {
  if (fd_ >= 0) return {};
  fd_ = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol_);
  if (fd_ < 0 && errno == EPROTONOSUPPORT)
    return Fail(ErrorCode::kUnsupported, "netlink: the kernel lacks this protocol");
  if (fd_ < 0) return FailErrno(errno, "netlink socket");
  const auto ms = limits_.silence.count();
  const timeval wait{ms / 1000, ms % 1000 * 1000};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
  if (buffer_.empty()) buffer_.resize(limits_.first_buffer_bytes);
  return {};
}

Status NetlinkSocket::Dump(std::uint16_t type, std::string_view body,
                           const NetlinkVisitor& visitor) {
  return Ask(type, NLM_F_REQUEST | NLM_F_DUMP, body, visitor);
}

Status NetlinkSocket::Get(std::uint16_t type, std::string_view body,
                          const NetlinkVisitor& visitor) {
  return Ask(type, NLM_F_REQUEST | NLM_F_ACK, body, visitor);
}

Status NetlinkSocket::Ask(std::uint16_t type, std::uint16_t flags, std::string_view body,
                          const NetlinkVisitor& visitor) {
  for (int attempt = 1;; ++attempt) {
    auto outcome = AskOnce(type, flags, body, visitor);
    if (!outcome) {
      Close();
      return Fail(std::move(outcome).error());
    }
    if (*outcome == Attempt::kDone) return {};
    const bool last = attempt >= limits_.attempts;
    if (*outcome == Attempt::kTooLong) {
      Close();
      if (last) return Fail(ErrorCode::kUnavailable, "netlink: an answer longer than the buffer");
    } else if (last) {
      return {};
    }
  }
}

Result<NetlinkSocket::Attempt> NetlinkSocket::AskOnce(std::uint16_t type, std::uint16_t flags,
                                                      std::string_view body,
                                                      const NetlinkVisitor& visitor) {
  DROVER_CHECK(Open());
  if (visitor.begin) visitor.begin();
  nlmsghdr header{};
  header.nlmsg_len = static_cast<std::uint32_t>(sizeof header + body.size());
  header.nlmsg_type = type;
  header.nlmsg_flags = flags;
  header.nlmsg_seq = ++sequence_;
  request_.assign(BytesOf(header));
  request_ += body;
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (::sendto(fd_, request_.data(), request_.size(), 0, reinterpret_cast<sockaddr*>(&kernel),
               sizeof kernel) < 0)
    return FailErrno(errno, "netlink send");
  NetlinkAnswer answer(sequence_);
  for (;;) {
    DROVER_TRY(const auto datagram, Receive());
    if (!datagram) return Attempt::kTooLong;
    DROVER_TRY(const bool is_done, answer.Take(*datagram, visitor.message));
    if (is_done) return answer.is_interrupted() ? Attempt::kInterrupted : Attempt::kDone;
  }
}

// Only the kernel is listened to: any process may send to a netlink socket.
Result<std::optional<std::string_view>> NetlinkSocket::Receive() {
  for (;;) {
    sockaddr_nl from{};
    socklen_t from_size = sizeof from;
    const ssize_t n = ::recvfrom(fd_, buffer_.data(), buffer_.size(), MSG_TRUNC,
                                 reinterpret_cast<sockaddr*>(&from), &from_size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
      return Fail(ErrorCode::kUnavailable, "netlink: no answer in time");
    if (n < 0) return FailErrno(errno, "netlink receive");
    if (from.nl_pid != 0) continue;
    const auto size = static_cast<std::size_t>(n);
    if (size > buffer_.size()) {
      if (size <= limits_.datagram_bytes) buffer_.resize(size);
      return std::nullopt;
    }
    return std::optional(std::string_view(buffer_.data(), size));
  }
}

}  // namespace drover::exporters::node
