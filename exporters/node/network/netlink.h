// Questions to the kernel over a netlink socket (man 7 netlink): rtnetlink, sock_diag and generic
// netlink alike. The answers are decoded by pure functions of bytes (netlink_bytes.h).
//
//   NetlinkSocket socket(NETLINK_ROUTE);
//   ifinfomsg all{};
//   DROVER_CHECK(socket.Dump(RTM_GETLINK, BytesOf(all), {
//       .begin = [&] { names.clear(); },
//       .message = [&](std::uint16_t type, std::string_view body) { … }}));
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace drover::exporters::node {

struct NetlinkVisitor {
  // Before every attempt: what an interrupted dump gave is to be forgotten.
  std::function<void()> begin;
  std::function<void(std::uint16_t type, std::string_view body)> message;
};

struct NetlinkLimits {
  std::chrono::milliseconds silence{1000};  // longest wait for the next datagram
  std::size_t datagram_bytes = 1 << 20;     // a longer one is kUnavailable
  int attempts = 4;                         // of a dump that changes while it is made
  std::size_t first_buffer_bytes = 32768;   // what the kernel fills at most in ordinary dumps
};

// The answer ends with NLMSG_DONE, an error, or silence. Errors carry the kernel's errno:
// kNotFound (ENOENT), kDenied, kUnsupported (EOPNOTSUPP, ENODEV, and a protocol that this kernel
// lacks), kUnavailable (silence too). One thread at a time. The socket is opened by the first
// question, in the network namespace of the thread that asks, and kept; after an error it is
// closed, so that nothing of an old answer can be taken for a new one.
class NetlinkSocket {
 public:
  explicit NetlinkSocket(int protocol, NetlinkLimits limits = {});
  ~NetlinkSocket();
  NetlinkSocket(const NetlinkSocket&) = delete;
  NetlinkSocket& operator=(const NetlinkSocket&) = delete;

  // Every object of a kind. A table that changed meanwhile (NLM_F_DUMP_INTR) is asked for again;
  // when it never stands still, the last answer counts.
  Status Dump(std::uint16_t type, std::string_view body, const NetlinkVisitor& visitor);
  // One object.
  Status Get(std::uint16_t type, std::string_view body, const NetlinkVisitor& visitor);

 private:
  enum class Attempt { kDone, kInterrupted, kTooLong };
  Status Open();
  void Close();
  Status Ask(std::uint16_t type, std::uint16_t flags, std::string_view body,
             const NetlinkVisitor& visitor);
  Result<Attempt> AskOnce(std::uint16_t type, std::uint16_t flags, std::string_view body,
                          const NetlinkVisitor& visitor);
  // nullopt: it is longer than the buffer, which has grown if it may.
  Result<std::optional<std::string_view>> Receive();

  const int protocol_;
  const NetlinkLimits limits_;
  int fd_ = -1;
  std::uint32_t sequence_ = 0;
  std::string request_;
  std::string buffer_;
};

}  // namespace drover::exporters::node
