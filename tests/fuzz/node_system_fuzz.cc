// Parsers of what tells about processes, processors and services; the first byte chooses one.
// Property: no crash, and what comes out points into the input.
#include <cassert>
#include <cstdint>

#include "exporters/node/network/ethtool_names.h"
#include "exporters/node/network/net_class.h"
#include "exporters/node/processor/interrupt_table.h"
#include "exporters/node/processor/perf_event.h"
#include "exporters/node/system/http_post.h"
#include "exporters/node/system/ntp_packet.h"
#include "exporters/node/system/process_stat.h"
#include "exporters/node/system/runit_status.h"
#include "exporters/node/system/systemd_version.h"
#include "exporters/node/system/xml_rpc.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace drover::exporters::node;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::vector<Interrupt> interrupts;
  switch (data[0]) {
    case 'i':
      if (!ParseInterrupts(text, interrupts)) break;
      for (const Interrupt& one : interrupts) {
        assert(one.name.empty() ||
               (one.name.data() >= text.data() &&
                one.name.data() + one.name.size() <= text.data() + text.size()));
        assert(one.counts.size() == interrupts.front().counts.size());
      }
      break;
    case 'p':
      (void)ParseProcessStat(text);
      break;
    case 'x':
      (void)ParseSysfsNumber(text);
      break;
    case 'e':
      (void)EthtoolMetricName(SanitizeMetricName(text));
      break;
    case 'n':
      if (const auto packet = ParseNtpPacket(text)) (void)EvaluateNtp(*packet, 1, 2);
      break;
    case 'r':
      (void)ParseRunitStatus(text);
      break;
    case 'm':
      (void)ParseXmlRpcResponse(text);
      break;
    case 'h':
      if (const auto body = ParseHttpAnswer(text, true)) assert(body->size() <= text.size());
      break;
    case 'u':
      (void)ParsePostTarget(text);
      break;
    case 'v':
      (void)ParseSystemdVersion(text);
      break;
    case 'c':
      (void)ParsePerfCpus(text);
      break;
    default:
      break;
  }
  return 0;
}
