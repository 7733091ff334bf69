#include <set>

#include "core/os/hot_file.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/storage/mount_stats.h"

namespace drover::exporters::node {
namespace {

constexpr auto kGauge = MetricType::kGauge;
constexpr auto kCounter = MetricType::kCounter;
constexpr MetricDesc kAge{"node_mountstats_nfs_age_seconds_total",
                          "The age of the NFS mount in seconds.", kCounter,
                          "export,protocol,mountaddr"};
constexpr MetricDesc kMountPoint{"node_mountstats_nfs_mountpoint_info",
                                 "Info metric for an NFS mountpoint.", kGauge,
                                 "export,protocol,mountaddr,mountpoint"};
// In the kernel's order; {}: not shown.
constexpr MetricDesc kBytes[] = {
    {"node_mountstats_nfs_read_bytes_total", "Number of bytes read using the read() syscall.",
     kCounter, "export,protocol,mountaddr"},
    {"node_mountstats_nfs_write_bytes_total", "Number of bytes written using the write() syscall.",
     kCounter, "export,protocol,mountaddr"},
    {"node_mountstats_nfs_direct_read_bytes_total",
     "Number of bytes read using the read() syscall in O_DIRECT mode.", kCounter,
     "export,protocol,mountaddr"},
    {"node_mountstats_nfs_direct_write_bytes_total",
     "Number of bytes written using the write() syscall in O_DIRECT mode.", kCounter,
     "export,protocol,mountaddr"},
    {"node_mountstats_nfs_total_read_bytes_total",
     "Number of bytes read from the NFS server, in total.", kCounter, "export,protocol,mountaddr"},
    {"node_mountstats_nfs_total_write_bytes_total",
     "Number of bytes written to the NFS server, in total.", kCounter, "export,protocol,mountaddr"},
    {"node_mountstats_nfs_read_pages_total", "Number of pages read directly via mmap()'d files.",
     kCounter, "export,protocol,mountaddr"},
    {"node_mountstats_nfs_write_pages_total",
     "Number of pages written directly via mmap()'d files.", kCounter, "export,protocol,mountaddr"},
};
constexpr MetricDesc kEvents[] = {
    {"node_mountstats_nfs_event_inode_revalidate_total",
     "Number of times cached inode attributes are re-validated from the server.", kCounter,
     "export,protocol,mountaddr"},
    {"node_mountstats_nfs_event_dnode_revalidate_total",
     "Number of times cached dentry nodes are re-validated from the server.", kCounter,
     "export,protocol,mountaddr"},
    {"node_mountstats_nfs_event_data_invalidate_total",
     "Number of times an inode cache is cleared.", kCounter, "export,protocol,mountaddr"},
    {"node_mountstats_nfs_event_attribute_invalidate_total",
     "Number of times cached inode attributes are invalidated.", kCounter,
     "export,protocol,mountaddr"},
    {"node_mountstats_nfs_event_vfs_open_total",
     "Number of times cached inode attributes are invalidated.", kCounter,
     "export,protocol,mountaddr"},
    {"node_mountstats_nfs_event_vfs_lookup_total",
     "Number of times a directory lookup has occurred.", kCounter, "export,protocol,mountaddr"},
    {"node_mountstats_nfs_event_vfs_access_total", "Number of times permissions have been checked.",
     kCounter, "export,protocol,mountaddr"},
    {"node_mountstats_nfs_event_vfs_update_page_total",
     "Number of updates (and potential writes) to pages.", kCounter, "export,protocol,mountaddr"},
    {"node_mountstats_nfs_event_vfs_read_page_total",
     "Number of pages read directly via mmap()'d files.", kCounter, "export,protocol,mountaddr"},
    {"node_mountstats_nfs_event_vfs_read_pages_total",
     "Number of times a group of pages have been read.", kCounter, "export,protocol,mountaddr"},
    {"node_mountstats_nfs_event_vfs_write_page_total",
     "Number of pages written directly via mmap()'d files.", kCounter, "export,protocol,mountaddr"},
    {"node_mountstats_nfs_event_vfs_write_pages_total",
     "Number of times a group of pages have been written.", kCounter, "export,protocol,mountaddr"},
    {"node_mountstats_nfs_event_vfs_getdents_total",
     "Number of times directory entries have been read with getdents().", kCounter,
     "export,protocol,mountaddr"},
    {"node_mountstats_nfs_event_vfs_setattr_total",
     "Number of times directory entries have been read with getdents().", kCounter,
     "export,protocol,mountaddr"},
    {"node_mountstats_nfs_event_vfs_flush_total",
     "Number of pending writes that have been forcefully flushed to the server.", kCounter,
     "export,protocol,mountaddr"},
    {"node_mountstats_nfs_event_vfs_fsync_total",
     "Number of times fsync() has been called on directories and files.", kCounter,
     "export,protocol,mountaddr"},
    {"node_mountstats_nfs_event_vfs_lock_total",
     "Number of times locking has been attempted on a file.", kCounter,
     "export,protocol,mountaddr"},
    {"node_mountstats_nfs_event_vfs_file_release_total",
     "Number of times files have been closed and released.", kCounter, "export,protocol,mountaddr"},
    {},
    {"node_mountstats_nfs_event_truncation_total", "Number of times files have been truncated.",
     kCounter, "export,protocol,mountaddr"},
    {"node_mountstats_nfs_event_write_extension_total",
     "Number of times a file has been grown due to writes beyond its existing end.", kCounter,
     "export,protocol,mountaddr"},
    {"node_mountstats_nfs_event_silly_rename_total",
     "Number of times a file was removed while still open by another process.", kCounter,
     "export,protocol,mountaddr"},
    {"node_mountstats_nfs_event_short_read_total",
     "Number of times the NFS server gave less data than expected while reading.", kCounter,
     "export,protocol,mountaddr"},
    {"node_mountstats_nfs_event_short_write_total",
     "Number of times the NFS server wrote less data than expected while writing.", kCounter,
     "export,protocol,mountaddr"},
    {"node_mountstats_nfs_event_jukebox_delay_total",
     "Number of times the NFS server indicated EJUKEBOX; retrieving data from offline storage.",
     kCounter, "export,protocol,mountaddr"},
    {"node_mountstats_nfs_event_pnfs_read_total", "Number of NFS v4.1+ pNFS reads.", kCounter,
     "export,protocol,mountaddr"},
    {"node_mountstats_nfs_event_pnfs_write_total", "Number of NFS v4.1+ pNFS writes.", kCounter,
     "export,protocol,mountaddr"},
};
constexpr MetricDesc kOperations[] = {
    {"node_mountstats_nfs_operations_requests_total",
     "Number of requests performed for a given operation.", kCounter,
     "export,protocol,mountaddr,operation"},
    {"node_mountstats_nfs_operations_transmissions_total",
     "Number of times an actual RPC request has been transmitted for a given operation.", kCounter,
     "export,protocol,mountaddr,operation"},
    {"node_mountstats_nfs_operations_major_timeouts_total",
     "Number of times a request has had a major timeout for a given operation.", kCounter,
     "export,protocol,mountaddr,operation"},
    {"node_mountstats_nfs_operations_sent_bytes_total",
     "Number of bytes sent for a given operation, including RPC headers and payload.", kCounter,
     "export,protocol,mountaddr,operation"},
    {"node_mountstats_nfs_operations_received_bytes_total",
     "Number of bytes received for a given operation, including RPC headers and payload.", kCounter,
     "export,protocol,mountaddr,operation"},
    {"node_mountstats_nfs_operations_queue_time_seconds_total",
     "Duration all requests spent queued for transmission for a given operation before they were "
     "sent, in seconds.",
     kCounter, "export,protocol,mountaddr,operation"},
    {"node_mountstats_nfs_operations_response_time_seconds_total",
     "Duration all requests took to get a reply back after a request for a given operation was "
     "transmitted, in seconds.",
     kCounter, "export,protocol,mountaddr,operation"},
    {"node_mountstats_nfs_operations_request_time_seconds_total",
     "Duration all requests took from when a request was enqueued to when it was completely "
     "handled for a given operation, in seconds.",
     kCounter, "export,protocol,mountaddr,operation"},
};
constexpr MetricDesc kTransport[] = {
    {},
    {"node_mountstats_nfs_transport_bind_total",
     "Number of times the client has had to establish a connection from scratch to the NFS server.",
     kCounter, "export,protocol,mountaddr,transport"},
    {"node_mountstats_nfs_transport_connect_total",
     "Number of times the client has made a TCP connection to the NFS server.", kCounter,
     "export,protocol,mountaddr,transport"},
    {},
    {"node_mountstats_nfs_transport_idle_time_seconds",
     "Duration since the NFS mount last saw any RPC traffic, in seconds.", kGauge,
     "export,protocol,mountaddr,transport"},
    {"node_mountstats_nfs_transport_sends_total",
     "Number of RPC requests for this mount sent to the NFS server.", kCounter,
     "export,protocol,mountaddr,transport"},
    {"node_mountstats_nfs_transport_receives_total",
     "Number of RPC responses for this mount received from the NFS server.", kCounter,
     "export,protocol,mountaddr,transport"},
    {"node_mountstats_nfs_transport_bad_transaction_ids_total",
     "Number of times the NFS server sent a response with a transaction ID unknown to this client.",
     kCounter, "export,protocol,mountaddr,transport"},
    {},
    {"node_mountstats_nfs_transport_backlog_queue_total",
     "Total number of items added to the RPC backlog queue.", kCounter,
     "export,protocol,mountaddr,transport"},
    {"node_mountstats_nfs_transport_maximum_rpc_slots",
     "Maximum number of simultaneously active RPC requests ever used.", kGauge,
     "export,protocol,mountaddr,transport"},
    {"node_mountstats_nfs_transport_sending_queue_total",
     "Total number of items added to the RPC transmission sending queue.", kCounter,
     "export,protocol,mountaddr,transport"},
    {"node_mountstats_nfs_transport_pending_queue_total",
     "Total number of items added to the RPC transmission pending queue.", kCounter,
     "export,protocol,mountaddr,transport"},
};

using Labels = std::array<std::string_view, 3>;

class MountStats final : public Collector {
 public:
  explicit MountStats(const CollectorInput& input)
      : stats_(*input.roots.proc, "self/mountstats"), info_(*input.roots.proc, "self/mountinfo") {}

  Status Collect(MetricSink& out) override {
    DROVER_CHECK(stats_.Read(text_));
    DROVER_CHECK(ParseMountStats(text_, mounts_));
    DROVER_CHECK(info_.Read(info_text_));
    const auto addresses = ParseMountAddresses(info_text_);
    std::set<Labels> seen;  // one export mounted twice has one set of numbers
    for (const NfsMount& mount : mounts_) {
      if (mount.transports.empty()) continue;
      // Both files list the mounts in the same order.
      const Labels labels = {mount.device, mount.transports.front().protocol,
                             mount.index < addresses.size() ? addresses[mount.index] : ""};
      out.Add(kMountPoint, {labels[0], labels[1], labels[2], mount.mount_point}, 1);
      if (seen.insert(labels).second) AddMount(mount, labels, out);
    }
    return {};
  }

 private:
  static void AddMount(const NfsMount& mount, const Labels& labels, MetricSink& out) {
    out.Add(kAge, labels, Number(mount.age_seconds));
    for (std::size_t i = 0; i < mount.bytes.size() && i < std::size(kBytes); ++i)
      out.Add(kBytes[i], labels, Number(mount.bytes[i]));
    for (std::size_t i = 0; i < mount.events.size() && i < std::size(kEvents); ++i) {
      if (!kEvents[i].name.empty()) out.Add(kEvents[i], labels, Number(mount.events[i]));
    }
    for (const NfsOperation& operation : mount.operations) {
      for (std::size_t i = 0; i < operation.counts.size(); ++i) {
        const std::uint64_t count = operation.counts[i];
        out.Add(kOperations[i], {labels[0], labels[1], labels[2], operation.name},
                i < kFirstTime ? Number(count) : Number(count % kWrap) / 1e3);
      }
    }
    for (std::size_t n = 0; n < mount.transports.size(); ++n) {
      const std::string number = std::to_string(n);
      for (std::size_t i = 0; i < std::size(kTransport); ++i) {
        if (!kTransport[i].name.empty())
          out.Add(kTransport[i], {labels[0], labels[1], labels[2], number},
                  Number(mount.transports[n].counts[i]));
      }
    }
  }

  static double Number(std::uint64_t value) { return static_cast<double>(value); }

  static constexpr std::size_t kFirstTime = 5;  // milliseconds from here on
  // Sums of times that went below 0 in the kernel are shown modulo this, as upstream does.
  static constexpr std::uint64_t kWrap = std::uint64_t{1} << 53;
  HotFile stats_, info_;
  std::string text_, info_text_;
  std::vector<NfsMount> mounts_;
};

std::vector<std::string_view> Names() {
  auto names = NamesOf(kAge, kMountPoint, kBytes, kEvents, kOperations, kTransport);
  std::erase(names, std::string_view());
  return names;
}

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<MountStats>(input);
}

}  // namespace

CollectorSpec MountStatsSpec() {
  return {"mountstats",
          false,
          "NFS mounts: bytes, events, operations, transport.",
          "/proc/self/mountstats, /proc/self/mountinfo",
          {},
          Make,
          Names()};
}

}  // namespace drover::exporters::node
