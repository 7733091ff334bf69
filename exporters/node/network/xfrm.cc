#include <algorithm>

#include "core/os/hot_file.h"
#include "exporters/node/collectors.h"
#include "exporters/node/network/kernel_counters.h"

namespace drover::exporters::node {
namespace {

constexpr auto kCounter = MetricType::kCounter;
struct Counter {
  std::string_view name;
  MetricDesc desc;
};
constexpr Counter kCounters[] = {
    {"XfrmInError",
     {"node_xfrm_in_error_packets_total", "All errors not matched by other", kCounter, ""}},
    {"XfrmInBufferError",
     {"node_xfrm_in_buffer_error_packets_total", "No buffer is left", kCounter, ""}},
    {"XfrmInHdrError", {"node_xfrm_in_hdr_error_packets_total", "Header error", kCounter, ""}},
    {"XfrmInNoStates",
     {"node_xfrm_in_no_states_packets_total",
      "No state is found i.e. Either inbound SPI, address, or IPsec protocol at SA is wrong",
      kCounter, ""}},
    {"XfrmInStateProtoError",
     {"node_xfrm_in_state_proto_error_packets_total",
      "Transformation protocol specific error e.g. SA key is wrong", kCounter, ""}},
    {"XfrmInStateModeError",
     {"node_xfrm_in_state_mode_error_packets_total", "Transformation mode specific error", kCounter,
      ""}},
    {"XfrmInStateSeqError",
     {"node_xfrm_in_state_seq_error_packets_total",
      "Sequence error i.e. Sequence number is out of window", kCounter, ""}},
    {"XfrmInStateExpired",
     {"node_xfrm_in_state_expired_packets_total", "State is expired", kCounter, ""}},
    {"XfrmInStateMismatch",
     {"node_xfrm_in_state_mismatch_packets_total",
      "State has mismatch option e.g. UDP encapsulation type is mismatch", kCounter, ""}},
    {"XfrmInStateInvalid",
     {"node_xfrm_in_state_invalid_packets_total", "State is invalid", kCounter, ""}},
    {"XfrmInTmplMismatch",
     {"node_xfrm_in_tmpl_mismatch_packets_total",
      "No matching template for states e.g. Inbound SAs are correct but SP rule is wrong", kCounter,
      ""}},
    {"XfrmInNoPols",
     {"node_xfrm_in_no_pols_packets_total",
      "No policy is found for states e.g. Inbound SAs are correct but no SP is found", kCounter,
      ""}},
    {"XfrmInPolBlock", {"node_xfrm_in_pol_block_packets_total", "Policy discards", kCounter, ""}},
    {"XfrmInPolError", {"node_xfrm_in_pol_error_packets_total", "Policy error", kCounter, ""}},
    {"XfrmOutError",
     {"node_xfrm_out_error_packets_total", "All errors which is not matched others", kCounter, ""}},
    {"XfrmOutBundleGenError",
     {"node_xfrm_out_bundle_gen_error_packets_total", "Bundle generation error", kCounter, ""}},
    {"XfrmOutBundleCheckError",
     {"node_xfrm_out_bundle_check_error_packets_total", "Bundle check error", kCounter, ""}},
    {"XfrmOutNoStates",
     {"node_xfrm_out_no_states_packets_total", "No state is found", kCounter, ""}},
    {"XfrmOutStateProtoError",
     {"node_xfrm_out_state_proto_error_packets_total", "Transformation protocol specific error",
      kCounter, ""}},
    {"XfrmOutStateModeError",
     {"node_xfrm_out_state_mode_error_packets_total", "Transformation mode specific error",
      kCounter, ""}},
    {"XfrmOutStateSeqError",
     {"node_xfrm_out_state_seq_error_packets_total", "Sequence error i.e. Sequence number overflow",
      kCounter, ""}},
    {"XfrmOutStateExpired",
     {"node_xfrm_out_state_expired_packets_total", "State is expired", kCounter, ""}},
    {"XfrmOutPolBlock", {"node_xfrm_out_pol_block_packets_total", "Policy discards", kCounter, ""}},
    {"XfrmOutPolDead", {"node_xfrm_out_pol_dead_packets_total", "Policy is dead", kCounter, ""}},
    {"XfrmOutPolError", {"node_xfrm_out_pol_error_packets_total", "Policy error", kCounter, ""}},
    {"XfrmFwdHdrError",
     {"node_xfrm_fwd_hdr_error_packets_total", "Forward routing of a packet is not allowed",
      kCounter, ""}},
    {"XfrmOutStateInvalid",
     {"node_xfrm_out_state_invalid_packets_total", "State is invalid, perhaps expired", kCounter,
      ""}},
    {"XfrmAcquireError",
     {"node_xfrm_acquire_error_packets_total", "State hasn’t been fully acquired before use",
      kCounter, ""}},
};

class Xfrm final : public Collector {
 public:
  explicit Xfrm(const CollectorInput& input) : file_(*input.roots.proc, "net/xfrm_stat") {}

  Status Collect(MetricSink& out) override {
    DROVER_CHECK(file_.Read(text_));
    std::size_t seen = 0;
    DROVER_CHECK(ParseXfrmStat(text_, [&](std::string_view name, double value) {
      const auto counter = std::find_if(std::begin(kCounters), std::end(kCounters),
                                        [&](const Counter& one) { return one.name == name; });
      if (counter == std::end(kCounters)) return;
      out.Add(counter->desc, value);
      ++seen;
    }));
    if (seen == 0) return Fail(ErrorCode::kInvalid, "xfrm_stat: no known counter in it");
    return {};
  }

 private:
  HotFile file_;
  std::string text_;
};

std::vector<std::string_view> Names() {
  std::vector<std::string_view> names;
  for (const Counter& one : kCounters) names.push_back(one.desc.name);
  return names;
}

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<Xfrm>(input);
}

}  // namespace

CollectorSpec XfrmSpec() {
  return {"xfrm", false, "Errors of IPsec packets.", "/proc/net/xfrm_stat", {}, Make, Names()};
}

}  // namespace drover::exporters::node
