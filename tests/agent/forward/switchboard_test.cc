#include "agent/forward/switchboard.h"

#include <chrono>
#include <future>

#include <doctest/doctest.h>

#include "tests/support/fake_clock.h"

namespace drover::agent::forward {
namespace {

using namespace std::chrono_literals;

struct SwitchboardFixture {
  testing::FakeClock clock;
  Registry registry;
  Switchboard switchboard{registry};
  std::uint32_t generation = 0;

  Result<std::shared_ptr<Forwarder>> Make() {
    return std::make_shared<Forwarder>(std::map<std::string, std::string>{},
                                       std::vector<std::unique_ptr<Endpoint>>{}, clock, registry,
                                       ++generation);
  }
  Status Replace() {
    return switchboard.Replace([this] { return Make(); });
  }
  double Refused() const {
    for (const OwnFamily& family : registry.Collect()) {
      if (family.name == "drover_forward_refused_samples_total")
        return family.samples.front().value;
    }
    return -1;
  }
};

TEST_SUITE("agent/forward/switchboard") {
  TEST_CASE("a replacement waits for the old appenders; new ones never wait for it") {
    SwitchboardFixture f;
    REQUIRE(f.Replace());
    auto under_way = f.switchboard.NewAppender();
    auto replaced = std::async(std::launch::async, [&] { return f.Replace(); });
    CHECK(replaced.wait_for(20ms) == std::future_status::timeout);
    auto made =
        std::async(std::launch::async, [&] { return f.switchboard.NewAppender()->Commit(); });
    const bool at_once = made.wait_for(2s) == std::future_status::ready;
    CHECK(at_once);
    CHECK(under_way->Commit());
    under_way.reset();
    CHECK(replaced.get());
    if (at_once) CHECK(made.get().error().code() == ErrorCode::kUnavailable);
    CHECK(f.switchboard.NewAppender()->Commit());
  }

  TEST_CASE("what comes while there is no forwarder is refused and counted at the commit") {
    SwitchboardFixture f;
    REQUIRE(f.Replace());
    CHECK_FALSE(f.switchboard
                    .Replace([]() -> Result<std::shared_ptr<Forwarder>> {
                      return Fail(ErrorCode::kUnavailable, "no folder");
                    })
                    .has_value());
    const auto out = f.switchboard.NewAppender();
    LabelsBuilder labels;
    labels.Set("__name__", "x");
    CHECK(out->Append(0, labels.Build(), 1, 1).error().code() == ErrorCode::kUnavailable);
    out->Rollback();
    CHECK(f.Refused() == 0);
    for (int i = 0; i < 3; ++i) CHECK_FALSE(out->Append(0, labels.Build(), i, 1).has_value());
    CHECK_FALSE(out->Commit().has_value());
    CHECK(f.Refused() == 3);
    REQUIRE(f.Replace());
    CHECK(f.switchboard.NewAppender()->Append(0, labels.Build(), 1, 1).has_value());
  }
}

}  // namespace
}  // namespace drover::agent::forward
