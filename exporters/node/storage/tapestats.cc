#include "exporters/common/name_filter.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/sysfs.h"

namespace drover::exporters::node {
namespace {

constexpr auto kCounter = MetricType::kCounter;
constexpr auto kGauge = MetricType::kGauge;

struct Counter {
  std::string_view file;
  MetricDesc desc;
  double unit = 1;
};
// kernel: Documentation/scsi/st.rst
constexpr Counter kCounters[] = {
    {"in_flight",
     {"node_tape_io_now", "The number of I/Os currently outstanding to this device.", kGauge,
      "device"}},
    {"io_ns",
     {"node_tape_io_time_seconds_total",
      "The amount of time spent waiting for all I/O to complete (including read and write). This "
      "includes tape movement commands such as seeking between file or set marks and implicit tape "
      "movement such as when rewind on close tape devices are used.",
      kCounter, "device"},
     1e-9},
    {"other_cnt",
     {"node_tape_io_others_total",
      "The number of I/Os issued to the tape drive other than read or write commands. The time "
      "taken to complete these commands uses the following calculation "
      "io_time_seconds_total-read_time_seconds_total-write_time_seconds_total",
      kCounter, "device"}},
    {"read_byte_cnt",
     {"node_tape_read_bytes_total", "The number of bytes read from the tape drive.", kCounter,
      "device"}},
    {"read_cnt",
     {"node_tape_reads_completed_total", "The number of read requests issued to the tape drive.",
      kCounter, "device"}},
    {"read_ns",
     {"node_tape_read_time_seconds_total",
      "The amount of time spent waiting for read requests to complete.", kCounter, "device"},
     1e-9},
    {"resid_cnt",
     {"node_tape_residual_total",
      "The number of times during a read or write we found the residual amount to be non-zero. "
      "This should mean that a program is issuing a read larger thean the block size on tape. For "
      "write not all data made it to tape.",
      kCounter, "device"}},
    {"write_byte_cnt",
     {"node_tape_written_bytes_total", "The number of bytes written to the tape drive.", kCounter,
      "device"}},
    {"write_cnt",
     {"node_tape_writes_completed_total", "The number of write requests issued to the tape drive.",
      kCounter, "device"}},
    {"write_ns",
     {"node_tape_write_time_seconds_total",
      "The amount of time spent waiting for write requests to complete.", kCounter, "device"},
     1e-9},
};

// st0; not nst0, st0a, which are the same drive.
bool IsDrive(std::string_view name) {
  return name.size() > 2 && name.starts_with("st") &&
         name.find_first_not_of("0123456789", 2) == std::string_view::npos;
}

class TapeStats final : public Collector {
 public:
  TapeStats(const CollectorInput& input, std::optional<Regex> ignored)
      : sys_(input.roots.sys), ignored_(std::move(ignored)) {}

  Status Collect(MetricSink& out) override {
    const std::string base = "class/scsi_tape";
    DROVER_TRY(const auto names, sys_.List(base));
    FirstError errors;
    for (const std::string& name : names) {
      if (!IsDrive(name) || (ignored_ && ignored_->Search(name))) continue;
      for (const Counter& counter : kCounters) {
        const auto value = sys_.Uint(base + "/" + name + "/stats/" + std::string(counter.file));
        if (errors.Ok(value))
          out.Add(counter.desc, {name}, static_cast<double>(*value) * counter.unit);
      }
    }
    return errors.status();
  }

 private:
  SysFs sys_;
  const std::optional<Regex> ignored_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  DROVER_TRY(auto ignored, PatternFlag(input.flags, "tapestats.ignored-devices"));
  return std::make_unique<TapeStats>(input, std::move(ignored));
}

std::vector<std::string_view> Names() {
  std::vector<std::string_view> names;
  for (const Counter& counter : kCounters) names.push_back(counter.desc.name);
  return names;
}

}  // namespace

CollectorSpec TapeStatsSpec() {
  return {"tapestats",
          true,
          "SCSI tape drives.",
          "/sys/class/scsi_tape",
          {{"tapestats.ignored-devices", CollectorFlag::Kind::kText, "^$",
            "Regexp of devices to ignore for tapestats."}},
          Make,
          Names()};
}

}  // namespace drover::exporters::node
