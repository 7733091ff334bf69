// Names to addresses without holding up the loop.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "core/base/mutex.h"
#include "core/base/result.h"
#include "pushprox/net/event_loop.h"

namespace drover::pushprox {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

std::string ToText(const Address& address);  // numeric, without port

// One thread asks getaddrinfo(3) for one name after another. Outlived by `loop`.
class Resolver {
 public:
  explicit Resolver(EventLoop& loop);

  using Done = std::function<void(Result<std::vector<Address>>)>;
  // `done` runs on the loop's thread, never from inside this call. kUnavailable names the host.
  void Resolve(const std::string& host, int port, Done done);

 private:
  struct Question {
    std::string host;
    int port = 0;
    Done done;
  };
  void Run(const std::stop_token& stop);

  EventLoop& loop_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<Question> questions_ GUARDED_BY(mutex_);
  std::jthread thread_;
};

}  // namespace drover::pushprox
