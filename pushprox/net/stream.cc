#include "pushprox/net/stream.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace drover::pushprox {
namespace {

constexpr std::size_t kMostThrownAway = 8 << 20;
constexpr long kLater = -1;
constexpr long kBroken = -2;
constexpr int kRtoMaxMs = 44;  // TCP_RTO_MAX_MS of linux/tcp.h, newer than the headers at hand

void Set(int fd, int level, int option, int value) {
  ::setsockopt(fd, level, option, &value, sizeof value);  // fails for what is not TCP, or not known
}

std::string TlsError() {
  const unsigned long code = ::ERR_peek_last_error();
  ::ERR_clear_error();
  const char* text = code != 0 ? ::ERR_reason_error_string(code) : nullptr;
  return text != nullptr ? text : "connection broken";
}

std::string VerifyError(SSL* ssl, long code) {
  X509_VERIFY_PARAM* const wanted = ::SSL_get0_param(ssl);
  std::string name;
  if (code == X509_V_ERR_HOSTNAME_MISMATCH) {
    if (const char* host = ::X509_VERIFY_PARAM_get0_host(wanted, 0); host != nullptr) name = host;
  } else if (code == X509_V_ERR_IP_ADDRESS_MISMATCH) {
    if (char* address = ::X509_VERIFY_PARAM_get1_ip_asc(wanted); address != nullptr) {
      name = address;
      ::OPENSSL_free(address);
    }
  }
  if (name.empty()) return ::X509_verify_cert_error_string(code);
  return "the certificate is not for " + name + " (server_name of a tls_config names another)";
}

bool IsAddress(const std::string& host) {
  in6_addr ignored{};
  return ::inet_pton(AF_INET, host.c_str(), &ignored) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
}

}  // namespace

void PrepareSocket(int fd) {
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  Set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  Set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  Set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 15);
  Set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 5);
  Set(fd, IPPROTO_TCP, TCP_KEEPCNT, 4);
  Set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 35'000);
}

Result<int> StartConnect(const Address& address) {
  const int fd = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return Fail(ErrorCode::kUnavailable, FailErrno(errno, "socket").value().message());
  PrepareSocket(fd);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address.storage), address.size) == 0 ||
      errno == EINPROGRESS)
    return fd;
  const int error = errno;
  ::close(fd);
  return Fail(ErrorCode::kUnavailable, FailErrno(error, "connect").value().message());
}

Stream::Stream(EventLoop& loop, StreamHandler& handler, const Setup& setup)
    : loop_(loop), handler_(handler), fd_(setup.fd) {
  if (setup.tls != nullptr) {
    ssl_ = ::SSL_new(setup.tls);
    ::SSL_set_fd(ssl_, fd_);
    ::SSL_set_mode(ssl_, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                             SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (setup.accepted) {
      ::SSL_set_accept_state(ssl_);
    } else {
      ::SSL_set_connect_state(ssl_);
      if (!IsAddress(setup.host)) SSL_set_tlsext_host_name(ssl_, setup.host.c_str());
      if (!setup.verify_host.empty()) {
        ::SSL_set_verify(ssl_, SSL_VERIFY_PEER, nullptr);
        if (IsAddress(setup.verify_host)) {
          ::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(ssl_), setup.verify_host.c_str());
        } else {
          ::SSL_set1_host(ssl_, setup.verify_host.c_str());
        }
      }
    }
    state_ = State::kHandshake;
  }
  if (setup.connecting) state_ = State::kConnecting;
  interest_ = state_ == State::kConnecting ? EPOLLOUT : EPOLLIN;
  if (!setup.accepted && state_ == State::kHandshake) interest_ = EPOLLIN | EPOLLOUT;
  if (!loop_.Add(fd_, interest_, *this)) Close();
}

Stream::~Stream() { Close(); }

void Stream::Close() {
  if (fd_ < 0) return;
  loop_.Remove(fd_, *this);
  if (ssl_ != nullptr) {
    if (state_ == State::kOpen) ::SSL_shutdown(ssl_);  // sends close_notify, does not wait
    ::SSL_free(ssl_);
    ssl_ = nullptr;
    ::ERR_clear_error();
  }
  ::close(fd_);
  fd_ = -1;
  std::string().swap(out_);
  std::string().swap(in_);
  sent_ = 0;
}

void Stream::Reset() {
  if (fd_ < 0) return;
  const linger none{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  if (ssl_ != nullptr) ::SSL_set_quiet_shutdown(ssl_, 1);
  Close();
}

// `came`: events that were reported just now. What is not wanted for a moment stays asked for until
// it comes: most pauses are over before.
void Stream::Interest(std::uint32_t came) {
  if (fd_ < 0 || detached_) return;
  std::uint32_t wanted = 0;
  if (state_ == State::kConnecting) {
    wanted = EPOLLOUT;
  } else if (state_ == State::kHandshake) {
    wanted = tls_wants_write_ ? EPOLLOUT : EPOLLIN;
  } else {
    if (!paused_ && !closing_ && !peer_ended_) wanted |= EPOLLIN;
    if (lingering_) wanted |= EPOLLIN;
    if ((unsent() > 0 && !queued_) || (closing_ && !lingering_)) wanted |= EPOLLOUT;
    if (hangup_ && !peer_ended_) wanted |= EPOLLRDHUP;
    if (!peer_ended_) wanted |= interest_ & ~came & (EPOLLIN | EPOLLRDHUP);
  }
  if (wanted == interest_) return;
  interest_ = wanted;
  loop_.Change(fd_, wanted, *this);
}

void Stream::OnEvents(std::uint32_t events) {
  if (lingering_) {
    if (fd_ >= 0) Linger();
    return;
  }
  const bool unread = paused_ || closing_;
  if (fd_ >= 0 && state_ == State::kConnecting && !Connected()) return;
  if (fd_ >= 0 && state_ == State::kHandshake) Handshake();
  if (fd_ >= 0 && state_ == State::kOpen) {
    if ((events & EPOLLHUP) != 0 && paused_ && end_writes_ && !peer_ended_ && unsent() == 0) {
      detached_ = true;  // both halves are over, and bytes may wait in the kernel
      loop_.Remove(fd_, *this);
      return;
    }
    if (((events & EPOLLRDHUP) != 0 && hangup_) ||
        ((events & (EPOLLERR | EPOLLHUP)) != 0 && (paused_ || peer_ended_) && unsent() == 0)) {
      Broken("");
      return;
    }
    if ((events & EPOLLOUT) != 0) Flush();
    if (fd_ >= 0 && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0 && !paused_ && !closing_ &&
        !peer_ended_)
      ReadSome();
  }
  Interest(unread ? events : 0);
}

bool Stream::Connected() {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) {
    Broken(std::string("connect: ") + std::strerror(error));  // NOLINT(concurrency-mt-unsafe)
    return false;
  }
  state_ = ssl_ != nullptr ? State::kHandshake : State::kOpen;
  if (state_ == State::kOpen) handler_.OnOpen();
  return fd_ >= 0;
}

void Stream::Linger() {
  std::vector<char>& scratch = loop_.scratch();
  const ssize_t n = ::recv(fd_, scratch.data(), scratch.size(), 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n > 0) thrown_away_ += static_cast<std::size_t>(n);
  if (n <= 0 || thrown_away_ > kMostThrownAway) Broken("");
}

void Stream::Handshake() {
  ::ERR_clear_error();
  const int result = ::SSL_do_handshake(ssl_);
  if (result == 1) {
    state_ = State::kOpen;
    tls_wants_write_ = false;
    handler_.OnOpen();
    if (fd_ >= 0 && !paused_ && !closing_) ReadSome();
    return;
  }
  const int what = ::SSL_get_error(ssl_, result);
  if (what == SSL_ERROR_WANT_READ || what == SSL_ERROR_WANT_WRITE) {
    tls_wants_write_ = what == SSL_ERROR_WANT_WRITE;
    return;
  }
  const long verify = ::SSL_get_verify_result(ssl_);
  Broken("TLS: " + (verify != X509_V_OK ? VerifyError(ssl_, verify) : TlsError()));
}

long Stream::TlsResult(int result) {
  if (result > 0) return result;
  const int what = ::SSL_get_error(ssl_, result);
  if (what == SSL_ERROR_WANT_READ || what == SSL_ERROR_WANT_WRITE) return kLater;
  if (what == SSL_ERROR_ZERO_RETURN) return 0;
  why_ = "TLS: " + TlsError();
  return kBroken;
}

long Stream::ReadBytes(char* to, std::size_t size) {
  if (ssl_ != nullptr) {
    ::ERR_clear_error();
    return TlsResult(::SSL_read(ssl_, to, static_cast<int>(size)));
  }
  const ssize_t n = ::recv(fd_, to, size, 0);
  if (n >= 0) return n;
  if (errno == EAGAIN || errno == EINTR) return kLater;
  why_ = std::strerror(errno);  // NOLINT(concurrency-mt-unsafe)
  return kBroken;
}

long Stream::WriteBytes(const char* from, std::size_t size) {
  if (ssl_ != nullptr) {
    ::ERR_clear_error();
    const long n =
        TlsResult(::SSL_write(ssl_, from, static_cast<int>(std::min<std::size_t>(size, 1 << 20))));
    // Once the peer's close_notify was read, OpenSSL calls a failed write an orderly end too.
    return n != 0 ? n : kBroken;
  }
  const ssize_t n = ::send(fd_, from, size, MSG_NOSIGNAL);
  if (n >= 0) return n;
  if (errno == EAGAIN || errno == EINTR) return kLater;
  why_ = std::strerror(errno);  // NOLINT(concurrency-mt-unsafe)
  return kBroken;
}

void Stream::ReadSome() {
  if (again_ && !in_.empty()) {
    const std::string left = std::move(in_);
    in_.clear();
    Deliver(left);
  }
  again_ = false;
  for (int rounds = 0; rounds < 16 && fd_ >= 0 && !paused_ && !closing_ && !peer_ended_; ++rounds) {
    std::vector<char>& scratch = loop_.scratch();
    const long n = ReadBytes(scratch.data(), scratch.size());
    if (n == kLater) return;
    if (n == 0 && handler_.OnPeerEnd()) {
      peer_ended_ = true;
      return;
    }
    if (n <= 0) {
      if (fd_ >= 0) Broken(n == 0 ? std::string() : why_);
      return;
    }
    Deliver({scratch.data(), static_cast<std::size_t>(n)});
    if (ssl_ == nullptr && static_cast<std::size_t>(n) < scratch.size()) return;
  }
  // OpenSSL may hold bytes that epoll knows nothing of.
  if (fd_ >= 0 && ssl_ != nullptr && !paused_ && !closing_ && !peer_ended_ &&
      ::SSL_pending(ssl_) > 0)
    ReadSome();
}

void Stream::Deliver(std::string_view bytes) {
  if (in_.empty()) {
    const std::size_t taken = handler_.OnData(bytes);
    if (fd_ >= 0 && taken < bytes.size()) in_.append(bytes.substr(taken));
  } else {
    in_.append(bytes);
    const std::string all = std::move(in_);
    in_.clear();
    const std::size_t taken = handler_.OnData(all);
    if (fd_ >= 0 && taken < all.size()) in_ = all.substr(taken);
  }
  if (in_.empty() && in_.capacity() > 64) std::string().swap(in_);
}

void Stream::Write(std::string_view bytes) {
  if (fd_ < 0 || bytes.empty()) return;
  if (state_ == State::kOpen && unsent() == 0) {
    const long n = WriteBytes(bytes.data(), bytes.size());
    if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
    // What broke is told by the next event: nothing calls back from here.
    if (bytes.empty()) return;
  }
  Keep(bytes);
  Interest();
}

void Stream::Keep(std::string_view bytes) {
  if (sent_ > (64 << 10)) {
    out_.erase(0, sent_);
    sent_ = 0;
  }
  out_.append(bytes);
}

void Stream::Queue(std::string_view bytes) {
  if (fd_ < 0 || bytes.empty()) return;
  Keep(bytes);
  if (queued_ || (interest_ & EPOLLOUT) != 0) return;
  queued_ = true;
  loop_.AfterEvent(*this);
}

void Stream::OnEventOver() {
  queued_ = false;
  if (fd_ >= 0 && state_ == State::kOpen) Flush();
  Interest();
}

void Stream::EndWrites() {
  if (fd_ < 0 || end_writes_) return;
  end_writes_ = true;
  if (unsent() == 0) ShutWrites();
}

void Stream::ShutWrites() {
  if (ssl_ != nullptr) {
    ::SSL_shutdown(ssl_);
    ::ERR_clear_error();
  } else {
    ::shutdown(fd_, SHUT_WR);
  }
}

void Stream::Flush() {
  while (unsent() > 0) {
    const long n = WriteBytes(out_.data() + sent_, unsent());
    if (n == kLater) return;
    if (n <= 0) {
      Broken(why_);
      return;
    }
    sent_ += static_cast<std::size_t>(n);
  }
  std::string().swap(out_);
  sent_ = 0;
  if (end_writes_ && !closing_) ShutWrites();
  if (closing_) {
    if (ssl_ != nullptr) ::SSL_shutdown(ssl_);
    ::shutdown(fd_, SHUT_WR);
    lingering_ = true;
    return;
  }
  handler_.OnDrained();
}

void Stream::Pause() {
  paused_ = true;
  Interest();
}

void Stream::Resume() {
  if (fd_ < 0 || !paused_) return;
  paused_ = false;
  if (std::exchange(detached_, false)) {
    interest_ = EPOLLIN;
    if (!loop_.Add(fd_, interest_, *this)) return;
  }
  Interest();
  if (in_.empty() && ssl_ == nullptr) return;
  // Not from here: the caller may be in the middle of the scratch buffer.
  again_ = true;
  loop_.Again(*this);
}

void Stream::OutliveCuts() {
  if (fd_ < 0) return;
  Set(fd_, IPPROTO_TCP, TCP_USER_TIMEOUT, 120'000);
  Set(fd_, IPPROTO_TCP, TCP_KEEPCNT, 21);
  Set(fd_, IPPROTO_TCP, kRtoMaxMs, 4'000);
}

void Stream::WatchHangup(bool on) {
  hangup_ = on;
  Interest();
}

void Stream::CloseWhenSent() {
  closing_ = true;
  Interest();
}

void Stream::Broken(std::string_view why) {
  const std::string reason(why);
  Close();
  handler_.OnClosed(reason);
}

}  // namespace drover::pushprox
