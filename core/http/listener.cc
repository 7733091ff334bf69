#include "core/http/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "core/base/numbers.h"
#include "core/http/url.h"

namespace drover::http {
namespace {

constexpr int kBacklog = 4096;
constexpr int kFirstInherited = 3;
constexpr std::string_view kUnix = "unix:";
constexpr std::string_view kVsock = "vsock://";

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  template <typename T>
  T& As() {
    size = sizeof(T);
    return *reinterpret_cast<T*>(&storage);
  }
  template <typename T>
  const T& As() const {
    return *reinterpret_cast<const T*>(&storage);
  }
};

std::string Text(const Address& address) {
  char host[INET6_ADDRSTRLEN] = {};
  switch (address.storage.ss_family) {
    case AF_INET: {
      const auto& in = address.As<sockaddr_in>();
      ::inet_ntop(AF_INET, &in.sin_addr, host, sizeof host);
      return std::string(host) + ":" + std::to_string(ntohs(in.sin_port));
    }
    case AF_INET6: {
      const auto& in = address.As<sockaddr_in6>();
      ::inet_ntop(AF_INET6, &in.sin6_addr, host, sizeof host);
      return "[" + std::string(host) + "]:" + std::to_string(ntohs(in.sin6_port));
    }
    case AF_UNIX: {
      const auto& un = address.As<sockaddr_un>();
      const bool named = address.size > offsetof(sockaddr_un, sun_path) && un.sun_path[0] != '\0';
      return named ? std::string(kUnix) + un.sun_path : "unix";
    }
    case AF_VSOCK: {
      const auto& vm = address.As<sockaddr_vm>();
      const bool any = vm.svm_cid == VMADDR_CID_ANY;
      return std::string(kVsock) + (any ? "" : std::to_string(vm.svm_cid)) + ":" +
             std::to_string(vm.svm_port);
    }
    default:
      return "?";
  }
}

template <int (*kGet)(int, sockaddr*, socklen_t*) noexcept>
std::string NameOf(int fd) {
  Address address;
  address.size = sizeof address.storage;
  return kGet(fd, address.get(), &address.size) == 0 ? Text(address) : std::string();
}

tl::unexpected<Error> FailListen(const std::string& text, int error) {
  const ErrorCode code = error == EACCES || error == EPERM ? ErrorCode::kDenied
                         : error == EAFNOSUPPORT || error == ESOCKTNOSUPPORT
                             ? ErrorCode::kUnsupported
                             : ErrorCode::kUnavailable;
  std::string what = "listen on " + text + ": " + std::strerror(error);
  if (error == EADDRINUSE)
    what += ": end the program that listens there, or choose another address";
  return Fail(code, what);
}

// The descriptor, or minus errno.
int Bind(const Address& address, bool only_v6) {
  const int fd = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  const int one = 1;
  const int v6 = only_v6 ? 1 : 0;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (address.storage.ss_family == AF_INET6)
    ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6, sizeof v6);
  if (::bind(fd, address.get(), address.size) == 0 && ::listen(fd, kBacklog) == 0) return fd;
  const int error = errno;
  ::close(fd);
  return -error;
}

Result<Listener> ListenOnIp(const std::string& text) {
  DROVER_TRY(const HostPort where, ParseHostPort(text));
  const auto port = htons(static_cast<std::uint16_t>(where.port));
  int fd = -1;
  if (where.host.empty()) {
    Address v6;
    auto& in6 = v6.As<sockaddr_in6>();
    in6.sin6_family = AF_INET6;
    in6.sin6_port = port;
    fd = Bind(v6, false);
    if (fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL) {  // a machine without IPv6
      Address v4;
      auto& in4 = v4.As<sockaddr_in>();
      in4.sin_family = AF_INET;
      in4.sin_port = port;
      fd = Bind(v4, false);
    }
    if (fd < 0) return FailListen(text, -fd);
    const std::string bound = NameOf<::getsockname>(fd);
    return Listener(fd, bound.substr(bound.rfind(':')));
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* list = nullptr;
  const int failed =
      ::getaddrinfo(where.host.c_str(), std::to_string(where.port).c_str(), &hints, &list);
  if (failed != 0)
    return Fail(ErrorCode::kUnavailable, "listen on " + text + ": " + ::gai_strerror(failed));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> found(list, ::freeaddrinfo);
  // IPv4 first, as Go's programs do: "localhost" is 127.0.0.1.
  const addrinfo* chosen = found.get();
  for (const addrinfo* one = found.get(); one != nullptr; one = one->ai_next) {
    if (one->ai_family != AF_INET) continue;
    chosen = one;
    break;
  }
  Address address;
  std::memcpy(&address.storage, chosen->ai_addr, chosen->ai_addrlen);
  address.size = chosen->ai_addrlen;
  fd = Bind(address, true);
  if (fd < 0) return FailListen(text, -fd);
  return Listener(fd, NameOf<::getsockname>(fd));
}

bool IsAbandoned(const Address& address, const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) return false;
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return false;
  const bool refused = ::connect(fd, address.get(), address.size) != 0 && errno == ECONNREFUSED;
  ::close(fd);
  return refused;
}

Result<Listener> ListenOnUnix(const std::string& text) {
  const std::string path = text.substr(kUnix.size());
  Address address;
  auto& un = address.As<sockaddr_un>();
  if (path.empty() || path.front() != '/' || path.size() >= sizeof un.sun_path) {
    return Fail(ErrorCode::kInvalid, text + ": unix: wants an absolute path shorter than " +
                                         std::to_string(sizeof un.sun_path) + " bytes");
  }
  un.sun_family = AF_UNIX;
  std::memcpy(un.sun_path, path.data(), path.size());
  int fd = Bind(address, false);
  if (fd == -EADDRINUSE && IsAbandoned(address, path) && ::unlink(path.c_str()) == 0)
    fd = Bind(address, false);
  if (fd < 0) return FailListen(text, -fd);
  return Listener(fd, text, path);
}

Result<Listener> ListenOnVsock(const std::string& text) {
  const std::string_view rest = std::string_view(text).substr(kVsock.size());
  const std::size_t colon = rest.rfind(':');
  const auto wrong = [&] {
    return Fail(ErrorCode::kInvalid, text + ": not vsock://:PORT or vsock://CID:PORT");
  };
  if (colon == std::string_view::npos) return wrong();
  constexpr unsigned kAnyPort = VMADDR_PORT_ANY;  // both are -1U, which clang warns of as it stands
  constexpr unsigned kAnyCid = VMADDR_CID_ANY;
  const auto port = ParseUint(rest.substr(colon + 1));
  const auto cid = colon == 0 ? std::uint64_t{kAnyCid} : ParseUint(rest.substr(0, colon));
  if (!port || !cid || *port >= kAnyPort || *cid > kAnyCid) return wrong();
  Address address;
  auto& vm = address.As<sockaddr_vm>();
  vm.svm_family = AF_VSOCK;
  vm.svm_cid = static_cast<unsigned>(*cid);
  vm.svm_port = static_cast<unsigned>(*port);
  const int fd = Bind(address, false);
  if (fd < 0) return FailListen(text, -fd);
  return Listener(fd, NameOf<::getsockname>(fd));
}

}  // namespace

Listener::Listener(Listener&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      address_(std::move(other.address_)),
      path_(std::exchange(other.path_, {})) {}

Listener::~Listener() {
  if (fd_ >= 0) ::close(fd_);
  if (!path_.empty()) ::unlink(path_.c_str());
}

int Listener::Release() { return std::exchange(fd_, -1); }

int Listener::family() const {
  int family = AF_UNSPEC;
  socklen_t size = sizeof family;
  ::getsockopt(fd_, SOL_SOCKET, SO_DOMAIN, &family, &size);
  return family;
}

Result<Listener> Listen(const std::string& address) {
  if (address.starts_with(kUnix)) return ListenOnUnix(address);
  if (address.starts_with(kVsock)) return ListenOnVsock(address);
  return ListenOnIp(address);
}

Result<std::vector<Listener>> InheritedListeners() {
  const auto number = [](const char* name) -> std::uint64_t {
    const char* text = std::getenv(name);
    return text == nullptr ? 0 : ParseUint(text).value_or(0);
  };
  const std::uint64_t count = number("LISTEN_FDS");
  if (number("LISTEN_PID") != static_cast<std::uint64_t>(::getpid()) || count == 0 || count > 1024)
    return Fail(ErrorCode::kNotFound, "no socket activation file descriptors found");
  std::vector<Listener> out;
  for (int fd = kFirstInherited; fd < kFirstInherited + static_cast<int>(count); ++fd) {
    int listens = 0;
    socklen_t size = sizeof listens;
    if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens == 0) {
      return Fail(ErrorCode::kInvalid, "socket activation: descriptor " + std::to_string(fd) +
                                           " is no listening socket");
    }
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
    out.emplace_back(fd, NameOf<::getsockname>(fd));
  }
  return out;
}

std::string PeerAddress(int fd) { return NameOf<::getpeername>(fd); }

}  // namespace drover::http
