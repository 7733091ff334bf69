// Names to addresses without holding up the loop.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "pushprox/net/event_loop.h"

namespace drover::pushprox {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

std::string ToText(const Address& address);  // numeric, without port

// One thread asks getaddrinfo(3) for one name after another, from the first name on that is no
// address. Outlived by `loop`. Its end does not wait for a silent name server: the thread ends when
// that answers or gives up, and touches nothing of the loop any more.
class Resolver {
 public:
  explicit Resolver(EventLoop& loop);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  static constexpr std::size_t kMostWaiting = 256;

  using Done = std::function<void(Result<std::vector<Address>>)>;
  // `done` runs on the loop's thread, never from inside this call. kUnavailable names the host;
  // kExhausted: too many names wait. Equal questions are asked once. With an `asker`, a question is
  // dropped when that is gone, and `done` may not come.
  void Resolve(const std::string& host, int port, Done done,
               std::optional<std::weak_ptr<void>> asker = std::nullopt);

 private:
  struct Shared;
  static void Run(Shared& shared);

  EventLoop& loop_;
  const std::shared_ptr<Shared> shared_;
  bool started_ = false;
};

}  // namespace drover::pushprox
