#include "pushprox/proxy/kubernetes_identity.h"

#include <doctest/doctest.h>

#include "tests/support/fake_clock.h"
#include "tests/support/memory_log.h"

namespace drover::pushprox {
namespace {

std::string Base64Url(std::string_view text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    std::uint32_t bits = 0;
    const std::size_t n = std::min<std::size_t>(3, text.size() - i);
    for (std::size_t k = 0; k < 3; ++k)
      bits = bits << 8 | (k < n ? static_cast<unsigned char>(text[i + k]) : 0U);
    for (std::size_t k = 0; k <= n; ++k) out += kDigits[bits >> (18 - 6 * k) & 63];
  }
  return out;
}

constexpr std::int64_t kStart = 1'700'000'000;  // the played clock's, in seconds

std::string Token(const std::string& name, std::int64_t expires = kStart + 86'400,
                  const std::string& account = "monitoring:drover") {
  return Base64Url(R"({"alg":"RS256"})") + "." +
         Base64Url(R"({"sub":"system:serviceaccount:)" + account +
                   R"(","aud":["drover-pushprox"],"exp":)" + std::to_string(expires) +
                   R"(,"jti":")" + name + R"("})") +
         ".c2ln";
}

ReviewedToken OnNode(const std::string& node) {
  return {"monitoring", "drover", node, "drover-" + node, {"drover-pushprox"}};
}

class FakeReviewer final : public TokenReviewer {
 public:
  void Review(const std::string& token, const std::vector<std::string>&, Done done) override {
    ++asked;
    under_way.emplace_back(token, std::move(done));
  }
  void Answer(Result<std::optional<ReviewedToken>> answer) {
    REQUIRE_FALSE(under_way.empty());
    const Done done = std::move(under_way.front().second);
    under_way.pop_front();
    done(std::move(answer));
  }
  int asked = 0;
  std::deque<std::pair<std::string, Done>> under_way;
};

struct Waiter final : IdentityWaiter {
  void OnIdentity(Settled s) override {
    settled = s;
    ++told;
  }
  std::optional<Settled> settled;
  int told = 0;
};

struct Fixture {
  Fixture() {
    KubernetesRole role = Role();
    identity = std::make_unique<KubernetesIdentity>(role, reviewer, clock, log, registry);
  }
  static KubernetesRole Role() {
    KubernetesRole role;
    role.service_accounts = {"monitoring/drover"};
    return role;
  }
  // Hash and token may be the same here: nobody looks.
  std::optional<Settled> Settle(const std::string& token, Waiter& waiter) {
    return identity->Settle(token, token, waiter);
  }
  void Accept(const std::string& token, const std::string& node) {
    Waiter waiter;
    REQUIRE_FALSE(Settle(token, waiter).has_value());
    reviewer.Answer(std::optional(OnNode(node)));
    REQUIRE(waiter.settled == Settled::kDone);
  }
  testing::FakeClock clock{kStart * 1000};
  testing::MemoryLog sink;
  Logger log{sink, clock};
  Registry registry;
  FakeReviewer reviewer;
  std::unique_ptr<KubernetesIdentity> identity;
};

const Error kNoAnswer(ErrorCode::kUnavailable, "connect timeout");

}  // namespace

TEST_SUITE("kubernetes_identity") {
  TEST_CASE_FIXTURE(Fixture, "a reviewed token speaks for its node, for a while without asking") {
    const std::string token = Token("a");
    Accept(token, "node-a");
    CHECK(identity->IsClient(token));
    CHECK(identity->MaySpeakFor(token, "node-a"));
    CHECK_FALSE(identity->MaySpeakFor(token, "node-b"));
    CHECK_FALSE(identity->MaySpeakFor(token, "node-"));
    CHECK_FALSE(identity->MaySpeakFor("another", "node-a"));
    clock.Advance(Millis(59'000));
    Waiter waiter;
    CHECK(Settle(token, waiter) == Settled::kDone);
    CHECK(reviewer.asked == 1);
  }

  TEST_CASE_FIXTURE(Fixture, "several requests with one token share a review") {
    const std::string token = Token("a");
    Waiter one, two, left;
    CHECK_FALSE(Settle(token, one).has_value());
    CHECK_FALSE(Settle(token, two).has_value());
    CHECK_FALSE(Settle(token, left).has_value());
    identity->Leave(left);
    CHECK(reviewer.asked == 1);
    reviewer.Answer(std::optional(OnNode("node-a")));
    CHECK(one.told == 1);
    CHECK(two.told == 1);
    CHECK(left.told == 0);
  }

  TEST_CASE_FIXTURE(Fixture, "a refusal holds for 10 s") {
    const std::string token = Token("a");
    Waiter waiter;
    CHECK_FALSE(Settle(token, waiter).has_value());
    reviewer.Answer(std::optional<ReviewedToken>());
    CHECK(waiter.settled == Settled::kDone);
    CHECK_FALSE(identity->IsClient(token));
    clock.Advance(Millis(9'900));
    CHECK(Settle(token, waiter) == Settled::kDone);
    CHECK(reviewer.asked == 1);
    clock.Advance(Millis(200));
    CHECK_FALSE(Settle(token, waiter).has_value());
    CHECK(reviewer.asked == 2);
  }

  TEST_CASE_FIXTURE(Fixture, "wrong audience, wrong account, no node: nothing to speak for") {
    const std::string token = Token("a");
    Waiter waiter;
    ReviewedToken who = OnNode("node-a");
    SUBCASE("audience") { who.audiences = {"https://kubernetes.default.svc"}; }
    SUBCASE("no audience") { who.audiences.clear(); }
    SUBCASE("account") { who.account = "default"; }
    SUBCASE("namespace") { who.name_space = "default"; }
    SUBCASE("node") { who.node.clear(); }
    CHECK_FALSE(Settle(token, waiter).has_value());
    reviewer.Answer(std::optional(who));
    CHECK_FALSE(identity->MaySpeakFor(token, "node-a"));
    CHECK_FALSE(identity->MaySpeakFor(token, ""));
  }

  TEST_CASE_FIXTURE(Fixture, "what cannot be good is not asked about") {
    Waiter waiter;
    for (const std::string& token :
         {std::string("garbage"), std::string("a.b.c"), Token("old", kStart - 3600),
          Token("other", kStart + 3600, "default:default")}) {
      CHECK(Settle(token, waiter) == Settled::kDone);
      CHECK_FALSE(identity->IsClient(token));
    }
    CHECK(reviewer.asked == 0);
  }

  TEST_CASE_FIXTURE(Fixture, "never past the token's own expiry") {
    const std::string token = Token("a", kStart + 30);
    Accept(token, "node-a");
    CHECK(identity->MaySpeakFor(token, "node-a"));
    CHECK(identity->EndsSoon(token));
    const std::string longer = Token("b", kStart + 200);
    Accept(longer, "node-a");
    CHECK_FALSE(identity->EndsSoon(longer));
    clock.Advance(Millis(30'000));
    CHECK_FALSE(identity->MaySpeakFor(token, "node-a"));
    CHECK(identity->known() == 1);
    clock.Advance(Millis(55'000));
    CHECK(identity->EndsSoon(longer));
    CHECK(identity->MaySpeakFor(longer, "node-a"));
  }

  TEST_CASE_FIXTURE(Fixture, "a token in use is asked about again behind its back, and ends") {
    const std::string token = Token("a");
    Accept(token, "node-a");
    clock.Advance(Millis(60'000));
    CHECK(identity->MaySpeakFor(token, "node-a"));
    CHECK(identity->MaySpeakFor(token, "node-a"));
    CHECK(reviewer.asked == 2);
    reviewer.Answer(std::optional(OnNode("node-a")));
    CHECK(identity->MaySpeakFor(token, "node-a"));
    CHECK(reviewer.asked == 2);
    clock.Advance(Millis(60'000));
    CHECK(identity->MaySpeakFor(token, "node-a"));
    reviewer.Answer(std::optional<ReviewedToken>());
    CHECK_FALSE(identity->MaySpeakFor(token, "node-a"));
    CHECK(sink.text().find("is refused now") != std::string::npos);
    CHECK(sink.text().find(token) == std::string::npos);
  }

  TEST_CASE_FIXTURE(Fixture, "a request waits for the answer when the one at hand is old") {
    const std::string token = Token("a");
    Accept(token, "node-a");
    Waiter waiter;
    clock.Advance(Millis(119'000));
    CHECK(Settle(token, waiter) == Settled::kDone);
    reviewer.Answer(std::optional(OnNode("node-a")));
    clock.Advance(Millis(121'000));
    CHECK_FALSE(Settle(token, waiter).has_value());
    reviewer.Answer(std::optional<ReviewedToken>());
    CHECK(waiter.settled == Settled::kDone);
    CHECK_FALSE(identity->IsClient(token));
  }

  TEST_CASE_FIXTURE(Fixture, "without the API server known tokens go on for 10 minutes") {
    const std::string token = Token("a");
    Accept(token, "node-a");
    Waiter unknown;
    CHECK_FALSE(Settle(Token("b"), unknown).has_value());
    reviewer.Answer(Fail(kNoAnswer));
    CHECK(unknown.settled == Settled::kAway);
    CHECK(sink.text().find("connect timeout") != std::string::npos);
    Waiter waiter;
    for (int second = 0; second < 655; second += 5) {
      clock.Advance(Millis(5'000));
      CHECK(Settle(token, waiter) == Settled::kDone);
      CHECK(identity->MaySpeakFor(token, "node-a"));
      if (!reviewer.under_way.empty()) reviewer.Answer(Fail(kNoAnswer));
    }
    CHECK(reviewer.asked < 140);
    clock.Advance(Millis(10'000));
    CHECK_FALSE(identity->MaySpeakFor(token, "node-a"));
    CHECK_FALSE(Settle(token, waiter).has_value());
    reviewer.Answer(std::optional(OnNode("node-a")));
    CHECK(identity->MaySpeakFor(token, "node-a"));
    CHECK(sink.text().find("reviews tokens again") != std::string::npos);
  }

  TEST_CASE_FIXTURE(Fixture, "a flood of tokens becomes few reviews, and known ones go on") {
    const std::string good = Token("good");
    Accept(good, "node-a");
    Waiter waiter;
    int busy = 0;
    for (int i = 0; i < 10'000; ++i)
      busy += Settle(Token(std::to_string(i)), waiter) == Settled::kBusy ? 1 : 0;
    CHECK(reviewer.under_way.size() == KubernetesIdentity::kMaxUnknownReviews);
    CHECK(busy == 10'000 - static_cast<int>(KubernetesIdentity::kMaxUnknownReviews));
    // Known ones still are renewed.
    clock.Advance(Millis(61'000));
    CHECK(identity->MaySpeakFor(good, "node-a"));
    CHECK(reviewer.under_way.back().first == good);
  }

  TEST_CASE_FIXTURE(Fixture, "reviews of unknown tokens come at a rate") {
    int asked = 0;
    Waiter waiter;
    for (int i = 0; i < 2'000; ++i) {
      if (Settle(Token(std::to_string(i)), waiter)) continue;
      ++asked;
      reviewer.Answer(std::optional<ReviewedToken>());
    }
    CHECK(asked == 200);
    clock.Advance(Millis(1'000));
    for (int i = 2'000; i < 4'000; ++i) {
      if (Settle(Token(std::to_string(i)), waiter)) continue;
      ++asked;
      reviewer.Answer(std::optional<ReviewedToken>());
    }
    CHECK(asked == 250);
  }

  TEST_CASE_FIXTURE(Fixture, "memory is bounded") {
    KubernetesRole role = Role();
    role.reviews_per_second = 10'000;
    identity = std::make_unique<KubernetesIdentity>(role, reviewer, clock, log, registry);
    Waiter waiter;
    const int many = static_cast<int>(KubernetesIdentity::kMaxKnown) + 500;
    for (int i = 0; i < many; ++i) {
      clock.Advance(Millis(1));
      const std::string token = Token(std::to_string(i));
      REQUIRE_FALSE(Settle(token, waiter).has_value());
      reviewer.Answer(i % 2 == 0 ? std::optional(OnNode("n")) : std::optional<ReviewedToken>());
    }
    CHECK(identity->known() <= KubernetesIdentity::kMaxKnown);
    CHECK(identity->refused() <= KubernetesIdentity::kMaxRefused);
  }

  TEST_CASE_FIXTURE(Fixture, "a reload keeps what is known, unless audiences change") {
    const std::string token = Token("a");
    Accept(token, "node-a");
    KubernetesRole role = Role();
    role.names = {"{node}_*"};
    identity->SetRole(role);
    CHECK_FALSE(identity->MaySpeakFor(token, "node-a"));
    CHECK(identity->MaySpeakFor(token, "node-a_etcd"));
    role.service_accounts = {"monitoring/other"};
    identity->SetRole(role);
    CHECK_FALSE(identity->IsClient(token));
    role = Role();
    identity->SetRole(role);
    CHECK(identity->IsClient(token));
    Waiter waiter;
    CHECK_FALSE(Settle(Token("b"), waiter).has_value());
    role.audiences = {"another"};
    identity->SetRole(role);
    CHECK(waiter.settled == Settled::kBusy);
    CHECK(identity->known() == 0);
    reviewer.Answer(std::optional(OnNode("node-b")));  // asked under the old one
    CHECK(identity->known() == 0);
    identity->SetRole(std::nullopt);
    CHECK(Settle(Token("c"), waiter) == Settled::kDone);
    CHECK_FALSE(identity->IsClient(Token("c")));
  }

  TEST_CASE("names are made of claims") {
    KubernetesRole role = Fixture::Role();
    role.names = {"{node}", "{node}_*", "{namespace}.{service_account}", "{pod}"};
    REQUIRE(Validate(role).has_value());
    const ReviewedToken who = OnNode("n1");
    for (const char* name : {"n1", "n1_etcd", "monitoring.drover", "drover-n1"})
      CHECK(IsNameOf(role, who, name));
    for (const char* name : {"", "n", "n11", "n1_", "n1-etcd", "drover", "{node}", "N1"})
      CHECK_FALSE(IsNameOf(role, who, name));
    ReviewedToken unbound = who;
    unbound.node.clear();
    unbound.pod.clear();
    for (const char* name : {"", "n1", "_etcd", "_"}) CHECK_FALSE(IsNameOf(role, unbound, name));
  }

  TEST_CASE("mistakes in the role are refused") {
    const auto broken = [](auto change) {
      KubernetesRole role = Fixture::Role();
      change(role);
      return !Validate(role).has_value();
    };
    CHECK_FALSE(broken([](KubernetesRole&) {}));
    CHECK(broken([](KubernetesRole& r) { r.service_accounts.clear(); }));
    CHECK(broken([](KubernetesRole& r) { r.service_accounts = {"drover"}; }));
    CHECK(broken([](KubernetesRole& r) { r.service_accounts = {"monitoring/*"}; }));
    CHECK(broken([](KubernetesRole& r) { r.service_accounts = {"a/b/c"}; }));
    CHECK(broken([](KubernetesRole& r) { r.audiences = {""}; }));
    CHECK(broken([](KubernetesRole& r) { r.audiences.clear(); }));
    CHECK(broken([](KubernetesRole& r) { r.cache = Millis(10); }));
    for (const char* name : {"", "*", "node-*", "{namespace}-*", "{node}*x", "{node}**", "{nod}",
                             "{node", "{node}/x"}) {
      CAPTURE(name);
      CHECK(broken([&](KubernetesRole& r) { r.names = {name}; }));
    }
  }
}

}  // namespace drover::pushprox
