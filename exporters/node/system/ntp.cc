#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cmath>

#include "core/base/duration.h"
#include "core/base/numbers.h"
#include "exporters/node/collectors.h"
#include "exporters/node/system/ntp_packet.h"

namespace drover::exporters::node {
namespace {

constexpr MetricDesc kStratum{"node_ntp_stratum", "NTPD stratum."};
constexpr MetricDesc kLeap{"node_ntp_leap", "NTPD leap second indicator, 2 bits."};
constexpr MetricDesc kRoundTrip{"node_ntp_rtt_seconds", "RTT to NTPD."};
constexpr MetricDesc kOffset{"node_ntp_offset_seconds", "ClockOffset between NTP and local clock."};
constexpr MetricDesc kReference{"node_ntp_reference_timestamp_seconds",
                                "NTPD ReferenceTime, UNIX timestamp."};
constexpr MetricDesc kRootDelay{"node_ntp_root_delay_seconds", "NTPD RootDelay."};
constexpr MetricDesc kRootDispersion{"node_ntp_root_dispersion_seconds", "NTPD RootDispersion."};
constexpr MetricDesc kSanity{"node_ntp_sanity",
                             "NTPD sanity according to RFC5905 heuristics and configured limits."};

struct Options {
  std::string server;
  std::string port;
  unsigned version = 4;
  int time_to_live = 1;
  double max_distance_seconds = 0;
  double tolerance_seconds = 0;
};

// Finer than Clock's milliseconds: round trips to a local server take microseconds.
NtpTime Now() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return ToNtpTime(static_cast<double>(now.tv_sec)) |
         static_cast<NtpTime>(static_cast<double>(now.tv_nsec) * 4.294967296);
}

class Socket {
 public:
  Socket() = default;
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  Status Connect(const Options& options) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_DGRAM;
    addrinfo* found = nullptr;
    if (const int error =
            ::getaddrinfo(options.server.c_str(), options.port.c_str(), &hints, &found);
        error != 0)
      return Fail(ErrorCode::kUnavailable, "ntp: " + options.server + ": " + gai_strerror(error));
    Status status = ConnectTo(*found, options.time_to_live);
    ::freeaddrinfo(found);
    return status;
  }

  Result<std::string> Ask(const std::string& request) {
    char buffer[512];
    if (::send(fd_, request.data(), request.size(), 0) < 0) return FailErrno(errno, "ntp send");
    const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
    if (n < 0 && errno == EAGAIN) return Fail(ErrorCode::kUnavailable, "ntp: no answer in time");
    if (n < 0) return FailErrno(errno, "ntp receive");
    return std::string(buffer, static_cast<std::size_t>(n));
  }

 private:
  Status ConnectTo(const addrinfo& address, int time_to_live) {
    fd_ = ::socket(address.ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd_ < 0) return FailErrno(errno, "ntp socket");
    const timeval wait{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    const bool v6 = address.ai_family == AF_INET6;
    ::setsockopt(fd_, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_UNICAST_HOPS : IP_TTL,
                 &time_to_live, sizeof time_to_live);
    if (::connect(fd_, address.ai_addr, address.ai_addrlen) != 0)
      return FailErrno(errno, "ntp connect");
    return {};
  }

  int fd_ = -1;
};

class Ntp final : public Collector {
 public:
  explicit Ntp(Options options) : options_(std::move(options)) {}

  Status Collect(MetricSink& out) override {
    Socket socket;
    DROVER_CHECK(socket.Connect(options_));
    NtpTime cookie = 0;
    if (::getrandom(&cookie, sizeof cookie, GRND_NONBLOCK) != sizeof cookie) cookie = Now();
    const NtpTime sent = Now();
    DROVER_TRY(const std::string bytes, socket.Ask(NtpRequest(options_.version, cookie)));
    const NtpTime received = Now();
    DROVER_TRY(const NtpPacket packet, ParseNtpPacket(bytes));
    constexpr unsigned kServer = 4;
    if (packet.mode != kServer || packet.origin != cookie || packet.transmit == 0 ||
        packet.transmit < packet.receive)
      return Fail(ErrorCode::kInvalid, "ntp: not an answer to our question");
    const NtpAnswer answer = EvaluateNtp(packet, sent, received);
    out.Add(kStratum, packet.stratum);
    out.Add(kLeap, packet.leap);
    out.Add(kRoundTrip, answer.round_trip_seconds);
    out.Add(kOffset, answer.offset_seconds);
    out.Add(kReference, packet.reference == 0 ? 0 : ToUnixSeconds(packet.reference));
    out.Add(kRootDelay, packet.root_delay_seconds);
    out.Add(kRootDispersion, packet.root_dispersion_seconds);
    const bool is_sane = answer.is_valid &&
                         answer.root_distance_seconds <= options_.max_distance_seconds &&
                         answer.least_error_seconds <= Tolerance(packet);
    out.Add(kSanity, is_sane ? 1 : 0);
    return {};
  }

 private:
  // A leap second is announced the day before, and servers smear it over the days beside that
  // midnight.
  double Tolerance(const NtpPacket& packet) {
    constexpr double kDay = 86400, kSmear = 1;
    const double now = ToUnixSeconds(packet.transmit);
    if (packet.leap == 1 || packet.leap == 2) leap_midnight_ = (std::floor(now / kDay) + 1) * kDay;
    const bool is_near = std::abs(now - leap_midnight_) < kDay;
    return options_.tolerance_seconds + (is_near ? kSmear : 0);
  }

  const Options options_;
  double leap_midnight_ = 0;
};

bool IsLoopback(const std::string& address) {
  in_addr v4{};
  in6_addr v6{};
  if (::inet_pton(AF_INET, address.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  return ::inet_pton(AF_INET6, address.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

Result<std::uint64_t> NumberFlag(const CollectorInput& input, std::string_view flag,
                                 std::uint64_t least, std::uint64_t most) {
  const auto value = ParseUint(input.flags.Text(flag));
  if (!value || *value < least || *value > most) {
    return Fail(ErrorCode::kInvalid, "--collector." + std::string(flag) + ": must be between " +
                                         std::to_string(least) + " and " + std::to_string(most));
  }
  return *value;
}

Result<double> SecondsFlag(const CollectorInput& input, std::string_view flag) {
  const auto value = ParseGoDuration(input.flags.Text(flag));
  if (!value) return Fail(value.error().With("--collector." + std::string(flag)));
  return std::chrono::duration<double>(*value).count();
}

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  Options options;
  options.server = input.flags.Text("ntp.server");
  if (!input.flags.Switch("ntp.server-is-local") && !IsLoopback(options.server)) {
    return Fail(ErrorCode::kInvalid,
                "--collector.ntp.server: only the address of a local server, or "
                "--collector.ntp.server-is-local");
  }
  DROVER_TRY(const auto port, NumberFlag(input, "ntp.server-port", 1, 65535));
  DROVER_TRY(const auto version, NumberFlag(input, "ntp.protocol-version", 2, 4));
  DROVER_TRY(const auto time_to_live, NumberFlag(input, "ntp.ip-ttl", 0, 255));
  DROVER_TRY(options.max_distance_seconds, SecondsFlag(input, "ntp.max-distance"));
  DROVER_TRY(options.tolerance_seconds, SecondsFlag(input, "ntp.local-offset-tolerance"));
  if (options.tolerance_seconds < 0)
    return Fail(ErrorCode::kInvalid,
                "--collector.ntp.local-offset-tolerance: must not be negative");
  options.port = std::to_string(port);
  options.version = static_cast<unsigned>(version);
  options.time_to_live = time_to_live == 0 ? 1 : static_cast<int>(time_to_live);
  input.log.Warn("deprecated collector: upstream will take it out", {{"name", "ntp"}});
  return std::make_unique<Ntp>(std::move(options));
}

}  // namespace

CollectorSpec NtpSpec() {
  using enum CollectorFlag::Kind;
  return {"ntp",
          false,
          "A local NTP server's state (deprecated).",
          "NTP over UDP",
          {{"ntp.server", kText, "127.0.0.1", "NTP server to use for ntp collector"},
           {"ntp.server-port", kText, "123", "UDP port number to connect to on NTP server"},
           {"ntp.protocol-version", kText, "4", "NTP protocol version"},
           {"ntp.server-is-local", kSwitch, "false",
            "Certify that collector.ntp.server address is not a public ntp server"},
           {"ntp.ip-ttl", kText, "1", "IP TTL to use while sending NTP query"},
           {"ntp.max-distance", kText, "3.46608s", "Max accumulated distance to the root"},
           {"ntp.local-offset-tolerance", kText, "1ms",
            "Offset between local clock and local ntpd time to tolerate"}},
          Make,
          {kStratum.name, kLeap.name, kRoundTrip.name, kOffset.name, kReference.name,
           kRootDelay.name, kRootDispersion.name, kSanity.name}};
}

}  // namespace drover::exporters::node
