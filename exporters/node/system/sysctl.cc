#include <algorithm>

#include "core/base/numbers.h"
#include "exporters/common/fields.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"

namespace drover::exporters::node {
namespace {

constexpr MetricDesc kInfo{"node_sysctl_info", "sysctl info", MetricType::kGauge,
                           "name,value,index"};

// "fs.file-nr:total,current,max".
struct Wanted {
  std::string name;
  std::string path;               // below /proc/sys
  std::vector<std::string> keys;  // of the fields; empty: numbered
  std::string metric;             // node_sysctl_fs_file_nr
  bool has_keys = false;
};

// Runs of what a metric name may not have become one underscore.
std::string MetricName(std::string_view name) {
  std::string out = "node_sysctl_";
  const std::size_t prefix = out.size();
  for (const char c : name) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (plain) {
      out += c;
    } else if (out.size() == prefix || out.back() != '_') {
      out += '_';
    }
  }
  return out;
}

Result<Wanted> ParseWanted(const std::string& text, std::string_view flag) {
  Wanted wanted;
  const std::size_t colon = text.find(':');
  wanted.name = text.substr(0, colon);
  const bool leaves_tree = wanted.name.find("..") != std::string::npos;
  if (wanted.name.empty() || wanted.name.front() == '/' || leaves_tree) {
    return Fail(ErrorCode::kInvalid, "--collector." + std::string(flag) +
                                         ": not the name of a sysctl: \"" + text + "\"");
  }
  wanted.path = "sys/" + wanted.name;
  std::replace(wanted.path.begin(), wanted.path.end(), '.', '/');
  wanted.metric = MetricName(wanted.name);
  if (colon == std::string::npos) return wanted;
  wanted.has_keys = true;
  for (std::string_view rest = std::string_view(text).substr(colon + 1);;) {
    const std::size_t comma = rest.find(',');
    wanted.keys.emplace_back(rest.substr(0, comma));
    if (comma == std::string_view::npos) return wanted;
    rest.remove_prefix(comma + 1);
  }
}

class Sysctl final : public Collector {
 public:
  Sysctl(const CollectorInput& input, std::vector<Wanted> numbers, std::vector<Wanted> infos)
      : proc_(input.roots.proc), numbers_(std::move(numbers)), infos_(std::move(infos)) {}

  Status Collect(MetricSink& out) override {
    for (const Wanted& wanted : numbers_) {
      DROVER_CHECK(Read(wanted));
      DROVER_CHECK(AddNumbers(wanted, out));
    }
    for (const Wanted& wanted : infos_) {
      DROVER_CHECK(Read(wanted));
      for (std::size_t i = 0; i < fields_.size(); ++i)
        out.Add(kInfo, {wanted.name, fields_[i], std::to_string(i)}, 1);
    }
    return {};
  }

 private:
  Status Read(const Wanted& wanted) {
    DROVER_CHECK(proc_->ReadFile(wanted.path, text_));
    fields_.clear();
    std::replace(text_.begin(), text_.end(), '\n', ' ');
    std::string_view rest = text_;
    for (std::string_view field = NextField(rest); !field.empty(); field = NextField(rest))
      fields_.push_back(field);
    if (fields_.empty())
      return Fail(ErrorCode::kInvalid, "sysctl " + wanted.name + " has no values");
    return {};
  }

  Status AddNumbers(const Wanted& wanted, MetricSink& out) {
    values_.clear();
    for (const std::string_view field : fields_) {
      const auto value = ParseInt(field);
      if (!value) {
        return Fail(ErrorCode::kInvalid, "sysctl " + wanted.name + " is not a number: " +
                                             std::string(field.substr(0, 40)));
      }
      values_.push_back(static_cast<double>(*value));
    }
    const std::string help = "sysctl " + wanted.name;
    if (wanted.has_keys) {
      if (values_.size() == 1 || values_.size() != wanted.keys.size()) {
        return Fail(ErrorCode::kInvalid,
                    "sysctl " + wanted.name + " has " + std::to_string(values_.size()) +
                        " values, but " + std::to_string(wanted.keys.size()) + " keys were given");
      }
      for (std::size_t i = 0; i < values_.size(); ++i) {
        out.Add(descs_.Get(wanted.metric + "_" + wanted.keys[i],
                           help + ", field " + std::to_string(i), MetricType::kUnknown),
                values_[i]);
      }
    } else if (values_.size() == 1) {
      out.Add(descs_.Get(wanted.metric, help, MetricType::kUnknown), values_.front());
    } else {
      for (std::size_t i = 0; i < values_.size(); ++i)
        out.Add(descs_.Get(wanted.metric, help, MetricType::kUnknown, "index"), {std::to_string(i)},
                values_[i]);
    }
    return {};
  }

  const std::shared_ptr<FileSystem> proc_;
  const std::vector<Wanted> numbers_, infos_;
  std::string text_;
  std::vector<std::string_view> fields_;  // views into text_
  std::vector<double> values_;
  DescPool descs_;
};

Result<std::vector<Wanted>> ParseList(const CollectorInput& input, std::string_view flag) {
  std::vector<Wanted> out;
  for (const std::string& text : input.flags.List(flag)) {
    DROVER_TRY(Wanted wanted, ParseWanted(text, flag));
    out.push_back(std::move(wanted));
  }
  return out;
}

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  DROVER_TRY(auto numbers, ParseList(input, "sysctl.include"));
  DROVER_TRY(auto infos, ParseList(input, "sysctl.include-info"));
  for (const Wanted& one : infos) {
    if (one.has_keys)
      return Fail(ErrorCode::kInvalid,
                  "--collector.sysctl.include-info: keys are for numbers: " + one.name);
  }
  return std::make_unique<Sysctl>(input, std::move(numbers), std::move(infos));
}

}  // namespace

CollectorSpec SysctlSpec() {
  using enum CollectorFlag::Kind;
  return {"sysctl",
          false,
          "Values of kernel parameters, as asked for.",
          "/proc/sys/<name>",
          {{"sysctl.include", kList, "", "Select sysctl metrics to include"},
           {"sysctl.include-info", kList, "", "Select sysctl metrics to include as info metrics"}},
          Make,
          {"node_sysctl_*"}};
}

}  // namespace drover::exporters::node
