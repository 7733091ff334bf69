// The real program: started, scraped over a socket, ended by a signal.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <spawn.h>

#include "core/base/numbers.h"
#include "core/exposition/text_parser.h"
#include "tests/support/raw_client.h"
#include "tests/support/temp_folder.h"

extern char** environ;

namespace drover::exporters {
namespace {

using SteadyClock = std::chrono::steady_clock;

class Program {
 public:
  explicit Program(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), DROVER_NODE_EXPORTER);
    std::vector<char*> argv;
    for (std::string& one : arguments) argv.push_back(one.data());
    argv.push_back(nullptr);
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
    REQUIRE(::posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ) == 0);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    log_fd_ = ends[0];
  }
  ~Program() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    ::close(log_fd_);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // Reads the log until `text` is in it, or it ends, or 10 s are over.
  bool WaitForLog(std::string_view text) {
    const auto deadline = SteadyClock::now() + std::chrono::seconds(10);
    while (log_.find(text) == std::string::npos && SteadyClock::now() < deadline) {
      pollfd ready{log_fd_, POLLIN, 0};
      if (::poll(&ready, 1, 1000) <= 0) continue;
      char buffer[4096];
      const ssize_t n = ::read(log_fd_, buffer, sizeof buffer);
      if (n <= 0) break;
      log_.append(buffer, static_cast<std::size_t>(n));
    }
    return log_.find(text) != std::string::npos;
  }

  int Port() {
    REQUIRE_MESSAGE(WaitForLog("address=127.0.0.1:"), log_);
    WaitForLog("\n");
    const std::size_t at = log_.find("address=127.0.0.1:") + 18;
    return static_cast<int>(ParseInt(log_.substr(at, log_.find_first_of(", \n", at) - at)).value());
  }

  int ExitCode() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  void Signal(int number) const { ::kill(pid_, number); }
  const std::string& log() const { return log_; }

 private:
  pid_t pid_ = -1;
  int log_fd_ = -1;
  std::string log_;
};

struct Answer {
  std::string head;
  std::string body;
  int status() const { return static_cast<int>(ParseInt(head.substr(9, 3)).value_or(0)); }
  bool Has(std::string_view text) const { return body.find(text) != std::string::npos; }
};

std::string Dechunk(std::string_view raw) {
  std::string out;
  while (!raw.empty()) {
    const std::size_t length = std::stoul(std::string(raw.substr(0, raw.find('\r'))), nullptr, 16);
    if (length == 0) break;
    raw.remove_prefix(raw.find('\n') + 1);
    out += raw.substr(0, length);
    raw.remove_prefix(std::min(raw.size(), length + 2));
  }
  return out;
}

Answer Get(int port, const std::string& target, const std::string& headers = "",
           const std::string& method = "GET") {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  const std::string request =
      method + " " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + headers + "\r\n";
  REQUIRE(::send(fd, request.data(), request.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(request.size()));
  std::string all;
  char buffer[16384];
  for (ssize_t n = 0; (n = ::read(fd, buffer, sizeof buffer)) > 0;)
    all.append(buffer, static_cast<std::size_t>(n));
  ::close(fd);
  const std::size_t split = all.find("\r\n\r\n");
  REQUIRE(split != std::string::npos);
  Answer answer{all.substr(0, split), all.substr(split + 4)};
  if (answer.head.find("chunked") != std::string::npos) answer.body = Dechunk(answer.body);
  return answer;
}

const std::string kListen = "--web.listen-address=127.0.0.1:0";

}  // namespace

TEST_SUITE("exporters/node_exporter_program") {
  TEST_CASE("serves its pages and ends with 0 within a second of SIGTERM") {
    Program program({kListen, "--runtime.gomaxprocs=2"});
    const int port = program.Port();
    CHECK(program.log().find("runtime.gomaxprocs") != std::string::npos);
    const Answer page = Get(port, "/metrics");
    CHECK(page.status() == 200);
    CHECK(page.head.find("text/plain; version=0.0.4; charset=utf-8; escaping=underscores") !=
          std::string::npos);
    for (const char* line :
         {"node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} ", "node_load1 ",
          "node_memory_MemTotal_bytes ", "node_network_receive_bytes_total{device=\"lo\"} ",
          "node_uname_info{", "node_scrape_collector_success{collector=\"cpu\"} 1\n",
          "node_exporter_build_info{", "process_resident_memory_bytes "}) {
      CHECK_MESSAGE(page.Has(line), line);
    }
    exposition::TextParser parser(page.body);
    std::string family;
    for (;;) {  // well formed, families sorted
      const auto entry = parser.Next();
      REQUIRE_MESSAGE(entry.has_value(), entry.error().message());
      if (*entry == exposition::TextParser::Entry::kEnd) break;
      if (*entry != exposition::TextParser::Entry::kType) continue;
      CHECK(family < parser.name());
      family = parser.name();
    }

    CHECK(Get(port, "/").Has("<a href=\"/metrics\">"));
    CHECK(Get(port, "/-/healthy").status() == 200);
    CHECK(Get(port, "/-/ready").status() == 200);
    CHECK(Get(port, "/debug/pprof/").status() == 404);
    CHECK(Get(port, "/metrics", "Content-Length: 0\r\n", "POST").status() == 200);

    const Answer packed = Get(port, "/metrics", "Accept-Encoding: gzip\r\n");
    CHECK(packed.head.find("Content-Encoding: gzip") != std::string::npos);
    CHECK(packed.body.size() < page.body.size() / 2);

    const Answer denser = Get(port, "/metrics", "Accept-Encoding: gzip;q=0.5, zstd\r\n");
    CHECK(denser.head.find("Content-Encoding: zstd") != std::string::npos);
    CHECK(denser.body.starts_with("\x28\xb5\x2f\xfd"));

    const Answer open = Get(port, "/metrics", "Accept: application/openmetrics-text\r\n");
    CHECK(open.head.find("application/openmetrics-text; version=1.0.0") != std::string::npos);
    CHECK(open.Has("# TYPE node_cpu_seconds counter\n"));
    CHECK(open.Has("node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} "));
    CHECK(open.body.ends_with("\n# EOF\n"));

    const auto start = SteadyClock::now();
    program.Signal(SIGTERM);
    CHECK(program.ExitCode() == 0);
    CHECK(SteadyClock::now() - start < std::chrono::seconds(1));
  }
  TEST_CASE("listens on several addresses, a unix socket among them") {
    const testing::TempFolder folder;
    const std::string address = "unix:" + folder.path() + "/node.sock";
    Program program({kListen, "--web.listen-address=" + address});
    const int port = program.Port();
    CHECK(Get(port, "/-/ready").status() == 200);
    CHECK(testing::RawClient::Get(address, "/metrics?collect[]=loadavg").find("node_load1 ") !=
          std::string::npos);
    program.Signal(SIGTERM);
    CHECK(program.ExitCode() == 0);
    CHECK(::access(address.substr(5).c_str(), F_OK) != 0);
  }
  TEST_CASE("takes the sockets that systemd opened, and says when there are none") {
    {
      Program none({"--web.systemd-socket"});
      CHECK(none.ExitCode() == 1);
      CHECK(none.WaitForLog("no socket activation file descriptors found"));
    }
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(::listen(listener, 16) == 0);
    sockaddr_in name{};
    socklen_t size = sizeof name;
    REQUIRE(::getsockname(listener, reinterpret_cast<sockaddr*>(&name), &size) == 0);
    const int port = ntohs(name.sin_port);
    const pid_t child = ::fork();
    if (child == 0) {
      ::dup2(listener, 3);
      ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
      ::setenv("LISTEN_FDS", "1", 1);
      ::execl(DROVER_NODE_EXPORTER, DROVER_NODE_EXPORTER, "--web.systemd-socket",
              "--log.level=error", nullptr);
      ::_exit(127);
    }
    CHECK(Get(port, "/metrics?collect[]=loadavg").Has("node_load1 "));
    ::close(listener);
    ::kill(child, SIGTERM);
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(status == 0);
  }
  TEST_CASE("forty scrapers at once are served, with little memory") {
    Program program({kListen});
    const int port = program.Port();
    for (int round = 0; round < 5; ++round) {
      std::vector<std::jthread> scrapers;
      std::atomic<int> good{0};
      for (int i = 0; i < 40; ++i)
        scrapers.emplace_back([&] { good += Get(port, "/metrics").status() == 200 ? 1 : 0; });
      scrapers.clear();
      CHECK(good == 40);
    }
    const Answer page = Get(port, "/metrics?collect[]=loadavg");
    CHECK(page.Has("promhttp_metric_handler_requests_total{code=\"503\"} 0\n"));
    const std::size_t at = page.body.find("\nprocess_resident_memory_bytes ");
    REQUIRE(at != std::string::npos);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    CHECK(ParseFloat(page.body.substr(at + 31, page.body.find('\n', at + 1) - at - 31)).value() <=
          16.0 * 1024 * 1024);
#endif
  }
  TEST_CASE("collect[] and exclude[] choose collectors, with upstream's answers to mistakes") {
    Program program({kListen, "--web.telemetry-path=/m", "--web.disable-exporter-metrics",
                     "--no-collector.time"});
    const int port = program.Port();
    CHECK(Get(port, "/metrics").status() == 404);
    const Answer one = Get(port, "/m?collect[]=loadavg&collect%5B%5D=uname");
    CHECK(one.Has("node_load1 "));
    CHECK(one.Has("node_uname_info{"));
    CHECK_FALSE(one.Has("node_cpu"));
    CHECK(one.Has("node_exporter_build_info{"));
    CHECK_FALSE(one.Has("process_"));
    const Answer without = Get(port, "/m?exclude[]=loadavg&exclude[]=nonsense");
    CHECK_FALSE(without.Has("node_load1 "));
    CHECK(without.Has("node_cpu_seconds_total"));
    const struct {
      const char* query;
      const char* want;
    } mistakes[] = {
        {"collect[]=a&exclude[]=b", "Combined collect and exclude queries are not allowed."},
        {"collect[]=nope",
         "Couldn't create filtered metrics handler: couldn't create collector: missing collector: "
         "nope"},
        {"collect[]=time",
         "Couldn't create filtered metrics handler: couldn't create collector: disabled collector: "
         "time"},
    };
    for (const auto& mistake : mistakes) {
      const Answer answer = Get(port, std::string("/m?") + mistake.query);
      CHECK(answer.status() == 400);
      CHECK(answer.body == mistake.want);
    }
    program.Signal(SIGINT);
    CHECK(program.ExitCode() == 0);
  }
  TEST_CASE("bad flags and a taken address end with 1 and say why") {
    const struct {
      std::vector<std::string> arguments;
      const char* want;
    } cases[] = {
        {{"--web.config.file=x"}, "web configuration: open "},
        {{"--nonsense"}, "nonsense"},
        {{kListen, "--collector.netdev.device-include=a", "--collector.netdev.device-exclude=b"},
         "mutually exclusive"},
    };
    for (const auto& c : cases) {
      Program program(c.arguments);
      CHECK_MESSAGE(program.WaitForLog(c.want), program.log());
      CHECK(program.ExitCode() == 1);
    }
    Program first({kListen});
    const std::string address = "127.0.0.1:" + std::to_string(first.Port());
    Program second({"--web.listen-address=" + address});
    CHECK_MESSAGE(second.WaitForLog("Address already in use"), second.log());
    CHECK(second.ExitCode() == 1);
  }
}
}  // namespace drover::exporters
