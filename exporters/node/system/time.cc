#include <time.h>

#include "core/os/hot_file.h"
#include "exporters/common/fields.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"

namespace drover::exporters::node {
namespace {

constexpr MetricDesc kNow{"node_time_seconds", "System time in seconds since epoch (1970)."};
constexpr MetricDesc kZone{"node_time_zone_offset_seconds", "System time zone offset in seconds.",
                           MetricType::kGauge, "time_zone"};
constexpr MetricDesc kAvailable{
    "node_time_clocksource_available_info",
    "Available clocksources read from '/sys/devices/system/clocksource'.", MetricType::kGauge,
    "device,clocksource"};
constexpr MetricDesc kCurrent{"node_time_clocksource_current_info",
                              "Current clocksource read from '/sys/devices/system/clocksource'.",
                              MetricType::kGauge, "device,clocksource"};

class Time final : public Collector {
 public:
  explicit Time(const CollectorInput& input) : roots_(input.roots) {
    constexpr std::string_view kPrefix = "clocksource";
    const std::string base = "devices/system/clocksource";
    const auto names = roots_.sys->List(base);
    if (!names) return;
    for (const std::string& name : *names) {
      if (!name.starts_with(kPrefix)) continue;
      devices_.push_back({name.substr(kPrefix.size()),
                          HotFile(*roots_.sys, base + "/" + name + "/available_clocksource"),
                          HotFile(*roots_.sys, base + "/" + name + "/current_clocksource")});
    }
  }

  Status Collect(MetricSink& out) override {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    const auto nanos = static_cast<double>(now.tv_sec * 1'000'000'000 + now.tv_nsec);
    out.Add(kNow, nanos / 1e9);
    tm local{};
    ::localtime_r(&now.tv_sec, &local);
    out.Add(kZone, {local.tm_zone}, static_cast<double>(local.tm_gmtoff));
    for (Device& device : devices_) {
      DROVER_CHECK(device.available.Read(text_));
      std::string_view rest = Trim(text_);
      for (auto name = NextField(rest); !name.empty(); name = NextField(rest))
        out.Add(kAvailable, {device.id, name}, 1);
      DROVER_CHECK(device.current.Read(text_));
      out.Add(kCurrent, {device.id, Trim(text_)}, 1);
    }
    return {};
  }

 private:
  struct Device {
    std::string id;
    HotFile available;
    HotFile current;
  };
  const Roots roots_;
  std::vector<Device> devices_;
  std::string text_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<Time>(input);
}

}  // namespace

CollectorSpec TimeSpec() {
  return {"time",
          true,
          "System time and clock sources.",
          "clock, /sys/devices/system/clocksource",
          {},
          Make,
          NamesOf(kNow, kZone, kAvailable, kCurrent)};
}

}  // namespace drover::exporters::node
