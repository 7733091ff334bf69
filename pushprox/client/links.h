// Links to all addresses behind the proxy's name: several proxies serve at once, any of them
// scrapes.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "pushprox/client/link.h"

namespace drover::pushprox {

// One thread: the loop's. The name is asked again every 30 s and when a connection is lost, less
// and less often while the answer stays the same. A link whose address is gone goes when it breaks,
// or after some minutes while a listed one is up; a resolver that fails leaves the links there are.
// Links that stand by are woken when one that was up is lost.
class Links final : public LinkOwner {
 public:
  // `resolver` is for the proxy's name alone: no other question holds it up.
  Links(ClientContext& context, Resolver& resolver, Registry& registry);
  ~Links() override;

  void Start();
  // The context has another plan.
  void PlanChanged();

 private:
  struct Entry {
    std::unique_ptr<Link> link;
    bool listed = true;
    MonoTime unlisted{};  // since when
  };
  void OnLinkChanged() override;
  void OnLinkLost(Link& link, bool was_up) override;
  bool OtherUp(const Link& link) const override;
  void Resolve();
  void Resolved(const Result<std::vector<Address>>& found);
  void Drop(Entry& entry);
  void Sweep();
  void Retire(Entry& entry);
  void WakeStandby();
  void OnMinute();
  void Access();

  ClientContext& context_;
  Resolver& resolver_;
  std::array<Gauge*, 5> states_{};
  std::shared_ptr<const ProxyAccess> access_;
  std::string access_key_;
  Timer resolve_;
  Timer minute_;
  bool resolving_ = false;
  bool failing_ = false;  // the resolver, as the log has said it
  MonoTime resolved_{};
  Millis soon_;                     // between two look-ups
  std::vector<std::string> found_;  // by the last one
  std::size_t up_ = 0;
  bool wake_ = false;  // one that stands by is to take the place of one lost
  Timer sweep_;
  std::vector<Entry> links_;
  std::vector<std::unique_ptr<Link>> leaving_;
  std::shared_ptr<char> alive_ = std::make_shared<char>('\0');
};

}  // namespace drover::pushprox
