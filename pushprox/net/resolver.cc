#include "pushprox/net/resolver.h"

#include <netdb.h>

#include <array>
#include <cstring>
#include <memory>

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

Resolver::Resolver(EventLoop& loop)
    : loop_(loop), thread_([this](const std::stop_token& stop) { Run(stop); }) {}

void Resolver::Resolve(const std::string& host, int port, Done done) {
  if (auto numeric = Ask(host, port, AI_NUMERICHOST)) {
    loop_.Post([done = std::move(done), found = std::move(numeric)] { done(found); });
    return;
  }
  Lock lock(mutex_);
  questions_.push_back({host, port, std::move(done)});
  changed_.NotifyOne();
}

void Resolver::Run(const std::stop_token& stop) {
  for (;;) {
    Question next;
    {
      Lock lock(mutex_);
      if (!changed_.Wait(mutex_, stop,
                         [this]() NO_THREAD_SAFETY_ANALYSIS { return !questions_.empty(); }))
        return;
      next = std::move(questions_.front());
      questions_.pop_front();
    }
    loop_.Post([done = std::move(next.done), found = Ask(next.host, next.port, AI_ADDRCONFIG)] {
      done(found);
    });
  }
}

}  // namespace drover::pushprox
