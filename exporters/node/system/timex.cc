#include <errno.h>
#include <sys/timex.h>

#include "exporters/node/collectors.h"
#include "exporters/node/families.h"

namespace drover::exporters::node {
namespace {

constexpr auto kCounter = MetricType::kCounter;
constexpr MetricDesc kOffset{"node_timex_offset_seconds",
                             "Time offset in between local system and reference clock."};
constexpr MetricDesc kFrequency{"node_timex_frequency_adjustment_ratio",
                                "Local clock frequency adjustment."};
constexpr MetricDesc kMaxError{"node_timex_maxerror_seconds", "Maximum error in seconds."};
constexpr MetricDesc kEstimatedError{"node_timex_estimated_error_seconds",
                                     "Estimated error in seconds."};
constexpr MetricDesc kStatus{"node_timex_status", "Value of the status array bits."};
constexpr MetricDesc kTimeConstant{"node_timex_loop_time_constant",
                                   "Phase-locked loop time constant."};
constexpr MetricDesc kTick{"node_timex_tick_seconds", "Seconds between clock ticks."};
constexpr MetricDesc kPpsFrequency{"node_timex_pps_frequency_hertz", "Pulse per second frequency."};
constexpr MetricDesc kPpsJitter{"node_timex_pps_jitter_seconds", "Pulse per second jitter."};
constexpr MetricDesc kPpsShift{"node_timex_pps_shift_seconds",
                               "Pulse per second interval duration."};
constexpr MetricDesc kPpsStability{
    "node_timex_pps_stability_hertz",
    "Pulse per second stability, average of recent frequency changes."};
constexpr MetricDesc kPpsJitterTotal{"node_timex_pps_jitter_total",
                                     "Pulse per second count of jitter limit exceeded events.",
                                     kCounter};
constexpr MetricDesc kPpsCalibration{"node_timex_pps_calibration_total",
                                     "Pulse per second count of calibration intervals.", kCounter};
constexpr MetricDesc kPpsError{"node_timex_pps_error_total",
                               "Pulse per second count of calibration errors.", kCounter};
constexpr MetricDesc kPpsStabilityExceeded{
    "node_timex_pps_stability_exceeded_total",
    "Pulse per second count of stability limit exceeded events.", kCounter};
constexpr MetricDesc kTaiOffset{"node_timex_tai_offset_seconds",
                                "International Atomic Time (TAI) offset."};
constexpr MetricDesc kSyncStatus{"node_timex_sync_status",
                                 "Is clock synchronized to a reliable server (1 = yes, 0 = no)."};

// Parts per million with a 16-bit fraction (man 2 adjtimex).
constexpr double kPpm16 = 1e6 * 65536.0;
constexpr double kMicro = 1e6;

class Timex final : public Collector {
 public:
  Status Collect(MetricSink& out) override {
    timex t{};  // no modes: only asks
    const int state = ::adjtimex(&t);
    if (state < 0) {
      if (errno == EPERM) return Fail(ErrorCode::kUnsupported, "adjtimex: not permitted");
      return FailErrno(errno, "adjtimex");
    }
    const double unit = (t.status & STA_NANO) != 0 ? 1e9 : kMicro;
    const auto number = [](auto v) { return static_cast<double>(v); };
    out.Add(kSyncStatus, state == TIME_ERROR ? 0 : 1);
    out.Add(kOffset, number(t.offset) / unit);
    out.Add(kFrequency, 1 + number(t.freq) / kPpm16);
    out.Add(kMaxError, number(t.maxerror) / kMicro);
    out.Add(kEstimatedError, number(t.esterror) / kMicro);
    out.Add(kStatus, number(t.status));
    out.Add(kTimeConstant, number(t.constant));
    out.Add(kTick, number(t.tick) / kMicro);
    out.Add(kPpsFrequency, number(t.ppsfreq) / kPpm16);
    out.Add(kPpsJitter, number(t.jitter) / unit);
    out.Add(kPpsShift, number(t.shift));
    out.Add(kPpsStability, number(t.stabil) / kPpm16);
    out.Add(kPpsJitterTotal, number(t.jitcnt));
    out.Add(kPpsCalibration, number(t.calcnt));
    out.Add(kPpsError, number(t.errcnt));
    out.Add(kPpsStabilityExceeded, number(t.stbcnt));
    out.Add(kTaiOffset, number(t.tai));
    return {};
  }
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput&) { return std::make_unique<Timex>(); }

}  // namespace

CollectorSpec TimexSpec() {
  return {"timex",
          true,
          "State of the clock discipline: adjtimex(2).",
          "adjtimex(2)",
          {},
          Make,
          NamesOf(kOffset, kFrequency, kMaxError, kEstimatedError, kStatus, kTimeConstant, kTick,
                  kPpsFrequency, kPpsJitter, kPpsShift, kPpsStability, kPpsJitterTotal,
                  kPpsCalibration, kPpsError, kPpsStabilityExceeded, kTaiOffset, kSyncStatus)};
}

}  // namespace drover::exporters::node
