#include "pushprox/net/resolver.h"

#include <netdb.h>

#include <array>
#include <cstring>
#include <deque>
#include <memory>
#include <thread>
#include <utility>

#include "core/base/mutex.h"

namespace drover::pushprox {
namespace {

Result<std::vector<Address>> Ask(const std::string& host, int port, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* list = nullptr;
  const int failed = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (failed != 0)
    return Fail(ErrorCode::kUnavailable, "resolve " + host + ": " + ::gai_strerror(failed));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> found(list, ::freeaddrinfo);
  std::vector<Address> addresses;
  for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
    Address address;
    std::memcpy(&address.storage, one->ai_addr, one->ai_addrlen);
    address.size = one->ai_addrlen;
    addresses.push_back(address);
  }
  return addresses;
}

}  // namespace

std::string ToText(const Address& address) {
  std::array<char, 128> out{};
  const int failed =
      ::getnameinfo(reinterpret_cast<const sockaddr*>(&address.storage), address.size, out.data(),
                    out.size(), nullptr, 0, NI_NUMERICHOST);
  return failed == 0 ? out.data() : "?";
}

struct Resolver::Shared {
  struct Question {
    std::string host;
    int port = 0;
    Done done;
  };
  Mutex mutex;
  CondVar changed;
  EventLoop* loop GUARDED_BY(mutex) = nullptr;  // null: the resolver is gone
  std::deque<Question> questions GUARDED_BY(mutex);
};

Resolver::Resolver(EventLoop& loop) : loop_(loop), shared_(std::make_shared<Shared>()) {
  Lock lock(shared_->mutex);
  shared_->loop = &loop;
}

Resolver::~Resolver() {
  Lock lock(shared_->mutex);
  shared_->loop = nullptr;
  shared_->questions.clear();
  shared_->changed.NotifyOne();
}

void Resolver::Resolve(const std::string& host, int port, Done done) {
  if (auto numeric = Ask(host, port, AI_NUMERICHOST)) {
    loop_.Post([done = std::move(done), found = std::move(numeric)] { done(found); });
    return;
  }
  {
    Lock lock(shared_->mutex);
    shared_->questions.push_back({host, port, std::move(done)});
    shared_->changed.NotifyOne();
  }
  if (!std::exchange(started_, true)) std::thread([shared = shared_] { Run(*shared); }).detach();
}

void Resolver::Run(Shared& shared) {
  for (;;) {
    Shared::Question next;
    {
      Lock lock(shared.mutex);
      shared.changed.Wait(shared.mutex, [&shared]() NO_THREAD_SAFETY_ANALYSIS {
        return shared.loop == nullptr || !shared.questions.empty();
      });
      if (shared.loop == nullptr) return;
      next = std::move(shared.questions.front());
      shared.questions.pop_front();
    }
    auto found = Ask(next.host, next.port, AI_ADDRCONFIG);
    Lock lock(shared.mutex);
    if (shared.loop == nullptr) return;
    shared.loop->Post([done = std::move(next.done), found = std::move(found)] { done(found); });
  }
}

}  // namespace drover::pushprox
