#include <errno.h>
#include <sys/utsname.h>

#include "exporters/node/collectors.h"
#include "exporters/node/families.h"

namespace drover::exporters::node {
namespace {

constexpr MetricDesc kInfo{
    "node_uname_info", "Labeled system information as provided by the uname system call.",
    MetricType::kGauge, "sysname,release,version,machine,nodename,domainname"};

class Uname final : public Collector {
 public:
  Status Collect(MetricSink& out) override {
    utsname u{};
    if (::uname(&u) != 0) return FailErrno(errno, "uname");
#ifdef _GNU_SOURCE
    const char* const domain = u.domainname;
#else
    const char* const domain = u.__domainname;
#endif
    out.Add(kInfo, {u.sysname, u.release, u.version, u.machine, u.nodename, domain}, 1);
    return {};
  }
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput&) { return std::make_unique<Uname>(); }

}  // namespace

CollectorSpec UnameSpec() {
  return {"uname", true, "Kernel and host name: uname(2).", "uname(2)", {}, Make, NamesOf(kInfo)};
}

}  // namespace drover::exporters::node
