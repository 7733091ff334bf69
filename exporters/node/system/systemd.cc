#include <algorithm>
#include <limits>
#include <map>

#include "core/base/numbers.h"
#include "exporters/common/name_filter.h"
#include "exporters/node/collectors.h"
#include "exporters/node/system/system_bus.h"
#include "exporters/node/system/systemd_version.h"

namespace drover::exporters::node {
namespace {

constexpr auto kCounter = MetricType::kCounter;
constexpr auto kGauge = MetricType::kGauge;
constexpr MetricDesc kState{"node_systemd_unit_state", "Systemd unit", kGauge, "name,state,type"};
constexpr MetricDesc kStartTime{"node_systemd_unit_start_time_seconds",
                                "Start time of the unit since unix epoch in seconds.", kGauge,
                                "name"};
constexpr MetricDesc kTasksCurrent{"node_systemd_unit_tasks_current",
                                   "Current number of tasks per Systemd unit", kGauge, "name"};
constexpr MetricDesc kTasksMax{"node_systemd_unit_tasks_max",
                               "Maximum number of tasks per Systemd unit", kGauge, "name"};
constexpr MetricDesc kRunning{
    "node_systemd_system_running",
    "Whether the system is operational (see 'systemctl is-system-running')", kGauge};
constexpr MetricDesc kUnits{"node_systemd_units", "Summary of systemd unit states", kGauge,
                            "state"};
constexpr MetricDesc kRestarts{"node_systemd_service_restart_total",
                               "Service unit count of Restart triggers", kCounter, "name"};
constexpr MetricDesc kTimer{"node_systemd_timer_last_trigger_seconds",
                            "Seconds since epoch of last trigger.", kGauge, "name"};
constexpr MetricDesc kAccepted{"node_systemd_socket_accepted_connections_total",
                               "Total number of accepted socket connections", kCounter, "name"};
constexpr MetricDesc kCurrent{"node_systemd_socket_current_connections",
                              "Current number of socket connections", kGauge, "name"};
constexpr MetricDesc kRefused{"node_systemd_socket_refused_connections_total",
                              "Total number of refused socket connections", kGauge, "name"};
constexpr MetricDesc kVersion{"node_systemd_version", "Detected systemd version", kGauge,
                              "version"};
constexpr MetricDesc kVirtualization{"node_systemd_virtualization_info",
                                     "Detected virtualization technology", kGauge,
                                     "virtualization_type"};

constexpr std::string_view kStates[] = {"active", "activating", "deactivating", "inactive",
                                        "failed"};
constexpr double kMicroseconds = 1e6;
constexpr double kFirstWithStateAndTimers = 212;

std::optional<double> NumberOf(const BusValue& value) {
  if (const auto* narrow = std::get_if<std::uint32_t>(&value)) return *narrow;
  if (const auto* wide = std::get_if<std::uint64_t>(&value)) {
    if (*wide == std::numeric_limits<std::uint64_t>::max()) return std::nullopt;  // infinity
    return static_cast<double>(*wide);
  }
  return std::nullopt;
}

class Systemd final : public Collector {
 public:
  Systemd(const CollectorInput& input, std::optional<Regex> include, std::optional<Regex> exclude)
      : include_(std::move(include)),
        exclude_(std::move(exclude)),
        with_tasks_(input.flags.Switch("systemd.enable-task-metrics")),
        with_restarts_(input.flags.Switch("systemd.enable-restarts-metrics")),
        with_start_time_(input.flags.Switch("systemd.enable-start-time-metrics")),
        bus_(input.flags.Switch("systemd.private") ? SystemBus::Peer::kSystemdPrivate
                                                   : SystemBus::Peer::kSystemBus,
             input.clock) {}

  Status Collect(MetricSink& out) override {
    DROVER_CHECK(ReadUnits());  // first: without it there is nothing to tell
    DROVER_TRY(const std::string version_text, ManagerText("Version"));
    const double version = ParseSystemdVersion(version_text).value_or(0);
    out.Add(kVersion, {version > 0 ? version_text : ""}, version);
    DROVER_CHECK(EmitVirtualization(out));
    EmitSummary(out);
    std::erase_if(units_, [this](const Unit& unit) { return !IsWanted(unit); });
    DROVER_CHECK(DropOldTypes());
    const bool is_new = version >= kFirstWithStateAndTimers;
    for (const Unit& unit : units_) DROVER_CHECK(EmitUnit(unit, is_new, out));
    if (!is_new) return {};
    DROVER_TRY(const std::string state, ManagerText("SystemState"));
    out.Add(kRunning, state == "running" ? 1 : 0);
    return {};
  }

 private:
  struct Unit {
    std::string name, load_state, active_state, path;
    bool Is(std::string_view suffix) const { return name.ends_with(suffix); }
  };

  Status ReadUnits() {
    return bus_.Call(manager_, "ListUnits", [this](BusReply& reply) {
      units_.clear();
      reply.ForEach("(ssssssouso)", [&] {
        Unit unit;
        unit.name = reply.Text();
        reply.Text();  // description
        unit.load_state = reply.Text();
        unit.active_state = reply.Text();
        reply.Text();  // sub-state
        reply.Text();  // followed unit
        unit.path = reply.Text();
        reply.Uint32();  // job
        reply.Text();
        reply.Text();
        units_.push_back(std::move(unit));
      });
    });
  }

  bool IsWanted(const Unit& unit) const {
    return unit.load_state == "loaded" && include_ && include_->FullMatch(unit.name) &&
           !(exclude_ && exclude_->FullMatch(unit.name));
  }

  // monostate when the peer refuses: an older systemd, a unit that went. The connection's errors
  // end the collection.
  Result<BusValue> Ask(const BusObject& object, const char* property) {
    auto value = bus_.Property(object, property);
    if (value || !bus_.is_connected()) return value;
    return BusValue();
  }
  Result<std::string> ManagerText(const char* property) {
    DROVER_TRY(const BusValue value, Ask(manager_, property));
    const auto* text = std::get_if<std::string>(&value);
    return text == nullptr ? "" : *text;
  }
  Result<std::optional<double>> UnitNumber(const Unit& unit, const char* interface,
                                           const char* property) {
    DROVER_TRY(const BusValue value, Ask({manager_.service, unit.path, interface}, property));
    return NumberOf(value);
  }

  Status EmitVirtualization(MetricSink& out) {
    DROVER_TRY(const BusValue value, Ask(manager_, "Virtualization"));
    const auto* text = std::get_if<std::string>(&value);
    out.Add(kVirtualization, {text == nullptr ? "unknown" : text->empty() ? "none" : *text}, 1);
    return {};
  }

  void EmitSummary(MetricSink& out) const {
    std::map<std::string_view, unsigned> counts;
    for (const std::string_view state : kStates) counts[state] = 0;
    for (const Unit& unit : units_) ++counts[unit.active_state];
    for (const auto& [state, count] : counts) out.Add(kUnits, {state}, count);
  }

  // A unit's type changes only when systemd reads its unit files again, so it is asked for once.
  Status DropOldTypes() {
    DROVER_TRY(const BusValue value, Ask(manager_, "UnitsLoadTimestampMonotonic"));
    const auto* loaded = std::get_if<std::uint64_t>(&value);
    if (loaded == nullptr || *loaded == 0 || *loaded != types_of_) types_.clear();
    types_of_ = loaded == nullptr ? 0 : *loaded;
    std::erase_if(types_, [this](const auto& one) {
      return std::none_of(units_.begin(), units_.end(),
                          [&](const Unit& unit) { return unit.name == one.first; });
    });
    return {};
  }

  Result<std::string> TypeOf(const Unit& unit) {
    const char* interface = unit.Is(".service") ? kService : unit.Is(".mount") ? kMount : nullptr;
    if (interface == nullptr) return "";
    if (const auto known = types_.find(unit.name); known != types_.end()) return known->second;
    DROVER_TRY(const BusValue value, Ask({manager_.service, unit.path, interface}, "Type"));
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr) return "";
    types_[unit.name] = *text;
    return *text;
  }

  Status EmitUnit(const Unit& unit, bool with_timers, MetricSink& out) {
    DROVER_TRY(const std::string type, TypeOf(unit));
    for (const std::string_view state : kStates)
      out.Add(kState, {unit.name, state, type}, state == unit.active_state ? 1 : 0);
    if (with_start_time_) DROVER_CHECK(EmitStartTime(unit, out));
    if (unit.Is(".service")) {
      if (with_restarts_) DROVER_CHECK(EmitNumber(unit, kService, "NRestarts", kRestarts, out));
      if (with_tasks_) {
        DROVER_CHECK(EmitNumber(unit, kService, "TasksCurrent", kTasksCurrent, out));
        DROVER_CHECK(EmitNumber(unit, kService, "TasksMax", kTasksMax, out));
      }
    } else if (unit.Is(".socket")) {
      DROVER_CHECK(EmitNumber(unit, kSocket, "NAccepted", kAccepted, out));
      DROVER_CHECK(EmitNumber(unit, kSocket, "NConnections", kCurrent, out));
      DROVER_CHECK(EmitNumber(unit, kSocket, "NRefused", kRefused, out));
    } else if (unit.Is(".timer") && with_timers) {
      DROVER_CHECK(
          EmitNumber(unit, kTimerInterface, "LastTriggerUSec", kTimer, out, kMicroseconds));
    }
    return {};
  }

  Status EmitStartTime(const Unit& unit, MetricSink& out) {
    if (unit.active_state != "active") {
      out.Add(kStartTime, {unit.name}, 0);
      return {};
    }
    return EmitNumber(unit, "org.freedesktop.systemd1.Unit", "ActiveEnterTimestamp", kStartTime,
                      out, kMicroseconds);
  }

  Status EmitNumber(const Unit& unit, const char* interface, const char* property,
                    const MetricDesc& desc, MetricSink& out, double divisor = 1) {
    DROVER_TRY(const auto number, UnitNumber(unit, interface, property));
    if (number) out.Add(desc, {unit.name}, *number / divisor);
    return {};
  }

  static constexpr const char* kService = "org.freedesktop.systemd1.Service";
  static constexpr const char* kMount = "org.freedesktop.systemd1.Mount";
  static constexpr const char* kSocket = "org.freedesktop.systemd1.Socket";
  static constexpr const char* kTimerInterface = "org.freedesktop.systemd1.Timer";

  const BusObject manager_{"org.freedesktop.systemd1", "/org/freedesktop/systemd1",
                           "org.freedesktop.systemd1.Manager"};
  const std::optional<Regex> include_, exclude_;
  const bool with_tasks_, with_restarts_, with_start_time_;
  SystemBus bus_;
  std::vector<Unit> units_;
  std::map<std::string, std::string> types_;
  std::uint64_t types_of_ = 0;  // when the unit files were read whose types we know
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  DROVER_TRY(auto include, PatternFlag(input.flags, "systemd.unit-include"));
  DROVER_TRY(auto exclude, PatternFlag(input.flags, "systemd.unit-exclude"));
  return std::make_unique<Systemd>(input, std::move(include), std::move(exclude));
}

}  // namespace

CollectorSpec SystemdSpec() {
  using enum CollectorFlag::Kind;
  return {"systemd",
          false,
          "Units of systemd: states, and what their kind counts.",
          "D-Bus org.freedesktop.systemd1, by libsystemd",
          {{"systemd.unit-include", kText, ".+",
            "Regexp of systemd units to include. Units must both match include and not match "
            "exclude to be included."},
           {"systemd.unit-whitelist", kText, "", "DEPRECATED: Use --collector.systemd.unit-include",
            true, "systemd.unit-include"},
           {"systemd.unit-exclude", kText, R"(.+\.(automount|device|mount|scope|slice))",
            "Regexp of systemd units to exclude. Units must both match include and not match "
            "exclude to be included."},
           {"systemd.unit-blacklist", kText, "", "DEPRECATED: Use collector.systemd.unit-exclude",
            true, "systemd.unit-exclude"},
           {"systemd.private", kSwitch, "false",
            "Establish a private, direct connection to systemd without dbus (Strongly discouraged "
            "since it requires root. For testing purposes only).",
            true},
           {"systemd.enable-task-metrics", kSwitch, "false",
            "Enables service unit tasks metrics unit_tasks_current and unit_tasks_max"},
           {"systemd.enable-restarts-metrics", kSwitch, "false",
            "Enables service unit metric service_restart_total"},
           {"systemd.enable-start-time-metrics", kSwitch, "false",
            "Enables service unit metric unit_start_time_seconds"}},
          Make,
          {kState.name, kStartTime.name, kTasksCurrent.name, kTasksMax.name, kRunning.name,
           kUnits.name, kRestarts.name, kTimer.name, kAccepted.name, kCurrent.name, kRefused.name,
           kVersion.name, kVirtualization.name}};
}

}  // namespace drover::exporters::node
