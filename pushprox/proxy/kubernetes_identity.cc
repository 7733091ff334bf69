#include "pushprox/proxy/kubernetes_identity.h"

#include <algorithm>
#include <utility>

namespace drover::pushprox {
namespace {

constexpr double kBurstSeconds = 4;
constexpr std::chrono::minutes kClockSkew{1};
constexpr std::chrono::minutes kSoon{2};

Counter& Reviews(Registry& registry, const std::string& result) {
  return registry.AddCounter("drover_pushprox_token_reviews_total",
                             "Reviews of Kubernetes tokens by their outcome; limited: not asked.",
                             {{"result", result}});
}

}  // namespace

KubernetesIdentity::KubernetesIdentity(KubernetesRole role, TokenReviewer& reviewer,
                                       const Clock& clock, const Logger& log, Registry& registry)
    : role_(std::move(role)),
      reviewer_(reviewer),
      clock_(clock),
      log_(log),
      accepted_(Reviews(registry, "accepted")),
      denied_(Reviews(registry, "refused")),
      failed_(Reviews(registry, "failed")),
      limited_(Reviews(registry, "limited")),
      overdue_(registry.AddCounter(
          "drover_pushprox_token_reviews_overdue_total",
          "Decisions by an answer older than twice the cache time, for want of a newer one.")),
      under_way_(registry.AddGauge("drover_pushprox_token_reviews_in_flight",
                                   "Reviews of Kubernetes tokens under way.")),
      known_gauge_(
          registry.AddGauge("drover_pushprox_tokens_known", "Kubernetes tokens found good.")),
      budget_(role_->reviews_per_second * kBurstSeconds),
      budget_at_(clock.Mono()) {}

std::optional<Settled> KubernetesIdentity::Settle(const std::string& token, const std::string& hash,
                                                  IdentityWaiter& waiter) {
  if (!role_) return Settled::kDone;
  if (const auto found = known_.find(hash); found != known_.end() && Holds(found->second))
    return SettleKnown(hash, found->second, waiter);
  if (const auto found = refused_.find(hash);
      found != refused_.end() && clock_.Mono() < found->second)
    return Settled::kDone;
  if (const auto found = pending_.find(hash); found != pending_.end()) {
    found->second.waiters.push_back(&waiter);
    return std::nullopt;
  }
  if (!MayBeGood(token)) return Settled::kDone;
  if (pending_.size() >= kMaxUnknownReviews || !TakeFromBudget()) {
    limited_.Add();
    return Settled::kBusy;
  }
  Ask(token, hash);
  pending_[hash].waiters.push_back(&waiter);
  return std::nullopt;
}

// A request can wait for an answer, so it does where the one at hand has become old.
std::optional<Settled> KubernetesIdentity::SettleKnown(const std::string& hash, Known& known,
                                                       IdentityWaiter& waiter) {
  const auto age = clock_.Mono() - known.confirmed;
  if (age < role_->cache) return Settled::kDone;
  const bool under_way = Renew(hash, known);
  if (age < 2 * role_->cache) return Settled::kDone;
  if (away_ || !under_way) return Settled::kDone;
  pending_[hash].waiters.push_back(&waiter);
  return std::nullopt;
}

void KubernetesIdentity::Leave(IdentityWaiter& waiter) {
  if (telling_ != nullptr)
    std::replace(telling_->begin(), telling_->end(), &waiter,
                 static_cast<IdentityWaiter*>(nullptr));
  for (auto& [hash, pending] : pending_) std::erase(pending.waiters, &waiter);
}

bool KubernetesIdentity::MaySpeakFor(const std::string& hash, const std::string& name) {
  const ReviewedToken* who = Find(hash);
  return who != nullptr && IsNameOf(*role_, *who, name);
}

bool KubernetesIdentity::Holds(const Known& known) const {
  return clock_.Now() < known.expires && clock_.Mono() - known.confirmed < role_->cache + kGrace;
}

bool KubernetesIdentity::EndsSoon(const std::string& hash) const {
  const auto found = known_.find(hash);
  return found != known_.end() && clock_.Now() + kSoon >= found->second.expires;
}

const ReviewedToken* KubernetesIdentity::Find(const std::string& hash) {
  if (!role_) return nullptr;
  const auto found = known_.find(hash);
  if (found == known_.end()) return nullptr;
  Known& known = found->second;
  if (!Holds(known)) {
    Forget(hash);
    return nullptr;
  }
  order_.splice(order_.begin(), order_, known.order);
  const auto age = clock_.Mono() - known.confirmed;
  if (age >= role_->cache) Renew(hash, known);
  if (age >= 2 * role_->cache) overdue_.Add();
  return IsListed(*role_, known.who) ? &known.who : nullptr;
}

// What the token says of itself decides against it only.
bool KubernetesIdentity::MayBeGood(const std::string& token) const {
  const auto claims = LookAtToken(token);
  if (!claims) return false;
  if (claims->expires_s && clock_.Now() > FromMs(*claims->expires_s * 1000) + kClockSkew)
    return false;
  const auto& wanted = role_->audiences;
  if (claims->audiences &&
      std::none_of(claims->audiences->begin(), claims->audiences->end(), [&](const auto& one) {
        return std::find(wanted.begin(), wanted.end(), one) != wanted.end();
      }))
    return false;
  const auto& accounts = role_->service_accounts;
  return std::any_of(accounts.begin(), accounts.end(), [&](const std::string& one) {
    std::string subject = "system:serviceaccount:" + one;
    subject[subject.find('/')] = ':';
    return claims->subject == subject;
  });
}

bool KubernetesIdentity::TakeFromBudget() {
  const MonoTime now = clock_.Mono();
  const double most = role_->reviews_per_second * kBurstSeconds;
  budget_ += std::chrono::duration<double>(now - budget_at_).count() * role_->reviews_per_second;
  budget_ = std::min(budget_, most);
  budget_at_ = now;
  if (budget_ < 1) return false;
  budget_ -= 1;
  return true;
}

// True when a review of it is under way.
bool KubernetesIdentity::Renew(const std::string& hash, Known& known) {
  if (pending_.contains(hash)) return true;
  const MonoTime now = clock_.Mono();
  if (pending_.size() >= kMaxReviews || now - known.asked < kAskAgain) return false;
  known.asked = now;
  Ask(known.token, hash);
  return true;
}

void KubernetesIdentity::Ask(const std::string& token, const std::string& hash) {
  pending_[hash];
  under_way_.Set(static_cast<double>(pending_.size()));
  reviewer_.Review(token, role_->audiences,
                   [this, alive = std::weak_ptr<char>(alive_), token, hash,
                    generation = generation_](Result<std::optional<ReviewedToken>> answer) {
                     if (!alive.expired()) Answered(token, hash, generation, std::move(answer));
                   });
}

void KubernetesIdentity::Answered(const std::string& token, const std::string& hash,
                                  std::uint64_t generation,
                                  Result<std::optional<ReviewedToken>> answer) {
  if (generation != generation_) return;  // SetRole has told those who waited
  std::vector<IdentityWaiter*> waiters = std::move(pending_[hash].waiters);
  pending_.erase(hash);
  under_way_.Set(static_cast<double>(pending_.size()));
  Settled settled = Settled::kDone;
  if (!answer) {
    failed_.Add();
    Away(answer.error());
    const auto found = known_.find(hash);
    if (found == known_.end() || !Holds(found->second)) settled = Settled::kAway;
  } else {
    if (std::exchange(away_, false)) log_.Info("the API server reviews tokens again");
    if (*answer && IsListed(*role_, **answer)) {
      accepted_.Add();
      Remember(token, hash, std::move(**answer));
    } else {
      denied_.Add();
      Refuse(hash);
    }
  }
  telling_ = &waiters;
  for (std::size_t i = 0; i < waiters.size(); ++i) {
    if (waiters[i] != nullptr) waiters[i]->OnIdentity(settled);
  }
  telling_ = nullptr;
}

void KubernetesIdentity::Remember(const std::string& token, const std::string& hash,
                                  ReviewedToken who) {
  refused_.erase(hash);
  auto found = known_.find(hash);
  if (found == known_.end()) {
    if (known_.size() >= kMaxKnown) Forget(std::string(order_.back()));
    order_.push_front(hash);
    found = known_.emplace(hash, Known{}).first;
    found->second.order = order_.begin();
    found->second.token = token;
    const auto claims = LookAtToken(token);
    found->second.expires =
        claims && claims->expires_s ? FromMs(*claims->expires_s * 1000) : TimePoint::max();
  }
  found->second.who = std::move(who);
  found->second.confirmed = clock_.Mono();
  known_gauge_.Set(static_cast<double>(known_.size()));
}

void KubernetesIdentity::Refuse(const std::string& hash) {
  if (const auto found = known_.find(hash); found != known_.end()) {
    const ReviewedToken& who = found->second.who;
    log_.Warn("a token that was good is refused now",
              {{"service_account", who.name_space + "/" + who.account},
               {"node", who.node},
               {"pod", who.pod}});
    Forget(hash);
  }
  const MonoTime now = clock_.Mono();
  while (!refusals_.empty() &&
         (refusals_.front().second <= now || refusals_.size() >= kMaxRefused)) {
    const auto held = refused_.find(refusals_.front().first);
    if (held != refused_.end() && held->second == refusals_.front().second) refused_.erase(held);
    refusals_.pop_front();
  }
  refused_[hash] = now + kRefusalHolds;
  refusals_.emplace_back(hash, now + kRefusalHolds);
}

void KubernetesIdentity::Forget(const std::string& hash) {
  const auto found = known_.find(hash);
  if (found == known_.end()) return;
  order_.erase(found->second.order);
  known_.erase(found);
  known_gauge_.Set(static_cast<double>(known_.size()));
}

void KubernetesIdentity::Away(const Error& error) {
  if (std::exchange(away_, true)) return;
  log_.Error("the API server does not review tokens: those known go on for 10 minutes",
             {{"err", error.message()}});
}

void KubernetesIdentity::SetRole(std::optional<KubernetesRole> role) {
  const bool same = role && role_ && role->audiences == role_->audiences;
  role_ = std::move(role);
  refused_.clear();
  refusals_.clear();
  if (same) return;
  known_.clear();
  order_.clear();
  known_gauge_.Set(0);
  ++generation_;
  std::vector<IdentityWaiter*> waiters;
  for (auto& [hash, pending] : pending_)
    waiters.insert(waiters.end(), pending.waiters.begin(), pending.waiters.end());
  pending_.clear();
  under_way_.Set(0);
  telling_ = &waiters;
  for (std::size_t i = 0; i < waiters.size(); ++i) {
    if (waiters[i] != nullptr) waiters[i]->OnIdentity(Settled::kBusy);
  }
  telling_ = nullptr;
}

}  // namespace drover::pushprox
