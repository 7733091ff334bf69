#include <linux/perf_event.h>
#include <unistd.h>

#include <algorithm>

#include "core/base/numbers.h"
#include "core/os/file_system.h"
#include "exporters/common/fields.h"
#include "exporters/node/collectors.h"
#include "exporters/node/processor/perf_event.h"

namespace drover::exporters::node {
namespace {

// name: of --collector.perf.*-profilers
struct Profiler {
  std::string_view name;
  PerfEvent event;
  MetricDesc desc;
};

constexpr PerfEvent Hardware(std::uint64_t id) { return {PERF_TYPE_HARDWARE, id}; }
constexpr PerfEvent Software(std::uint64_t id) { return {PERF_TYPE_SOFTWARE, id}; }
constexpr PerfEvent Cache(std::uint64_t id, std::uint64_t operation, std::uint64_t result) {
  return {PERF_TYPE_HW_CACHE, id | operation << 8 | result << 16};
}
constexpr std::uint64_t kRead = PERF_COUNT_HW_CACHE_OP_READ, kWrite = PERF_COUNT_HW_CACHE_OP_WRITE,
                        kHit = PERF_COUNT_HW_CACHE_RESULT_ACCESS,
                        kMiss = PERF_COUNT_HW_CACHE_RESULT_MISS;

constexpr MetricDesc Total(std::string_view name, std::string_view help) {
  return {name, help, MetricType::kCounter, "cpu"};
}

constexpr Profiler kHardware[] = {
    {"CpuCycles", Hardware(PERF_COUNT_HW_CPU_CYCLES),
     Total("node_perf_cpucycles_total", "Number of CPU cycles (frequency scaled)")},
    {"CpuInstr", Hardware(PERF_COUNT_HW_INSTRUCTIONS),
     Total("node_perf_instructions_total", "Number of CPU instructions")},
    {"CacheRef", Hardware(PERF_COUNT_HW_CACHE_REFERENCES),
     Total("node_perf_cache_refs_total", "Number of cache references (non frequency scaled)")},
    {"CacheMisses", Hardware(PERF_COUNT_HW_CACHE_MISSES),
     Total("node_perf_cache_misses_total", "Number of cache misses")},
    {"BranchInstr", Hardware(PERF_COUNT_HW_BRANCH_INSTRUCTIONS),
     Total("node_perf_branch_instructions_total", "Number of CPU branch instructions")},
    {"BranchMisses", Hardware(PERF_COUNT_HW_BRANCH_MISSES),
     Total("node_perf_branch_misses_total", "Number of CPU branch misses")},
    {"StalledCyclesBackend", Hardware(PERF_COUNT_HW_STALLED_CYCLES_BACKEND),
     Total("node_perf_stalled_cycles_backend_total", "Number of stalled backend CPU cycles")},
    {"StalledCyclesFrontend", Hardware(PERF_COUNT_HW_STALLED_CYCLES_FRONTEND),
     Total("node_perf_stalled_cycles_frontend_total", "Number of stalled frontend CPU cycles")},
    {"RefCpuCycles", Hardware(PERF_COUNT_HW_REF_CPU_CYCLES),
     Total("node_perf_ref_cpucycles_total", "Number of CPU cycles")},
};
constexpr Profiler kSoftware[] = {
    {"PageFault", Software(PERF_COUNT_SW_PAGE_FAULTS),
     Total("node_perf_page_faults_total", "Number of page faults")},
    {"ContextSwitch", Software(PERF_COUNT_SW_CONTEXT_SWITCHES),
     Total("node_perf_context_switches_total", "Number of context switches")},
    {"CpuMigration", Software(PERF_COUNT_SW_CPU_MIGRATIONS),
     Total("node_perf_cpu_migrations_total", "Number of CPU process migrations")},
    {"MinorFault", Software(PERF_COUNT_SW_PAGE_FAULTS_MIN),
     Total("node_perf_minor_faults_total", "Number of minor page faults")},
    {"MajorFault", Software(PERF_COUNT_SW_PAGE_FAULTS_MAJ),
     Total("node_perf_major_faults_total", "Number of major page faults")},
};
constexpr Profiler kCache[] = {
    {"L1DataReadHit", Cache(PERF_COUNT_HW_CACHE_L1D, kRead, kHit),
     Total("node_perf_cache_l1d_read_hits_total", "Number L1 data cache read hits")},
    {"L1DataReadMiss", Cache(PERF_COUNT_HW_CACHE_L1D, kRead, kMiss),
     Total("node_perf_cache_l1d_read_misses_total", "Number L1 data cache read misses")},
    {"L1DataWriteHit", Cache(PERF_COUNT_HW_CACHE_L1D, kWrite, kHit),
     Total("node_perf_cache_l1d_write_hits_total", "Number L1 data cache write hits")},
    {"L1InstrReadMiss", Cache(PERF_COUNT_HW_CACHE_L1I, kRead, kMiss),
     Total("node_perf_cache_l1_instr_read_misses_total",
           "Number instruction L1 instruction read misses")},
    {"LLReadHit", Cache(PERF_COUNT_HW_CACHE_LL, kRead, kHit),
     Total("node_perf_cache_ll_read_hits_total", "Number last level read hits")},
    {"LLReadMiss", Cache(PERF_COUNT_HW_CACHE_LL, kRead, kMiss),
     Total("node_perf_cache_ll_read_misses_total", "Number last level read misses")},
    {"LLWriteHit", Cache(PERF_COUNT_HW_CACHE_LL, kWrite, kHit),
     Total("node_perf_cache_ll_write_hits_total", "Number last level write hits")},
    {"LLWriteMiss", Cache(PERF_COUNT_HW_CACHE_LL, kWrite, kMiss),
     Total("node_perf_cache_ll_write_misses_total", "Number last level write misses")},
    {"InstrTLBReadHit", Cache(PERF_COUNT_HW_CACHE_ITLB, kRead, kHit),
     Total("node_perf_cache_tlb_instr_read_hits_total", "Number instruction TLB read hits")},
    {"InstrTLBReadMiss", Cache(PERF_COUNT_HW_CACHE_ITLB, kRead, kMiss),
     Total("node_perf_cache_tlb_instr_read_misses_total", "Number instruction TLB read misses")},
    {"BPUReadHit", Cache(PERF_COUNT_HW_CACHE_BPU, kRead, kHit),
     Total("node_perf_cache_bpu_read_hits_total", "Number BPU read hits")},
    {"BPUReadMiss", Cache(PERF_COUNT_HW_CACHE_BPU, kRead, kMiss),
     Total("node_perf_cache_bpu_read_misses_total", "Number BPU read misses")},
    {"DataTLBReadHit", Cache(PERF_COUNT_HW_CACHE_DTLB, kRead, kHit),
     Total("node_perf_cache_tlb_data_read_hits_total", "Number of data TLB read hits")},
    {"DataTLBReadMiss", Cache(PERF_COUNT_HW_CACHE_DTLB, kRead, kMiss),
     Total("node_perf_cache_tlb_data_read_misses_total", "Number of data TLB read misses")},
    {"DataTLBWriteHit", Cache(PERF_COUNT_HW_CACHE_DTLB, kWrite, kHit),
     Total("node_perf_cache_tlb_data_write_hits_total", "Number of data TLB write hits")},
    {"DataTLBWriteMiss", Cache(PERF_COUNT_HW_CACHE_DTLB, kWrite, kMiss),
     Total("node_perf_cache_tlb_data_write_misses_total", "Number of data TLB write misses")},
};

struct Tracepoint {
  std::string group, name;
};

// What cannot be opened (the processor or the kernel lacks it, an offline CPU) is left out; the
// collector fails only when nothing could be.
class Perf final : public Collector {
 public:
  Perf(const CollectorInput& input, std::vector<int> cpus) : sys_(input.roots.sys) {
    for (const int cpu : cpus) cpus_.push_back({cpu, std::to_string(cpu), {}});
  }

  void Open(const MetricDesc& desc, const PerfEvent& event) {
    for (Cpu& cpu : cpus_) {
      auto counter = PerfCounter::Open(event, cpu.number);
      if (counter) {
        cpu.counters.push_back({&desc, *std::move(counter)});
        opened_ = true;
      } else if (failure_.error().code() == ErrorCode::kUnsupported) {
        failure_ = Fail(std::move(counter).error());
      }
    }
  }

  Status Open(const Tracepoint& point) {
    const auto id = TracepointId(point);
    if (!id) {
      failure_ = Fail(id.error());
      return failure_;
    }
    constexpr std::string_view kHelp = "Perf tracepoint ";
    Open(tracepoints_.Get(point.group + "_" + point.name,
                          std::string(kHelp) + point.group + ":" + point.name),
         {PERF_TYPE_TRACEPOINT, *id});
    return {};
  }

  Status Collect(MetricSink& out) override {
    if (!opened_) return failure_;
    for (const Cpu& cpu : cpus_) {
      for (const Counter& one : cpu.counters) {
        const auto value = one.counter.Read();
        if (value) out.Add(*one.desc, {cpu.label}, static_cast<double>(*value));
      }
    }
    return {};
  }

 private:
  struct Counter {
    const MetricDesc* desc;
    PerfCounter counter;
  };
  struct Cpu {
    int number;
    std::string label;
    std::vector<Counter> counters;
  };
  // Families named by flags.
  class Families {
   public:
    const MetricDesc& Get(const std::string& name, std::string help) {
      auto& family = families_.emplace_back(std::make_unique<Family>());
      family->name = "node_perf_" + name;
      family->help = std::move(help);
      family->desc = Total(family->name, family->help);
      return family->desc;
    }

   private:
    struct Family {
      std::string name, help;
      MetricDesc desc;
    };
    std::vector<std::unique_ptr<Family>> families_;
  };

  Result<std::uint64_t> TracepointId(const Tracepoint& point) {
    std::string text;
    const std::string path = "events/" + point.group + "/" + point.name + "/id";
    if (!sys_->ReadFile("kernel/tracing/" + path, text))
      DROVER_CHECK(sys_->ReadFile("kernel/debug/tracing/" + path, text));
    const auto id = ParseUint(Trim(text));
    if (!id) return Fail(ErrorCode::kInvalid, "perf: not a tracepoint's id: " + path);
    return *id;
  }

  const std::shared_ptr<FileSystem> sys_;
  std::vector<Cpu> cpus_;
  Families tracepoints_;
  bool opened_ = false;
  Status failure_ = Fail(ErrorCode::kUnsupported, "perf: no event of this kind here");
};

Result<std::vector<Tracepoint>> ParseTracepoints(const std::vector<std::string>& texts) {
  std::vector<Tracepoint> points;
  for (const std::string& text : texts) {
    const std::size_t colon = text.find(':');
    const bool is_name = std::all_of(text.begin(), text.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '_' || c == ':';
    });
    if (!is_name || colon == std::string::npos || colon == 0 || colon + 1 == text.size() ||
        text.find(':', colon + 1) != std::string::npos)
      return Fail(ErrorCode::kInvalid, "--collector.perf.tracepoint: not group:event: " + text);
    points.push_back({text.substr(0, colon), text.substr(colon + 1)});
  }
  return points;
}

void OpenChosen(const CollectorInput& input, std::span<const Profiler> known, std::string_view kind,
                Perf& perf) {
  if (input.flags.Switch("perf.disable-" + std::string(kind) + "-profilers")) return;
  const auto& names = input.flags.List("perf." + std::string(kind) + "-profilers");
  for (const std::string& name : names) {
    if (std::none_of(known.begin(), known.end(), [&](const auto& p) { return p.name == name; }))
      input.log.Warn("unknown profiler", {{"kind", kind}, {"name", name}});
  }
  for (const Profiler& profiler : known) {
    if (names.empty() || std::find(names.begin(), names.end(), profiler.name) != names.end())
      perf.Open(profiler.desc, profiler.event);
  }
}

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  std::vector<int> cpus;
  if (const std::string& text = input.flags.Text("perf.cpus"); !text.empty()) {
    auto parsed = ParsePerfCpus(text);
    if (!parsed) return Fail(std::move(parsed).error().With("--collector.perf.cpus"));
    cpus = *std::move(parsed);
  } else {
    const long count = ::sysconf(_SC_NPROCESSORS_CONF);
    for (int cpu = 0; cpu < count; ++cpu) cpus.push_back(cpu);
  }
  DROVER_TRY(const auto tracepoints, ParseTracepoints(input.flags.List("perf.tracepoint")));
  auto perf = std::make_unique<Perf>(input, std::move(cpus));
  OpenChosen(input, kHardware, "hardware", *perf);
  OpenChosen(input, kSoftware, "software", *perf);
  OpenChosen(input, kCache, "cache", *perf);
  for (const Tracepoint& point : tracepoints) {
    if (const auto status = perf->Open(point); !status)
      input.log.Warn("tracepoint left out", {{"err", status.error().message()}});
  }
  return perf;
}

}  // namespace

CollectorSpec PerfSpec() {
  using enum CollectorFlag::Kind;
  CollectorSpec spec{
      "perf",
      false,
      "Counters of processors and the kernel by perf events.",
      "perf_event_open, on every CPU",
      {{"perf.cpus", kText, "", "List of CPUs from which perf metrics should be collected"},
       {"perf.tracepoint", kList, "", "perf tracepoint that should be collected"},
       {"perf.disable-hardware-profilers", kSwitch, "false", "disable perf hardware profilers"},
       {"perf.hardware-profilers", kList, "", "perf hardware profilers that should be collected"},
       {"perf.disable-software-profilers", kSwitch, "false", "disable perf software profilers"},
       {"perf.software-profilers", kList, "", "perf software profilers that should be collected"},
       {"perf.disable-cache-profilers", kSwitch, "false", "disable perf cache profilers"},
       {"perf.cache-profilers", kList, "", "perf cache profilers that should be collected"}},
      Make,
      {"node_perf_*"}};
  for (const std::span<const Profiler> kind :
       {std::span<const Profiler>(kHardware), std::span<const Profiler>(kSoftware),
        std::span<const Profiler>(kCache)}) {
    for (const Profiler& profiler : kind) spec.metrics.push_back(profiler.desc.name);
  }
  return spec;
}

}  // namespace drover::exporters::node
