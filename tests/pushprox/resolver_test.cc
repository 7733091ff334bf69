// Questions of a resolver: who waits for them, and how many wait.
#include "pushprox/net/resolver.h"

#include <unistd.h>

#include <doctest/doctest.h>

#include "tests/support/fake_clock.h"

namespace drover::pushprox {
namespace {

struct Fixture {
  template <typename Done>
  bool TurnUntil(Done done) {
    for (int i = 0; i < 5'000 && !done(); ++i) {
      loop.Turn(false);
      ::usleep(1'000);
    }
    return done();
  }
  drover::testing::FakeClock clock;
  EventLoop loop{clock};
  Resolver resolver{loop};
};

}  // namespace

TEST_SUITE("resolver") {
  TEST_CASE_FIXTURE(Fixture, "an address is no question; the callback comes from the loop") {
    std::string got;
    resolver.Resolve("127.0.0.9", 80, [&](const auto& found) { got = ToText(found->front()); });
    CHECK(got.empty());
    CHECK(TurnUntil([&] { return !got.empty(); }));
    CHECK(got == "127.0.0.9");
  }

  TEST_CASE_FIXTURE(Fixture, "all who ask the same are told; who is gone is not asked for") {
    int told = 0;
    auto life = std::make_shared<char>();
    const std::weak_ptr<void> alive = life;
    for (int i = 0; i < 50; ++i) resolver.Resolve("localhost", 80, [&](const auto&) { ++told; });
    CHECK(TurnUntil([&] { return told == 50; }));
    bool asked = false;
    life.reset();
    resolver.Resolve(
        "localhost", 81, [&](const auto&) { asked = true; }, alive);
    resolver.Resolve("localhost", 82, [&](const auto&) { ++told; });
    CHECK(TurnUntil([&] { return told == 51; }));
    CHECK_FALSE(asked);
  }

  TEST_CASE_FIXTURE(Fixture, "questions are bounded, and make room when their asker is gone") {
    constexpr int kAsked = 3'000;
    int too_many = 0;
    auto life = std::make_shared<char>();
    const auto done = [&](const Result<std::vector<Address>>& found) {
      if (!found && found.error().code() == ErrorCode::kExhausted) ++too_many;
    };
    for (int port = 1; port <= kAsked; ++port)
      resolver.Resolve("name.invalid", port, done, std::weak_ptr<void>(life));
    loop.Turn(false);
    CHECK(too_many > 0);
    CHECK(too_many <= kAsked - static_cast<int>(Resolver::kMostWaiting));
    life.reset();
    too_many = 0;
    resolver.Resolve("localhost", 80, done);
    loop.Turn(false);
    CHECK(too_many == 0);
  }
}

}  // namespace drover::pushprox
