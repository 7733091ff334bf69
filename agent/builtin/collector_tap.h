// Remembers how each collector of an exporter did last, on the way of its samples.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/base/mutex.h"
#include "core/base/result.h"
#include "exporters/common/metric.h"

namespace drover::agent::builtin {

struct CollectorState {
  bool success = false;
  bool absent = false;  // this host has nothing of the kind
  std::string error;    // "" after a success
  double seconds = 0;
  std::uint64_t series = 0;
};

// Thread-safe.
class CollectorTap {
 public:
  // A sink that hands everything to `inner`, which outlives it. Families are known by their names'
  // ends: …_scrape_collector_success and …_scrape_collector_duration_seconds, label collector; what
  // comes before a success is that collector's. One thread at a time.
  class Sink final : public exporters::MetricSink {
   public:
    Sink(CollectorTap& tap, exporters::MetricSink& inner) : tap_(tap), inner_(inner) {}
    using MetricSink::Add;
    void Add(const exporters::MetricDesc& desc, std::span<const std::string_view> values,
             double value) override;
    // The collection is whole: its collectors are the ones there are.
    void Keep();

   private:
    CollectorTap& tap_;
    exporters::MetricSink& inner_;
    std::map<std::string, CollectorState> states_;
    std::uint64_t series_ = 0;
  };

  // How a collector ended; for the states after the next Keep.
  void Ended(std::string_view name, const Status& status);

  std::map<std::string, CollectorState> states() const;

 private:
  struct End {
    bool absent = false;
    std::string error;
  };
  mutable Mutex mutex_;
  std::map<std::string, End, std::less<>> ends_ GUARDED_BY(mutex_);
  std::map<std::string, CollectorState> states_ GUARDED_BY(mutex_);
};

}  // namespace drover::agent::builtin
