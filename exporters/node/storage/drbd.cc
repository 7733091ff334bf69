#include <algorithm>

#include "core/base/numbers.h"
#include "core/os/hot_file.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/storage/drbd_status.h"

namespace drover::exporters::node {
namespace {

constexpr auto kGauge = MetricType::kGauge;
constexpr auto kCounter = MetricType::kCounter;
struct Number {
  std::string_view key;
  MetricDesc desc;
  double scale;  // kibibytes, where it is 1024; upstream takes nr as bytes
};
constexpr Number kNumbers[] = {
    {"ns",
     {"node_drbd_network_sent_bytes_total", "Total number of bytes sent via the network.", kCounter,
      "device"},
     1024},
    {"nr",
     {"node_drbd_network_received_bytes_total", "Total number of bytes received via the network.",
      kCounter, "device"},
     1},
    {"dw",
     {"node_drbd_disk_written_bytes_total", "Net data written on local hard disk; in bytes.",
      kCounter, "device"},
     1024},
    {"dr",
     {"node_drbd_disk_read_bytes_total", "Net data read from local hard disk; in bytes.", kCounter,
      "device"},
     1024},
    {"al",
     {"node_drbd_activitylog_writes_total",
      "Number of updates of the activity log area of the meta data.", kCounter, "device"},
     1},
    {"bm",
     {"node_drbd_bitmap_writes_total", "Number of updates of the bitmap area of the meta data.",
      kCounter, "device"},
     1},
    {"lo",
     {"node_drbd_local_pending", "Number of open requests to the local I/O sub-system.", kGauge,
      "device"},
     1},
    {"pe",
     {"node_drbd_remote_pending",
      "Number of requests sent to the peer, but that have not yet been answered by the latter.",
      kGauge, "device"},
     1},
    {"ua",
     {"node_drbd_remote_unacknowledged",
      "Number of requests received by the peer via the network connection, but that have not yet "
      "been answered.",
      kGauge, "device"},
     1},
    {"ap",
     {"node_drbd_application_pending",
      "Number of block I/O requests forwarded to DRBD, but not yet answered by DRBD.", kGauge,
      "device"},
     1},
    {"ep", {"node_drbd_epochs", "Number of Epochs currently on the fly.", kGauge, "device"}, 1},
    {"oos",
     {"node_drbd_out_of_sync_bytes", "Amount of data known to be out of sync; in bytes.", kGauge,
      "device"},
     1024},
};
constexpr MetricDesc kConnected{"node_drbd_connected", "Whether DRBD is connected to the peer.",
                                kGauge, "device"};
constexpr MetricDesc kPrimary{"node_drbd_node_role_is_primary",
                              "Whether the role of the node is in the primary state.", kGauge,
                              "device,node"};
constexpr MetricDesc kUpToDate{"node_drbd_disk_state_is_up_to_date",
                               "Whether the disk of the node is up to date.", kGauge,
                               "device,node"};

class Drbd final : public Collector {
 public:
  explicit Drbd(const CollectorInput& input) : file_(*input.roots.proc, "drbd") {}

  Status Collect(MetricSink& out) override {
    DROVER_CHECK(file_.Read(text_));
    DROVER_CHECK(ParseDrbd(text_, fields_));
    for (const DrbdField& field : fields_) {
      const std::string device = "drbd" + std::string(field.device);
      if (field.key == "cs") {
        out.Add(kConnected, {device}, field.value == "Connected" ? 1 : 0);
      } else if (field.key == "ro") {
        AddPair(kPrimary, device, field.value, "Primary", out);
      } else if (field.key == "ds") {
        AddPair(kUpToDate, device, field.value, "UpToDate", out);
      } else {
        DROVER_CHECK(AddNumber(field, device, out));
      }
    }
    return {};
  }

 private:
  static Status AddNumber(const DrbdField& field, const std::string& device, MetricSink& out) {
    const auto known = std::find_if(std::begin(kNumbers), std::end(kNumbers),
                                    [&](const Number& one) { return one.key == field.key; });
    if (known == std::end(kNumbers)) return {};
    const auto value = ParseFloat(field.value);
    if (!value) {
      return Fail(ErrorCode::kInvalid, "drbd: not a number: " + std::string(field.key) + ":" +
                                           std::string(field.value.substr(0, 40)));
    }
    out.Add(known->desc, {device}, *value * known->scale);
    return {};
  }

  // "Primary/Secondary": here and at the peer, who may be unknown.
  static void AddPair(const MetricDesc& desc, const std::string& device, std::string_view pair,
                      std::string_view good, MetricSink& out) {
    const std::size_t slash = pair.find('/');
    out.Add(desc, {device, "local"}, pair.substr(0, slash) == good ? 1 : 0);
    if (slash != std::string_view::npos)
      out.Add(desc, {device, "remote"}, pair.substr(slash + 1) == good ? 1 : 0);
  }

  HotFile file_;
  std::string text_;
  std::vector<DrbdField> fields_;
};

std::vector<std::string_view> Names() {
  auto names = NamesOf(kConnected, kPrimary, kUpToDate);
  for (const Number& one : kNumbers) names.push_back(one.desc.name);
  return names;
}

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<Drbd>(input);
}

}  // namespace

CollectorSpec DrbdSpec() {
  return {"drbd", false, "Replicated block devices, DRBD 8.", "/proc/drbd", {}, Make, Names()};
}

}  // namespace drover::exporters::node
