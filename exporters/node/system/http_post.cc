#include "exporters/node/system/http_post.h"

#include <errno.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "core/base/base64.h"
#include "core/base/numbers.h"
#include "exporters/common/fields.h"

namespace drover::exporters::node {
namespace {

constexpr std::size_t kMaxAnswer = 8 << 20;

class Connection {
 public:
  ~Connection() {
    if (fd_ >= 0) ::close(fd_);
  }

  Status Open(const PostTarget& target, std::chrono::milliseconds timeout) {
    return target.unix_socket.empty() ? OpenTcp(target, timeout)
                                      : OpenUnix(target.unix_socket, timeout);
  }

  Status Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return FailErrno(errno, "send");
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
  }

  // Until the peer closes.
  Result<std::string> Receive() {
    std::string all;
    char buffer[16384];
    for (;;) {
      const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) return Fail(ErrorCode::kUnavailable, "no answer in time");
      if (n < 0) return FailErrno(errno, "receive");
      if (n == 0) return all;
      all.append(buffer, static_cast<std::size_t>(n));
      if (all.size() > kMaxAnswer) return Fail(ErrorCode::kUnavailable, "the answer is too long");
      if (IsWhole(all)) return all;
    }
  }

 private:
  static bool IsWhole(std::string_view answer) {
    return ParseHttpAnswer(answer, false).has_value();
  }

  Status Prepare(int family, std::chrono::milliseconds timeout) {
    fd_ = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd_ < 0) return FailErrno(errno, "socket");
    const timeval wait{timeout.count() / 1000, timeout.count() % 1000 * 1000};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);  // of connect too
    return {};
  }
  static Status Refused(int error) {
    return error == ECONNREFUSED ? Status(Fail(ErrorCode::kNotFound, "nobody listens"))
                                 : Status(FailErrno(error, "connect"));
  }

  Status OpenTcp(const PostTarget& target, std::chrono::milliseconds timeout) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int error = ::getaddrinfo(target.host.c_str(), target.port.c_str(), &hints, &found);
        error != 0)
      return Fail(ErrorCode::kUnavailable, target.host + ": " + gai_strerror(error));
    Status status = Fail(ErrorCode::kUnavailable, target.host + ": no address");
    for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
      if (fd_ >= 0) ::close(fd_);
      fd_ = -1;
      status = Prepare(one->ai_family, timeout);
      if (status && ::connect(fd_, one->ai_addr, one->ai_addrlen) != 0) status = Refused(errno);
      if (status) break;
    }
    ::freeaddrinfo(found);
    return status;
  }

  Status OpenUnix(const std::string& path, std::chrono::milliseconds timeout) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
      return Fail(ErrorCode::kInvalid, "the socket's path is too long");
    std::memcpy(address.sun_path, path.data(), path.size());
    DROVER_CHECK(Prepare(AF_UNIX, timeout));
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      return Refused(errno);
    return {};
  }

  int fd_ = -1;
};

}  // namespace

Result<PostTarget> ParsePostTarget(std::string_view url) {
  PostTarget target;
  const auto bad =
      Fail(ErrorCode::kInvalid, "not http://host:port/path or unix:///path: " + std::string(url));
  if (url.starts_with("unix://")) {
    target.unix_socket = url.substr(7);
    target.host = "unix";
    target.path = "/RPC2";
    return target.unix_socket.starts_with('/') ? Result<PostTarget>(target) : bad;
  }
  if (!url.starts_with("http://")) return bad;
  url.remove_prefix(7);
  const std::size_t slash = std::min(url.find('/'), url.size());
  std::string_view authority = url.substr(0, slash);
  if (slash < url.size()) target.path = url.substr(slash);
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    target.authorization = "Basic " + ToBase64(authority.substr(0, at));
    authority.remove_prefix(at + 1);
  }
  const bool has_brackets = authority.starts_with('[');
  const std::size_t bracket = authority.find(']');
  if (has_brackets && bracket == std::string_view::npos) return bad;
  const std::size_t colon = authority.find(':', has_brackets ? bracket : 0);
  target.host = authority.substr(has_brackets ? 1 : 0, has_brackets ? bracket - 1 : colon);
  target.port = colon == std::string_view::npos ? "80" : authority.substr(colon + 1);
  const auto port = ParseUint(target.port);
  if (target.host.empty() || !port || *port == 0 || *port > 65535 ||
      target.path.find_first_of(" \r\n") != std::string::npos)
    return bad;
  return target;
}

Result<std::string_view> ParseHttpAnswer(std::string_view bytes, bool at_end) {
  const std::size_t head_end = bytes.find("\r\n\r\n");
  if (head_end == std::string_view::npos || !bytes.starts_with("HTTP/1."))
    return Fail(ErrorCode::kUnavailable, "not an HTTP answer");
  std::string_view head = bytes.substr(0, head_end + 2);
  std::string_view body = bytes.substr(head_end + 4);
  std::string_view first = NextLine(head);
  NextField(first);
  if (NextField(first) != "200")
    return Fail(ErrorCode::kUnavailable,
                "HTTP answer: " + std::string(Trim(bytes.substr(0, bytes.find('\n')))));
  bool is_whole = at_end;
  while (!head.empty()) {
    const std::string_view line = NextLine(head);
    constexpr std::string_view kLength = "content-length:";
    const bool is_length =
        line.size() > kLength.size() &&
        std::equal(kLength.begin(), kLength.end(), line.begin(), [](char want, char got) {
          return want == (got >= 'A' && got <= 'Z' ? static_cast<char>(got - 'A' + 'a') : got);
        });
    if (!is_length) continue;
    const auto length = ParseUint(Trim(line.substr(kLength.size())));
    if (!length || *length > body.size())
      return Fail(ErrorCode::kUnavailable, "the HTTP answer is cut off");
    body = body.substr(0, *length);
    is_whole = true;
  }
  if (!is_whole) return Fail(ErrorCode::kUnavailable, "the HTTP answer goes on");
  return body;
}

Result<std::string> HttpPost(const PostTarget& target, std::string_view content_type,
                             std::string_view body, std::chrono::milliseconds timeout) {
  Connection connection;
  DROVER_CHECK(connection.Open(target, timeout));
  std::string request = "POST " + target.path + " HTTP/1.0\r\nHost: " + target.host +
                        "\r\nConnection: close\r\nContent-Type: " + std::string(content_type) +
                        "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  if (!target.authorization.empty()) request += "Authorization: " + target.authorization + "\r\n";
  request += "\r\n";
  request += body;
  DROVER_CHECK(connection.Send(request));
  DROVER_TRY(const std::string answer, connection.Receive());
  DROVER_TRY(const std::string_view found, ParseHttpAnswer(answer, true));
  return std::string(found);
}

}  // namespace drover::exporters::node
