#include "core/os/hot_file.h"
#include "exporters/common/name_filter.h"
#include "exporters/node/collectors.h"
#include "exporters/node/processor/interrupt_table.h"

namespace drover::exporters::node {
namespace {

constexpr MetricDesc kTotal{"node_interrupts_total", "Interrupt details.", MetricType::kCounter,
                            "cpu,type,info,devices"};

class Interrupts final : public Collector {
 public:
  Interrupts(const CollectorInput& input, NameFilter filter)
      : file_(*input.roots.proc, "interrupts"),
        filter_(std::move(filter)),
        with_zeros_(input.flags.Switch("interrupts.include-zeros")) {}

  Status Collect(MetricSink& out) override {
    DROVER_CHECK(file_.Read(text_));
    DROVER_CHECK(ParseInterrupts(text_, interrupts_));
    for (const Interrupt& one : interrupts_) {
      name_.assign(one.name).append(";").append(one.info).append(";").append(one.devices);
      if (!filter_.Passes(name_)) continue;
      for (std::size_t cpu = 0; cpu < one.counts.size(); ++cpu) {
        if (cpu == cpu_labels_.size()) cpu_labels_.push_back(std::to_string(cpu));
        if (!with_zeros_ && one.counts[cpu] == 0) continue;
        out.Add(kTotal, {cpu_labels_[cpu], one.name, one.info, one.devices}, one.counts[cpu]);
      }
    }
    return {};
  }

 private:
  HotFile file_;
  NameFilter filter_;
  const bool with_zeros_;
  std::vector<Interrupt> interrupts_;
  std::vector<std::string> cpu_labels_;
  std::string text_;
  std::string name_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  DROVER_TRY(auto filter,
             NameFilter::Make(input.flags, "interrupts.name-include", "interrupts.name-exclude"));
  return std::make_unique<Interrupts>(input, std::move(filter));
}

}  // namespace

CollectorSpec InterruptsSpec() {
  using enum CollectorFlag::Kind;
  return {
      "interrupts",
      false,
      "Interrupts by CPU and device; the filters see \"name;info;devices\".",
      "/proc/interrupts",
      {{"interrupts.name-include", kText, "",
        "Regexp of interrupts name to include (mutually exclusive to "
        "--collector.interrupts.name-exclude)."},
       {"interrupts.name-exclude", kText, "",
        "Regexp of interrupts name to exclude (mutually exclusive to "
        "--collector.interrupts.name-include)."},
       {"interrupts.include-zeros", kSwitch, "true", "Include interrupts that have a zero value"}},
      Make,
      {"node_interrupts_total"}};
}

}  // namespace drover::exporters::node
