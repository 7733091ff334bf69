// Sockets that a server accepts connections on, of every kind that --web.listen-address names:
//   "host:port", ":port" (all addresses, IPv6 too), "[::1]:port"; port 0 picks one
//   "unix:/path"      a socket in the file system, with the rights of the umask; one that nobody
//                     listens on any more is replaced, and it is removed at the end
//   "vsock://:port"   from a virtual machine's host, "vsock://3:port" on one context id only
// and those that systemd opened (systemd.socket(5), sd_listen_fds(3)).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace drover::http {

// Owns the descriptor, and the file of a unix socket. Movable.
class Listener {
 public:
  Listener(int fd, std::string address, std::string path = {})
      : fd_(fd), address_(std::move(address)), path_(std::move(path)) {}
  ~Listener();
  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&&) = delete;

  int fd() const { return fd_; }
  int Release();  // the descriptor is the caller's now; the file stays ours
  int family() const;
  // What was bound: "127.0.0.1:9100", ":9100", "unix:/run/x.sock", "vsock://:9100".
  const std::string& address() const { return address_; }

 private:
  int fd_;
  std::string address_;
  std::string path_;  // to be removed
};

// kUnavailable when an address is taken ("listen on 127.0.0.1:9090: Address already in use"),
// kDenied when binding is not permitted, kUnsupported for a family that this kernel lacks, kInvalid
// for a text that is no address.
Result<Listener> Listen(const std::string& address);

// The sockets that LISTEN_PID and LISTEN_FDS of the environment hand to this process; kNotFound
// when there are none. Call it once: the descriptors are taken over.
Result<std::vector<Listener>> InheritedListeners();

// The other end of a connection: "127.0.0.1:4711", "unix", "vsock://2:1024"; "" when it is gone.
std::string PeerAddress(int fd);

}  // namespace drover::http
