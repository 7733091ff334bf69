// The proxy's own metrics, named as PushProx names them where it has them.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/metrics/registry.h"

namespace drover::pushprox {

// Who a request is meant for, by its path alone: nobody has looked at credentials yet.
enum class Role : std::uint8_t {
  kClient,   // /poll, /push, /tunnel
  kScraper,  // absolute URIs, CONNECT
  kViewer,   // pages
  kAnyone,   // /-/healthy, /-/ready, and what was not understood
};
std::string_view Name(Role role);
Role RoleOf(std::string_view method, std::string_view target);

struct RoleMetrics {
  Gauge& in_flight;
  Counter& received;
  Counter& sent;
  Histogram& seconds;
};

// One thread at a time: the loop's. What it counts is read by any.
class ProxyMetrics {
 public:
  explicit ProxyMetrics(Registry& registry);

  // Of /poll, /push, /clients and /metrics; other paths are not counted.
  void Answered(std::string_view path, int status, MonoTime::duration took);
  void Proxied(int status);
  void Refused(const std::string& reason);
  RoleMetrics& Of(Role role) { return roles_[static_cast<std::size_t>(role)]; }

  Gauge& clients;
  Gauge& scrapes;
  Gauge& connections;
  Counter& bytes;
  Gauge& tunnels;
  Gauge& relays;
  Counter& from_targets;  // of relays
  Counter& to_targets;

 private:
  Registry& registry_;
  std::vector<RoleMetrics> roles_;  // by Role
  std::map<std::pair<std::string, int>, Counter*> answers_;
  std::map<std::string, Histogram*, std::less<>> durations_;
  std::map<int, Counter*> proxied_;
  std::map<std::string, Counter*> refused_;
};

}  // namespace drover::pushprox
