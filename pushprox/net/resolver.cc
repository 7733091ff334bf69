#include "pushprox/net/resolver.h"

#include <netdb.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <memory>
#include <optional>
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
  struct Asker {
    Done done;
    std::optional<std::weak_ptr<void>> life;
  };
  struct Question {
    std::string host;
    int port = 0;
    std::vector<Asker> askers;

    bool wanted() const {
      return std::any_of(askers.begin(), askers.end(),
                         [](const Asker& one) { return !one.life || !one.life->expired(); });
    }
  };
  Question* Find(const std::string& host, int port) REQUIRES(mutex) {
    if (asked && asked->host == host && asked->port == port) return &*asked;
    const auto at = std::find_if(questions.begin(), questions.end(), [&](const Question& one) {
      return one.host == host && one.port == port;
    });
    return at != questions.end() ? &*at : nullptr;
  }

  Mutex mutex;
  CondVar changed;
  EventLoop* loop GUARDED_BY(mutex) = nullptr;  // null: the resolver is gone
  std::deque<Question> questions GUARDED_BY(mutex);
  std::optional<Question> asked GUARDED_BY(mutex);
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

void Resolver::Resolve(const std::string& host, int port, Done done,
                       std::optional<std::weak_ptr<void>> asker) {
  if (auto numeric = Ask(host, port, AI_NUMERICHOST)) {
    loop_.Post([done = std::move(done), found = std::move(numeric)] { done(found); });
    return;
  }
  {
    Lock lock(shared_->mutex);
    Shared::Question* question = shared_->Find(host, port);
    if (question == nullptr) {
      std::erase_if(shared_->questions, [](const auto& one) { return !one.wanted(); });
      if (shared_->questions.size() >= kMostWaiting) {
        loop_.Post([done = std::move(done), host] {
          done(Fail(ErrorCode::kExhausted, "resolve " + host + ": too many names wait"));
        });
        return;
      }
      question = &shared_->questions.emplace_back(Shared::Question{host, port, {}});
    }
    std::erase_if(question->askers,
                  [](const auto& one) { return one.life && one.life->expired(); });
    question->askers.push_back({std::move(done), std::move(asker)});
    shared_->changed.NotifyOne();
  }
  if (!std::exchange(started_, true)) std::thread([shared = shared_] { Run(*shared); }).detach();
}

void Resolver::Run(Shared& shared) {
  for (;;) {
    std::string host;
    int port = 0;
    {
      Lock lock(shared.mutex);
      shared.changed.Wait(shared.mutex, [&shared]() NO_THREAD_SAFETY_ANALYSIS {
        return shared.loop == nullptr || !shared.questions.empty();
      });
      if (shared.loop == nullptr) return;
      shared.asked = std::move(shared.questions.front());
      shared.questions.pop_front();
      if (!shared.asked->wanted()) {
        shared.asked.reset();
        continue;
      }
      host = shared.asked->host;
      port = shared.asked->port;
    }
    const auto found = Ask(host, port, AI_ADDRCONFIG);
    Lock lock(shared.mutex);
    if (shared.loop == nullptr) return;
    for (Shared::Asker& one : shared.asked->askers)
      shared.loop->Post([done = std::move(one.done), found] { done(found); });
    shared.asked.reset();
  }
}

}  // namespace drover::pushprox
