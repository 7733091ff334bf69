// More collectors of sysfs on small trees: what is missing, what is broken, what flags do.
#include "tests/exporters/node/collector_tree.h"

namespace drover::exporters::node {

TEST_SUITE("exporters/node/devices") {
  TEST_CASE("a tree without any file: what upstream calls a success is one") {
    Tree tree;
    for (const char* name : {"bcache", "btrfs", "edac", "xfs"})
      CHECK(SamplesOf(tree, name) == Success(name, true));
    for (const char* name : {"bcachefs", "dmi", "dmmultipath", "fibrechannel", "infiniband", "ipvs",
                             "nfs", "nfsd", "nvme", "rapl", "tapestats", "watchdog", "zfs"})
      CHECK(SamplesOf(tree, name) == Success(name, false));
    CHECK(SamplesOf(tree, "selinux") == Success("selinux", true) + "node_selinux_enabled 0\n");
    CHECK(SamplesOf(tree, "textfile") ==
          Success("textfile", true) + "node_textfile_scrape_error 0\n");
  }

  TEST_CASE("dmi: only the labels that are there") {
    Tree tree;
    tree.Write("sysfs/class/dmi/id/sys_vendor", "Maker \n");
    tree.Write("sysfs/class/dmi/id/board_asset_tag", "\n");
    tree.Write("sysfs/class/dmi/id/modalias", "dmi:x\n");
    CHECK(SamplesOf(tree, "dmi") ==
          "node_dmi_info{board_asset_tag=\"\",system_vendor=\"Maker\"} 1\n" + Success("dmi", true));
  }

  TEST_CASE("rapl: numbers in names, equal names, who may not read") {
    Tree tree;
    const std::string base = "sysfs/class/powercap/";
    for (const auto& [zone, name] : {std::pair("a", "package-3"), {"b", "dram"}, {"c", "dram"}}) {
      tree.Write(base + zone + "/name", name);
      tree.Write(base + zone + "/energy_uj", "2500000\n");
    }
    tree.Write(base + "control/enabled", "1\n");
    const std::string path = ",path=\"" + tree.folder.path() + "/sysfs/class/powercap/";
    CHECK(SamplesOf(tree, "rapl") == "node_rapl_dram_joules_total{index=\"0\"" + path +
                                         "b\"} 2.5\n" + "node_rapl_dram_joules_total{index=\"1\"" +
                                         path + "c\"} 2.5\n" +
                                         "node_rapl_package_joules_total{index=\"3\"" + path +
                                         "a\"} 2.5\n" + Success("rapl", true));
    CHECK(Has(SamplesOf(tree, "rapl", {"--collector.rapl.enable-zone-label"}),
              "node_rapl_joules_total{index=\"3\"" + path + "a\",rapl_zone=\"package\"} 2.5\n"));
  }

  TEST_CASE("selinux: mode in force and mode configured") {
    Tree tree;
    tree.Write("sysfs/fs/selinux/enforce", "0");
    tree.Write("rootfs/etc/selinux/config",
               "# SELINUX=disabled\nSELINUX=enforcing\nSELINUXTYPE=x\n");
    CHECK(SamplesOf(tree, "selinux") ==
          Success("selinux", true) +
              "node_selinux_config_mode 1\nnode_selinux_current_mode 0\nnode_selinux_enabled 1\n");
    tree.Write("procfs/self/attr/current", "kernel\n");  // no policy is loaded
    CHECK(SamplesOf(tree, "selinux") == Success("selinux", true) + "node_selinux_enabled 0\n");
  }

  TEST_CASE("nvme: a namespace that goes, names that are none") {
    Tree tree;
    const std::string base = "sysfs/class/nvme/nvme0/";
    for (const char* file : {"firmware_rev", "model", "serial", "state", "cntlid"})
      tree.Write(base + file, std::string(file).substr(0, 2) + "\n");
    tree.Write(base + "nvme0n1/nuse", "1\n");
    tree.Write(base + "nvme0n1/size", "8\n");
    tree.Write(base + "nvme0n1/queue/logical_block_size", "512\n");
    tree.Write(base + "nvme0n2/size", "8\n");
    tree.Write(base + "nvme0c1n1/size", "8\n");
    const std::string page = SamplesOf(tree, "nvme");
    CHECK(Has(page, "node_nvme_namespace_size_bytes{device=\"nvme0\",nsid=\"1\"} 4096\n"));
    CHECK(Has(page, "ana_state=\"unknown\",device=\"nvme0\",nsid=\"1\"} 1\n"));
    CHECK_FALSE(Has(page, "nsid=\"2\""));
    CHECK(Has(page, Success("nvme", true)));
  }

  TEST_CASE("edac: labels of modules, channels without a count") {
    Tree tree;
    const std::string row = "sysfs/devices/system/edac/mc/mc0/csrow1/";
    tree.Write(row + "ch0_ce_count", "5\n");
    tree.Write(row + "ch0_dimm_label", "mc#0csrow#1channel#0\n");
    tree.Write(row + "ch1_ce_count", "x\n");
    const std::string page = SamplesOf(tree, "edac");
    CHECK(Has(page,
              "node_edac_channel_correctable_errors_total{channel=\"0\",controller=\"0\","
              "csrow=\"1\",dimm_label=\"mc0_csrow1_channel0\"} 5\n"));
    CHECK(Has(page, Success("edac", false)));
  }

  TEST_CASE("watchdog, fibrechannel, tapestats: absent attributes are left out") {
    Tree tree;
    tree.Write("sysfs/class/watchdog/watchdog0/timeout", "60\n");
    CHECK(SamplesOf(tree, "watchdog") ==
          Success("watchdog", true) +
              "node_watchdog_info{identity=\"\",name=\"watchdog0\",options=\"\","
              "pretimeout_governor=\"\",state=\"\",status=\"\"} 1\n"
              "node_watchdog_timeout_seconds{name=\"watchdog0\"} 60\n");
    const std::string host = "sysfs/class/fc_host/host0/";
    tree.Write(host + "port_name", "0x1000\n");
    tree.Write(host + "statistics/rx_frames", "0x1f\n");
    tree.Write(host + "statistics/tx_frames", "0xffffffffffffffff\n");
    const std::string page = SamplesOf(tree, "fibrechannel");
    CHECK(Has(page, "port_name=\"1000\""));
    CHECK(Has(page, "node_fibrechannel_rx_frames_total{fc_host=\"host0\"} 31\n"));
    CHECK_FALSE(Has(page, "tx_frames"));
    tree.Write("sysfs/class/scsi_tape/st0/stats/io_ns", "1500000000\n");
    tree.Write("sysfs/class/scsi_tape/nst0/stats/io_ns", "1\n");
    CHECK(SamplesOf(tree, "tapestats") ==
          Success("tapestats", true) + "node_tape_io_time_seconds_total{device=\"st0\"} 1.5\n");
  }

  TEST_CASE("infiniband: data of four lanes, counters that are not available, broken states") {
    Tree tree;
    const std::string port = "sysfs/class/infiniband/mlx0/ports/1/";
    tree.Write(port + "state", "4: ACTIVE\n");
    tree.Write(port + "phys_state", "LinkUp\n");
    tree.Write(port + "rate", "2.5 Gb/sec (1X SDR)\n");
    tree.Write(port + "counters/port_rcv_data", "10\n");
    tree.Write(port + "counters/port_xmit_data", "N/A (no PMA)\n");
    tree.Write(port + "hw_counters/lifespan", "1999\n");
    const std::string page = SamplesOf(tree, "infiniband");
    const std::string labels = "{device=\"mlx0\",port=\"1\"} ";
    CHECK(Has(page, "node_infiniband_state_id" + labels + "4\n"));
    CHECK(Has(page, "node_infiniband_rate_bytes_per_second" + labels + "3.125e+08\n"));
    CHECK(Has(page, "node_infiniband_port_data_received_bytes_total" + labels + "40\n"));
    CHECK(Has(page, "node_infiniband_lifespan_seconds" + labels + "1\n"));
    CHECK_FALSE(Has(page, "transmitted"));
    CHECK_FALSE(Has(page, "physical_state"));
    CHECK(Has(page, Success("infiniband", false)));
  }

  TEST_CASE(
      "ipvs: servers that the labels do not tell apart are added up; unknown labels are refused") {
    Tree tree;
    tree.Write("procfs/net/ip_vs_stats", "a\nb\n1 2 3 4 5\n\n");
    tree.Write("procfs/net/ip_vs",
               "TCP  C0A80016:0050 wlc\n  -> 0A000001:0050 Tunnel 100 7 2\n"
               "  -> 0A000002:0050 Tunnel 50 1 2\n");
    CHECK(Has(SamplesOf(tree, "ipvs", {"--collector.ipvs.backend-labels=proto,,local_port"}),
              "node_ipvs_backend_weight{local_port=\"80\",proto=\"TCP\"} 150\n"));
    CHECK(Has(SamplesOf(tree, "ipvs", {"--collector.ipvs.backend-labels="}),
              "node_ipvs_backend_connections_active 8\n"));
    CHECK(
        tree.Make({"--collector.ipvs", "--collector.ipvs.backend-labels=colour"}).error().code() ==
        ErrorCode::kInvalid);
  }

  TEST_CASE("nfs, nfsd: versions that the kernel lacks count 0, missing lines are an error") {
    Tree tree;
    tree.Write("procfs/net/rpc/nfs", "net 1 2 3 4\nrpc 5 6 7\nproc3 2 0 9\n");
    const std::string page = SamplesOf(tree, "nfs");
    CHECK(Has(page, "node_nfs_requests_total{method=\"GetAttr\",proto=\"3\"} 9\n"));
    CHECK(Has(page, "node_nfs_requests_total{method=\"Commit\",proto=\"3\"} 0\n"));
    CHECK(Has(page, "node_nfs_requests_total{method=\"GetAttr\",proto=\"2\"} 0\n"));
    tree.Write("procfs/net/rpc/nfs", "net 1 2 3 4\n");
    CHECK(SamplesOf(tree, "nfs") == Success("nfs", false));
    tree.Write("procfs/net/rpc/nfsd",
               "rc 0 6 7\nfh 0 0 0 0 0\nio 1 2\nth 8 0\nnet 1 2 3 4\nrpc 1 2 3 4 5\n");
    CHECK(Has(SamplesOf(tree, "nfsd"), "node_nfsd_server_threads 8\n"));
    tree.Write("procfs/net/rpc/nfsd", "rc 0 6 7\nfh 0 0 0 0 0\nio 1\n");
    CHECK(SamplesOf(tree, "nfsd") == Success("nfsd", false));
  }

  TEST_CASE("zfs: one broken file does not hide the others; pools have their states") {
    Tree tree;
    const std::string base = "procfs/spl/kstat/zfs/";
    tree.Write(base + "zil", "x\nname type data\na-b 4 7\n");
    tree.Write(base + "fm", "\n");
    tree.Write(base + "tank/state", "DEGRADED\n");
    tree.Write(base + "tank/objset-0x1", "name type data\ndataset_name 7 tank/a b\nreads 4 3\n");
    const std::string page = SamplesOf(tree, "zfs");
    CHECK(Has(page, "node_zfs_zil_a_b 7\n"));
    CHECK(Has(page, "node_zfs_zpool_state{state=\"degraded\",zpool=\"tank\"} 1\n"));
    CHECK(Has(page, "node_zfs_zpool_dataset_reads{dataset=\"tank/a b\",zpool=\"tank\"} 3\n"));
    CHECK(Has(page, Success("zfs", false)));
  }

  TEST_CASE("file systems: bcache, bcachefs, btrfs, xfs with files missing or broken") {
    Tree tree;
    tree.Write("sysfs/fs/bcache/a-b/bdev0/writeback_rate_debug", "rate:  1.1M/sec\ndirty: 5k\n");
    tree.Write("sysfs/fs/bcache/a-b/cache0/written", "junk\n");
    tree.Write("sysfs/fs/bcache/register", "\n");
    const std::string bcache = SamplesOf(tree, "bcache");
    CHECK(Has(bcache, "node_bcache_writeback_rate{backing_device=\"bdev0\",uuid=\"a-b\"} "));
    CHECK(Has(bcache, Success("bcache", false)));
    tree.Write("sysfs/fs/bcachefs/u/counters/x y",
               "since mount: 1\nsince filesystem creation: 2k\n");
    tree.Write("sysfs/fs/bcachefs/u/counters/odd", "7\n");
    tree.Write(
        "sysfs/fs/bcachefs/u/dev-0/io_errors",
        "IO errors since filesystem creation\n  read: 4\nIO errors since 8 y ago\n  read: 1\n");
    const std::string bcachefs = SamplesOf(tree, "bcachefs");
    CHECK(Has(bcachefs, "node_bcachefs_x_y_total{uuid=\"u\"} 2048\n"));
    CHECK(Has(bcachefs,
              "node_bcachefs_device_io_errors_total{device=\"0\",type=\"read\",uuid=\"u\"} 4\n"));
    CHECK(Has(bcachefs, Success("bcachefs", false)));
    const std::string one = "sysfs/fs/btrfs/1-2/";
    tree.Write(one + "devices/sda/size", "8\n");
    for (const char* type : {"data", "metadata", "system"})
      tree.Write(one + "allocation/" + type + "/bytes_reserved", "1\n");
    tree.Write(one + "allocation/data/raid5/total_bytes", "10\n");
    tree.Write(one + "allocation/data/raid5/used_bytes", "5\n");
    tree.Write("sysfs/fs/btrfs/features/x", "0\n");
    const std::string btrfs = SamplesOf(tree, "btrfs");
    CHECK(Has(btrfs, "node_btrfs_device_size_bytes{device=\"sda\",uuid=\"1-2\"} 4096\n"));
    CHECK(Has(btrfs, Success("btrfs", true)));
    tree.Write("sysfs/fs/xfs/sda/stats/stats", "extent_alloc 1 2 3\nabt 4 5 6 7\n");
    const std::string xfs = SamplesOf(tree, "xfs");
    CHECK(Has(xfs, "node_xfs_allocation_btree_lookups_total{device=\"sda\"} 4\n"));
    CHECK_FALSE(Has(xfs, "extent"));
    CHECK(Has(xfs, Success("xfs", false)));
  }

  TEST_CASE("dmmultipath: other devices of the mapper are none, a path that goes is not counted") {
    Tree tree;
    for (const auto& [path, text] : {std::pair("dm-0/dm/uuid", "mpath-1\n"),
                                     {"dm-0/dm/name", "m\n"},
                                     {"dm-0/dm/suspended", "1\n"},
                                     {"dm-0/size", "2\n"},
                                     {"dm-0/slaves/sda/x", ""},
                                     {"dm-0/slaves/sdb/x", ""},
                                     {"dm-0/slaves/sdc/x", ""},
                                     {"sda/device/state", "running\n"},
                                     {"sdb/device/state", "offline\n"},
                                     {"dm-1/dm/uuid", "LVM-1\n"}})
      tree.Write("sysfs/block/" + std::string(path), text);
    const std::string page = SamplesOf(tree, "dmmultipath");
    CHECK(Has(page, "node_dmmultipath_device_paths{device=\"m\",sysfs_name=\"dm-0\"} 2\n"));
    CHECK(Has(page, "node_dmmultipath_device_active{device=\"m\",sysfs_name=\"dm-0\"} 0\n"));
    CHECK_FALSE(Has(page, "dm-1"));
  }
}

}  // namespace drover::exporters::node
