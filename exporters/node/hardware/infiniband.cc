#include "core/base/numbers.h"
#include "exporters/common/fields.h"
#include "exporters/common/name_filter.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/hardware/infiniband_counters.h"
#include "exporters/node/sysfs.h"

namespace drover::exporters::node {
namespace {

constexpr auto kGauge = MetricType::kGauge;
constexpr MetricDesc kInfo{
    "node_infiniband_info",
    "Non-numeric data from /sys/class/infiniband/<device>, value is always 1.", kGauge,
    "device,board_id,firmware_version,hca_type"};
constexpr MetricDesc kState{"node_infiniband_state_id",
                            "State of the InfiniBand port (0: no change, 1: down, 2: init, 3: "
                            "armed, 4: active, 5: act defer)",
                            kGauge, "device,port"};
constexpr MetricDesc kPhysicalState{
    "node_infiniband_physical_state_id",
    "Physical state of the InfiniBand port (0: no change, 1: sleep, 2: polling, 3: disable, 4: "
    "shift, 5: link up, 6: link error recover, 7: phytest)",
    kGauge, "device,port"};
constexpr MetricDesc kRate{"node_infiniband_rate_bytes_per_second", "Maximum signal transfer rate",
                           kGauge, "device,port"};
constexpr MetricDesc kLifespan{
    "node_infiniband_lifespan_seconds",
    "The maximum period in ms which defines the aging of the counter reads. Two consecutive reads "
    "within this period might return the same values.",
    kGauge, "device,port"};

constexpr double kGigabit = 125'000'000;

class InfiniBand final : public Collector {
 public:
  InfiniBand(const CollectorInput& input, std::optional<Regex> include,
             std::optional<Regex> exclude)
      : sys_(input.roots.sys), include_(std::move(include)), exclude_(std::move(exclude)) {}

  Status Collect(MetricSink& out) override {
    const std::string base = "class/infiniband";
    DROVER_TRY(const auto devices, sys_.List(base));
    FirstError errors;
    for (const std::string& device : devices) {
      const bool is_shown =
          !(exclude_ && exclude_->Search(device)) && !(include_ && !include_->Search(device));
      if (is_shown) CollectDevice(device, base + "/" + device, errors, out);
    }
    return errors.status();
  }

 private:
  std::string TextOf(const std::string& path, FirstError& errors) {
    const auto text = sys_.Text(path);
    return errors.Ok(text) ? std::string(*text) : std::string();
  }

  void CollectDevice(const std::string& device, const std::string& folder, FirstError& errors,
                     MetricSink& out) {
    const auto ports = sys_.List(folder + "/ports");
    if (!errors.Ok(ports)) return;
    const std::string board = TextOf(folder + "/board_id", errors);
    const std::string firmware = TextOf(folder + "/fw_ver", errors);
    const std::string type = TextOf(folder + "/hca_type", errors);
    out.Add(kInfo, {device, board, firmware, type}, 1);
    for (const std::string& port : *ports)
      CollectPort(device, port, folder + "/ports/" + port, errors, out);
  }

  void CollectPort(const std::string& device, const std::string& port, const std::string& folder,
                   FirstError& errors, MetricSink& out) {
    // "4: ACTIVE"
    const auto emit_state = [&](const char* file, const MetricDesc& desc) {
      const auto text = sys_.Text(folder + "/" + file);
      if (!errors.Ok(text)) return;
      const std::size_t colon = text->find(':');
      const auto id = ParseUint(Trim(text->substr(0, colon)));
      if (!id || colon == std::string_view::npos) {
        errors.Note(Error(ErrorCode::kInvalid, folder + "/" + file + ": no state"));
        return;
      }
      out.Add(desc, {device, port}, static_cast<double>(*id));
    };
    emit_state("state", kState);
    emit_state("phys_state", kPhysicalState);
    EmitRate(device, port, folder + "/rate", errors, out);
    if (const auto lifespan_ms = Counter(folder + "/hw_counters/lifespan", errors))
      out.Add(kLifespan, {device, port}, static_cast<double>(*lifespan_ms / 1000));
    for (const InfiniBandCounter& counter : kInfiniBandCounters) {
      const auto count = Counter(folder + "/" + std::string(counter.file), errors);
      if (count)
        out.Add(counter.desc, {device, port}, static_cast<double>(*count) * counter.factor);
    }
  }

  // "100 Gb/sec (4X EDR)"
  void EmitRate(const std::string& device, const std::string& port, const std::string& path,
                FirstError& errors, MetricSink& out) {
    const auto text = sys_.Text(path);
    if (!errors.Ok(text)) return;
    std::string_view rest = *text;
    const auto gigabits = ParseFloat(NextField(rest));
    if (!gigabits || rest.empty()) {
      errors.Note(Error(ErrorCode::kInvalid, path + ": no rate"));
      return;
    }
    out.Add(kRate, {device, port}, *gigabits * kGigabit);
  }

  // Some drivers say "N/A (no PMA)"; some counters are not for everybody.
  std::optional<std::uint64_t> Counter(const std::string& path, FirstError& errors) {
    const auto text = sys_.Text(path);
    if (!text && text.error().code() == ErrorCode::kDenied) return std::nullopt;
    if (!errors.Ok(text) || text->find("N/A (no PMA)") != std::string_view::npos)
      return std::nullopt;
    const auto value = ParseUint(*text);
    if (!value) errors.Note(Error(ErrorCode::kInvalid, path + ": not a number"));
    return value;
  }

  SysFs sys_;
  const std::optional<Regex> include_, exclude_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  DROVER_TRY(auto include, PatternFlag(input.flags, "infiniband.device-include"));
  DROVER_TRY(auto exclude, PatternFlag(input.flags, "infiniband.device-exclude"));
  return std::make_unique<InfiniBand>(input, std::move(include), std::move(exclude));
}

std::vector<std::string_view> Names() {
  auto names = NamesOf(kInfo, kState, kPhysicalState, kRate, kLifespan);
  for (const InfiniBandCounter& counter : kInfiniBandCounters) names.push_back(counter.desc.name);
  return names;
}

}  // namespace

CollectorSpec InfiniBandSpec() {
  using enum CollectorFlag::Kind;
  return {"infiniband",
          true,
          "InfiniBand and RoCE ports.",
          "/sys/class/infiniband",
          {{"infiniband.device-include", kText, "",
            "Regexp of infiniband devices to include (mutually exclusive to device-exclude)."},
           {"infiniband.device-exclude", kText, "",
            "Regexp of infiniband devices to exclude (mutually exclusive to device-include)."}},
          Make,
          Names()};
}

}  // namespace drover::exporters::node
