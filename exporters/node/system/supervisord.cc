#include <stdlib.h>

#include "core/base/numbers.h"
#include "exporters/node/collectors.h"
#include "exporters/node/system/http_post.h"
#include "exporters/node/system/xml_rpc.h"

namespace drover::exporters::node {
namespace {

constexpr auto kGauge = MetricType::kGauge;
constexpr MetricDesc kUp{"node_supervisord_up", "Process Up", kGauge, "name,group"};
constexpr MetricDesc kState{"node_supervisord_state", "Process State", kGauge, "name,group"};
constexpr MetricDesc kExit{"node_supervisord_exit_status", "Process Exit Status", kGauge,
                           "name,group"};
constexpr MetricDesc kStart{"node_supervisord_start_time_seconds", "Process start time",
                            MetricType::kCounter, "name,group"};

constexpr std::chrono::milliseconds kTimeout{1500};

class Supervisord final : public Collector {
 public:
  explicit Supervisord(PostTarget target) : target_(std::move(target)) {}

  Status Collect(MetricSink& out) override {
    constexpr std::string_view kQuestion =
        "<?xml version=\"1.0\"?><methodCall><methodName>supervisor.getAllProcessInfo</methodName>"
        "<params></params></methodCall>";
    const auto answer = HttpPost(target_, "text/xml", kQuestion, kTimeout);
    if (!answer) return Fail(answer.error().With("supervisord"));
    DROVER_TRY(const XmlRpcValue processes, ParseXmlRpcResponse(*answer));
    for (const XmlRpcValue& process : processes.items) Emit(process, out);
    return {};
  }

 private:
  static std::string Text(const XmlRpcValue& process, std::string_view member) {
    const XmlRpcValue* found = process.Find(member);
    return found == nullptr ? "" : found->text;
  }
  static std::int64_t Number(const XmlRpcValue& process, std::string_view member) {
    return ParseInt(Text(process, member)).value_or(0);
  }

  static void Emit(const XmlRpcValue& process, MetricSink& out) {
    constexpr std::int64_t kStarting = 10, kRunning = 20, kStopping = 40;
    const std::string name = Text(process, "name"), group = Text(process, "group");
    const std::int64_t state = Number(process, "state");
    const bool is_up = state == kStarting || state == kRunning || state == kStopping;
    out.Add(kState, {name, group}, static_cast<double>(state));
    out.Add(kExit, {name, group}, static_cast<double>(Number(process, "exitstatus")));
    out.Add(kUp, {name, group}, is_up ? 1 : 0);
    if (is_up) out.Add(kStart, {name, group}, static_cast<double>(Number(process, "start")));
  }

  const PostTarget target_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  std::string url = input.flags.Text("supervisord.url");
  // NOLINTNEXTLINE(concurrency-mt-unsafe): collectors are made before threads start
  const char* from_environment = ::getenv("SUPERVISORD_URL");
  if (!input.flags.Given("supervisord.url") && from_environment != nullptr) url = from_environment;
  auto target = ParsePostTarget(url);
  if (!target) return Fail(std::move(target).error().With("--collector.supervisord.url"));
  input.log.Warn("deprecated collector: upstream will take it out", {{"name", "supervisord"}});
  return std::make_unique<Supervisord>(*std::move(target));
}

}  // namespace

CollectorSpec SupervisordSpec() {
  using enum CollectorFlag::Kind;
  return {"supervisord",
          false,
          "Processes under supervisord (deprecated). https:// is not supported.",
          "XML-RPC over http:// or unix://",
          {{"supervisord.url", kText, "http://localhost:9001/RPC2",
            "XML RPC endpoint. ($SUPERVISORD_URL)"}},
          Make,
          {kUp.name, kState.name, kExit.name, kStart.name}};
}

}  // namespace drover::exporters::node
