// Tables of /proc and names of sysfs files; the first byte chooses the parser. Property: no crash.
#include <cstdint>

#include "exporters/node/hardware/sensor_name.h"
#include "exporters/node/metric_name.h"
#include "exporters/node/network/ip_vs.h"
#include "exporters/node/network/proc_net.h"
#include "exporters/node/processor/sched_stat.h"
#include "exporters/node/storage/human_size.h"
#include "exporters/node/storage/kstat.h"
#include "exporters/node/storage/md_stat.h"
#include "exporters/node/storage/rpc_stats.h"
#include "exporters/node/storage/xfs_stats.h"
#include "exporters/node/system/text_families.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace drover::exporters::node;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const SnmpSink no_sink = [](std::string_view, std::string_view, double) {};
  const auto no_number = [](std::string_view, double) {};
  SockStats sockets;
  std::vector<SoftnetStat> softnet;
  std::vector<SchedStat> sched;
  std::vector<MdArray> arrays;
  switch (data[0]) {
    case 'n':
      (void)ParseSnmp(text, no_sink);
      break;
    case '6':
      (void)ParseSnmp6(text, no_sink);
      break;
    case 's':
      (void)ParseSockStat(text, sockets);
      break;
    case 'o':
      (void)ParseSoftnetStat(text, softnet);
      break;
    case 'c':
      (void)ParseConntrackStat(text);
      break;
    case 'u':
      (void)ParseUdpQueues(text);
      break;
    case 'd':
      (void)ParseSchedStat(text, sched);
      break;
    case 'm':
      (void)ParseMdStat(text, arrays);
      break;
    case 'v':
      (void)ParseIpVs(text);
      (void)ParseIpVsStats(text);
      break;
    case 'r':
      (void)ParseRpcStats(text);
      break;
    case 'x':
      (void)ParseXfsStats(text);
      break;
    case 'k':
      (void)ParseKstat(text, no_number, [](std::string_view) {});
      (void)ParseKstatIo(text, no_number);
      break;
    case 'z':
      (void)ParseHumanSize(text);
      (void)ParseBcacheSize(text);
      break;
    case 't':
      (void)ParseTextFamilies(text);
      break;
    case 'h':
      (void)ParseSensorFile(text);
      (void)CleanMetricName(text);
      (void)SanitizeMetricName(text);
      break;
    default:
      break;
  }
  return 0;
}
