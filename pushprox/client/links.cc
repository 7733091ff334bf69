#include "pushprox/client/links.h"

#include <algorithm>
#include <utility>

namespace drover::pushprox {
namespace {

constexpr Millis kEvery{30'000};
constexpr Millis kSoon{1'000};  // after a loss
constexpr Millis kWithout{2'000};
constexpr Millis kMinute{60'000};
constexpr Millis kRetire{300'000};
constexpr Millis kSweep{250};
constexpr std::size_t kMaxLinks = 64;

std::string KeyOf(const ClientPlan& plan) {
  std::string key;
  const TlsSettings& tls = plan.proxy_tls;
  for (const std::string& part :
       {plan.proxy.ToString(true), plan.options.proxy_token_file, plan.options.transport,
        tls.ca_file, tls.cert_file, tls.key_file, tls.server_name})
    key += part + '\0';
  return key + (tls.insecure_skip_verify ? "t" : "v");
}

}  // namespace

Links::Links(ClientContext& context, Resolver& resolver, Registry& registry)
    : context_(context),
      resolver_(resolver),
      resolve_(context.loop, [this] { Resolve(); }),
      minute_(context.loop, [this] { OnMinute(); }),
      soon_(kSoon),
      sweep_(context.loop, [this] { Sweep(); }) {
  for (std::size_t i = 0; i < states_.size(); ++i)
    states_[i] = &registry.AddGauge("drover_pushprox_client_links",
                                    "Addresses of the proxy by what the client has to them.",
                                    {{"state", std::string(Name(static_cast<Link::State>(i)))}});
}

Links::~Links() {
  links_.clear();
  OnLinkChanged();
}

void Links::Start() {
  Access();
  Resolve();
  minute_.Set(kMinute);
}

void Links::Access() {
  const ClientPlan& plan = context_.plan();
  auto access = std::make_shared<ProxyAccess>();
  access->url = plan.proxy;
  access->tls_settings = plan.proxy_tls;
  access->token_file = plan.options.proxy_token_file;
  if (plan.proxy.scheme == "https")
    access->tls = std::make_shared<TlsClient>(
        TlsClientFiles{plan.proxy_tls.ca_file, plan.proxy_tls.cert_file, plan.proxy_tls.key_file},
        context_.loop.clock());
  access_ = std::move(access);
  access_key_ = KeyOf(plan);
}

void Links::PlanChanged() {
  if (KeyOf(context_.plan()) == access_key_) {
    for (const Entry& one : links_) one.link->NamesChanged();
    return;
  }
  for (Entry& one : links_) Drop(one);
  links_.clear();
  OnLinkChanged();
  Access();
  resolving_ = false;
  alive_ = std::make_shared<char>('\0');  // an answer under way is for the old name
  found_.clear();
  soon_ = kSoon;
  Resolve();
}

void Links::Resolve() {
  if (resolving_) return;
  resolving_ = true;
  resolve_.Set(kEvery);
  resolved_ = context_.loop.now();
  const std::weak_ptr<char> alive = alive_;
  resolver_.Resolve(
      access_->url.host, access_->url.port,
      [this, alive](const Result<std::vector<Address>>& found) {
        if (alive.expired()) return;
        resolving_ = false;
        Resolved(found);
      },
      alive);
}

void Links::Resolved(const Result<std::vector<Address>>& found) {
  if (!found) {
    context_.metrics.resolve_errors.Add();
    if (!std::exchange(failing_, true))
      context_.log.Warn("the proxy's name cannot be resolved, trying again",
                        {{"proxy", access_->url.ToString()},
                         {"err", found.error().message()},
                         {"links", links_.size()}});
    if (links_.empty()) resolve_.Set(kWithout);
    return;
  }
  if (std::exchange(failing_, false))
    context_.log.Info("the proxy's name is resolved", {{"proxy", access_->url.ToString()}});
  std::vector<std::string> addresses;
  for (Entry& one : links_) one.listed = false;
  for (const Address& address : *found) {
    const std::string text = ToText(address);
    addresses.push_back(text);
    const auto at = std::find_if(links_.begin(), links_.end(),
                                 [&](const Entry& one) { return one.link->address() == text; });
    if (at != links_.end()) {
      at->listed = true;
    } else if (links_.size() < kMaxLinks) {
      links_.push_back({std::make_unique<Link>(context_, access_, address, *this)});
      links_.back().link->Start();
    }
  }
  std::sort(addresses.begin(), addresses.end());
  soon_ = addresses == found_ ? std::min(2 * soon_, kEvery) : kSoon;
  found_ = std::move(addresses);
  for (Entry& one : links_) {
    if (one.listed) {
      one.unlisted = {};
    } else if (one.unlisted == MonoTime{}) {
      one.unlisted = context_.loop.now();
    }
  }
  sweep_.Set(Millis(0));
  OnLinkChanged();
}

void Links::Drop(Entry& entry) {
  entry.link->Close();
  context_.loop.Bury(std::move(entry.link));
}

void Links::Retire(Entry& entry) {
  context_.log.Info("an address of the proxy is gone", {{"address", entry.link->address()}});
  entry.link->Leave();
  leaving_.push_back(std::move(entry.link));
}

// Never from inside a link's call: links come and go here.
void Links::Sweep() {
  const MonoTime now = context_.loop.now();
  const bool listed_up = std::any_of(links_.begin(), links_.end(),
                                     [](const Entry& one) { return one.listed && one.link->up(); });
  for (Entry& one : links_) {
    if (one.listed) continue;
    if (!one.link->up() || (listed_up && now - one.unlisted >= kRetire)) Retire(one);
  }
  std::erase_if(links_, [](const Entry& one) { return one.link == nullptr; });
  for (const Entry& one : links_) one.link->Yield();
  OnLinkChanged();
  WakeStandby();
  for (auto& one : leaving_) {
    if (!one->idle()) continue;
    one->Close();
    context_.loop.Bury(std::move(one));
  }
  std::erase(leaving_, nullptr);
  if (!leaving_.empty()) sweep_.Set(kSweep);
}

void Links::WakeStandby() {
  bool wake = std::exchange(wake_, false);
  for (const Entry& one : links_) {
    if (one.link->state() != Link::State::kStandby) continue;
    if (up_ > 0 && !std::exchange(wake, false)) return;
    one.link->Wake();
  }
}

void Links::OnLinkLost(Link& link, bool was_up) {
  const auto at = std::find_if(links_.begin(), links_.end(),
                               [&](const Entry& one) { return one.link.get() == &link; });
  wake_ = wake_ || was_up;
  if (was_up || (at != links_.end() && !at->listed)) sweep_.Set(Millis(0));
  const auto since = context_.loop.now() - resolved_;
  if (since >= soon_) {
    Resolve();
  } else if (!resolving_) {
    resolve_.Set(std::chrono::ceil<Millis>(soon_ - since));
  }
}

void Links::OnLinkChanged() {
  std::array<int, 5> count{};
  std::size_t up = 0;
  for (const Entry& one : links_) {
    if (one.link == nullptr) continue;
    ++count[static_cast<std::size_t>(one.link->state())];
    if (one.link->up()) ++up;
  }
  for (std::size_t i = 0; i < count.size(); ++i) states_[i]->Set(count[i]);
  if (up > up_) soon_ = kSoon;
  const bool none = up == 0 && count[static_cast<std::size_t>(Link::State::kStandby)] > 0;
  if (up != up_ || none) sweep_.Set(Millis(0));
  up_ = up;
}

bool Links::OtherUp(const Link& link) const {
  return std::any_of(links_.begin(), links_.end(), [&](const Entry& one) {
    return one.link != nullptr && one.link.get() != &link && one.link->up();
  });
}

void Links::OnMinute() {
  minute_.Set(kMinute);
  for (const Entry& one : links_) one.link->EachMinute();
  sweep_.Set(Millis(0));
}

}  // namespace drover::pushprox
