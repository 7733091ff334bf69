// Remembers what the API server said of clients' tokens, and asks when it has to: few reviews for
// many requests, also while somebody sends garbage or the API server is away.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/result.h"
#include "core/metrics/registry.h"
#include "pushprox/proxy/kubernetes_role.h"

namespace drover::pushprox {

class TokenReviewer {
 public:
  virtual ~TokenReviewer() = default;
  // Nothing inside: the token is not good. An error: no answer (kUnavailable), or one that is none.
  using Done = std::function<void(Result<std::optional<ReviewedToken>>)>;
  // `done` is called once, later, never from inside.
  virtual void Review(const std::string& token, const std::vector<std::string>& audiences,
                      Done done) = 0;
};

enum class Settled {
  kDone,  // what can be known is known
  kBusy,  // too many reviews: come again
  kAway,  // the API server does not answer
};

class IdentityWaiter {
 public:
  virtual ~IdentityWaiter() = default;
  virtual void OnIdentity(Settled settled) = 0;
};

// An accepted token is asked about again in the background when `cache` is over and it is still in
// use; while no answer comes it holds for 10 minutes more at most, and never past its own expiry. A
// refusal holds for 10 s. Tokens are kept in memory, bounded, for asking again; they are logged
// nowhere. One thread at a time.
class KubernetesIdentity {
 public:
  static constexpr std::size_t kMaxKnown = 20'000;
  static constexpr std::size_t kMaxRefused = 20'000;
  static constexpr std::size_t kMaxReviews = 64;         // under way
  static constexpr std::size_t kMaxUnknownReviews = 48;  // of these, tokens never seen
  static constexpr std::chrono::seconds kRefusalHolds{10};
  static constexpr std::chrono::minutes kGrace{10};
  static constexpr std::chrono::seconds kAskAgain{2};  // when a review brought no answer

  // All but `role` outlive it.
  KubernetesIdentity(KubernetesRole role, TokenReviewer& reviewer, const Clock& clock,
                     const Logger& log, Registry& registry);

  // Before IsClient and MaySpeakFor are asked about a token that a request brought. Nothing:
  // `waiter` is told later, unless it leaves.
  std::optional<Settled> Settle(const std::string& token, const std::string& hash,
                                IdentityWaiter& waiter);
  void Leave(IdentityWaiter& waiter);

  // By the token's SHA-256. An old answer is renewed in the background.
  bool IsClient(const std::string& hash) { return Find(hash) != nullptr; }
  bool MaySpeakFor(const std::string& hash, const std::string& name);

  void SetRole(std::optional<KubernetesRole> role);  // nothing: nobody is let in any more
  // A good token that expires within two minutes.
  bool EndsSoon(const std::string& hash) const;

  std::size_t known() const { return known_.size(); }
  std::size_t refused() const { return refused_.size(); }

 private:
  struct Known {
    std::string token;
    ReviewedToken who;
    TimePoint expires{};
    MonoTime confirmed{};
    MonoTime asked{};  // the last try
    std::list<std::string>::iterator order;
  };
  struct Pending {
    std::vector<IdentityWaiter*> waiters;
  };
  const ReviewedToken* Find(const std::string& hash);
  bool Holds(const Known& known) const;
  std::optional<Settled> SettleKnown(const std::string& hash, Known& known, IdentityWaiter& waiter);
  bool MayBeGood(const std::string& token) const;
  bool TakeFromBudget();
  bool Renew(const std::string& hash, Known& known);
  void Ask(const std::string& token, const std::string& hash);
  void Answered(const std::string& token, const std::string& hash, std::uint64_t generation,
                Result<std::optional<ReviewedToken>> answer);
  void Remember(const std::string& token, const std::string& hash, ReviewedToken who);
  void Refuse(const std::string& hash);
  void Forget(const std::string& hash);
  void Away(const Error& error);

  std::optional<KubernetesRole> role_;
  TokenReviewer& reviewer_;
  const Clock& clock_;
  const Logger& log_;
  Counter& accepted_;
  Counter& denied_;
  Counter& failed_;
  Counter& limited_;
  Counter& overdue_;
  Gauge& under_way_;
  Gauge& known_gauge_;
  std::unordered_map<std::string, Known> known_;
  std::list<std::string> order_;  // of use, the latest first
  std::unordered_map<std::string, MonoTime> refused_;
  std::deque<std::pair<std::string, MonoTime>> refusals_;
  std::unordered_map<std::string, Pending> pending_;
  std::vector<IdentityWaiter*>* telling_ = nullptr;
  bool away_ = false;
  double budget_ = 0;
  MonoTime budget_at_{};
  std::uint64_t generation_ = 0;  // what was asked under an older role is not believed
  std::shared_ptr<char> alive_ = std::make_shared<char>('\0');
};

}  // namespace drover::pushprox
