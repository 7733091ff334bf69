// kill -9 while messages go out: after the next start nobody hears of a group again, but for what
// was in flight. Forks before it has threads, so it is a program of its own.
//
//   alerting_kill [ROUNDS]
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <string>

#include "receiver/alerting/alerting.h"
#include "tests/support/temp_folder.h"

using namespace drover;

namespace {

constexpr int kAlerts = 60;
constexpr int kSenders = 2;

class NoLog final : public LogSink {
  void Write(std::string_view) override {}
};

// Writes one line per message, as a peer that has got it, then answers.
class PipeClient final : public http::Client {
 public:
  explicit PipeClient(int fd) : fd_(fd) {}
  void Start(http::ClientRequest request, Done done) override {
    const std::string line = request.url.substr(request.url.rfind('/') + 1) + "\n";
    if (::write(fd_, line.data(), line.size()) < 0) std::_Exit(3);
    done(http::ClientResponse{200, {}, ""});
  }

 private:
  const int fd_;
};

[[noreturn]] void Child(const std::string& folder, int fd) {
  const auto clock = MakeSystemClock();
  NoLog sink;
  Logger log(sink, *clock);
  Registry registry;
  auto config = alerting::ParseConfig(
      "route: {receiver: r, group_by: [alertname], group_wait: 0s, group_interval: 1h, "
      "repeat_interval: 1d}\nreceivers:\n- name: r\n  webhook_configs:\n"
      "  - url: 'http://sink.test/{{ .GroupLabels.alertname }}'\n",
      "am.yml");
  alerting::AlertingOptions options;
  options.folder = folder;
  options.dispatch.senders = kSenders;
  auto alerting = alerting::Alerting::Start(
      *std::move(config), options, *clock,
      [fd](const http::ClientConfig&) { return std::make_unique<PipeClient>(fd); }, registry, log);
  if (!alerting) {
    std::fprintf(stderr, "%s\n", alerting.error().message().c_str());
    std::_Exit(2);
  }
  std::vector<alert::Alert> alerts;
  for (int i = 0; i < kAlerts; ++i) {
    alert::Alert a;
    a.labels = Labels{{"alertname", "A" + std::to_string(i)}};
    alerts.push_back(std::move(a));
  }
  (*alerting)->Put(std::move(alerts));
  for (;;) ::pause();
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 60;
  testing::TempFolder folder;
  std::map<std::string, int> told;
  std::mt19937 random(7);
  int kills = 0;
  std::size_t messages = 0;
  for (int round = 0; round < rounds; ++round) {
    int ends[2];
    if (::pipe(ends) != 0) return 2;
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(ends[0]);
      Child(folder.path(), ends[1]);
    }
    ::close(ends[1]);
    // Killed after so many messages, or when nothing comes any more.
    const int until = static_cast<int>(random() % 12) + 1;
    std::string line;
    int seen = 0;
    bool quiet = false;
    for (char c = 0;;) {
      pollfd ready{ends[0], POLLIN, 0};
      if (!quiet && ::poll(&ready, 1, 1500) == 0) {
        quiet = true;
        ::kill(child, SIGKILL);
      }
      if (::read(ends[0], &c, 1) != 1) break;
      if (c != '\n') {
        line += c;
        continue;
      }
      ++told[line];
      ++messages;
      line.clear();
      if (++seen == until && !quiet) {
        ::usleep(static_cast<useconds_t>(random() % 3000));
        ::kill(child, SIGKILL);
        ++kills;
      }
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    if (WIFEXITED(status)) {
      std::printf("the child ended by itself: %d\n", WEXITSTATUS(status));
      return 1;
    }
    ::close(ends[0]);
    // One more start after all were told, then there is nothing left to learn.
    if (quiet) break;
  }
  const std::size_t again = messages - told.size();
  std::printf(
      "%d kills, %zu groups told of %d, %zu messages, %zu again (at most %d in flight per kill)\n",
      kills, told.size(), kAlerts, messages, again, kSenders);
  if (told.size() != kAlerts) return 1;
  return again <= static_cast<std::size_t>(kills) * kSenders ? 0 : 1;
}
