// Links to all addresses behind the proxy's name: several proxies serve at once, any of them
// scrapes.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "pushprox/client/link.h"

namespace drover::pushprox {

// One thread: the loop's. The name is asked again every 30 s and when a connection is lost; a link
// whose address is gone goes when it breaks; a resolver that fails leaves the links there are.
class Links final : public LinkOwner {
 public:
  Links(ClientContext& context, Registry& registry);
  ~Links() override;

  void Start();
  // The context has another plan.
  void PlanChanged();

 private:
  struct Entry {
    std::unique_ptr<Link> link;
    bool listed = true;
  };
  void OnLinkChanged() override;
  void OnLinkLost(Link& link) override;
  bool OtherUp(const Link& link) const override;
  void Resolve();
  void Resolved(const Result<std::vector<Address>>& found);
  void Drop(Entry& entry);
  void OnMinute();
  void Access();

  ClientContext& context_;
  std::array<Gauge*, 5> states_{};
  std::shared_ptr<const ProxyAccess> access_;
  std::string access_key_;
  Timer resolve_;
  Timer minute_;
  bool resolving_ = false;
  bool failing_ = false;  // the resolver, as the log has said it
  MonoTime resolved_{};
  std::vector<Entry> links_;
  std::shared_ptr<char> alive_ = std::make_shared<char>('\0');
};

}  // namespace drover::pushprox
