// The proxy's own metrics, named as PushProx names them where it has them.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/metrics/registry.h"

namespace drover::pushprox {

// One thread at a time: the loop's. What it counts is read by any.
class ProxyMetrics {
 public:
  explicit ProxyMetrics(Registry& registry);

  // Of /poll, /push, /clients and /metrics; other paths are not counted.
  void Answered(std::string_view path, int status, MonoTime::duration took);
  void Proxied(int status);
  void Refused(const std::string& reason);

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
  std::map<std::pair<std::string, int>, Counter*> answers_;
  std::map<std::string, Histogram*, std::less<>> durations_;
  std::map<int, Counter*> proxied_;
  std::map<std::string, Counter*> refused_;
};

}  // namespace drover::pushprox
