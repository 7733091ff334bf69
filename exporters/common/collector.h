// One subsystem's metrics, and the table entry that says how it is called, switched and made.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/result.h"
#include "core/os/file_system.h"
#include "exporters/common/metric.h"

namespace drover::exporters {

// Collect runs once per page, one thread at a time (not always the same thread). Samples added
// before an error are kept.
class Collector {
 public:
  virtual ~Collector() = default;
  // kNotFound and kUnsupported say that this host has nothing of the kind: reported as success 0
  // like every error, but not worth a warning.
  virtual Status Collect(MetricSink& out) = 0;
};

// --collector.NAME or --collector.NAME=VALUE.
struct CollectorFlag {
  enum class Kind { kSwitch, kText, kList };  // a list: the flag may be repeated
  std::string_view name;                      // "cpu.info.flags-include"
  Kind kind = Kind::kText;
  std::string_view default_text{};  // "true" or "false" for a switch; a list begins empty
  std::string_view help{};
  bool hidden = false;
  std::string_view replaced_by{};  // an old name: gives its value to this flag, with a warning
};

// The values of all collectors' flags, by the flag's name. Immutable while collectors are made.
class FlagValues {
 public:
  void Set(std::string_view name, std::string_view text, bool given) {
    values_[std::string(name)] = {std::string(text), given, {}};
  }
  void SetList(std::string_view name, std::vector<std::string> list, bool given) {
    values_[std::string(name)] = {{}, given, std::move(list)};
  }
  const std::string& Text(std::string_view name) const { return Find(name).text; }
  const std::vector<std::string>& List(std::string_view name) const { return Find(name).list; }
  bool Switch(std::string_view name) const { return Find(name).text == "true"; }
  bool Given(std::string_view name) const { return Find(name).given; }  // not the default

 private:
  struct Value {
    std::string text;
    bool given = false;
    std::vector<std::string> list;
  };
  const Value& Find(std::string_view name) const;
  std::map<std::string, Value, std::less<>> values_;
};

// The four trees collectors read. Shared, because a collector that hangs may outlive its runner.
struct Roots {
  std::shared_ptr<FileSystem> proc;
  std::shared_ptr<FileSystem> sys;
  std::shared_ptr<FileSystem> root;
  std::shared_ptr<FileSystem> udev;
  std::string rootfs = "/";  // --path.rootfs, to be taken off mount points
};
Roots MakeRoots(std::string procfs, std::string sysfs, std::string rootfs, std::string udev);

struct CollectorInput {
  Roots roots;
  const FlagValues& flags;
  const Logger& log;   // outlives the collector
  const Clock& clock;  // outlives the collector
};

struct CollectorSpec {
  std::string_view name;
  bool default_on;
  std::string_view help;
  std::string_view source;  // files, system calls: for the documentation
  std::vector<CollectorFlag> flags;
  // kInvalid: flags that contradict each other or do not parse, a start-up error.
  Result<std::unique_ptr<Collector>> (*make)(const CollectorInput&);
  // Every family it can make. "node_vmstat_*": names that the kernel decides.
  std::vector<std::string_view> metrics{};
};

}  // namespace drover::exporters
