#include <algorithm>
#include <cmath>
#include <filesystem>

#include <fnmatch.h>

#include "core/base/numbers.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/system/text_families.h"

namespace drover::exporters::node {
namespace {

constexpr MetricDesc kModified{"node_textfile_mtime_seconds",
                               "Unixtime mtime of textfiles successfully read.", MetricType::kGauge,
                               "file"};
constexpr MetricDesc kError{"node_textfile_scrape_error",
                            "1 if there was an error opening or reading a file, 0 otherwise"};
constexpr std::size_t kMaxDescs = 100'000;

// What `pattern` matches, sorted; itself when that is nothing. Wildcards match a leading dot too.
std::vector<std::string> Glob(const std::string& pattern) {
  const bool has_wildcard = pattern.find_first_of("*?[\\") != std::string::npos;
  if (!has_wildcard) return {pattern};
  std::string folder = std::filesystem::path(pattern).parent_path().native();
  const std::string name = std::filesystem::path(pattern).filename().native();
  std::vector<std::string> found;
  if (name.empty()) return Glob(folder);  // a trailing slash
  for (const std::string& parent : folder.empty() ? std::vector<std::string>{"."} : Glob(folder)) {
    const auto names = MakeFileSystem(parent)->List("");
    if (!names) continue;
    for (const std::string& one : *names) {
      if (::fnmatch(name.c_str(), one.c_str(), 0) == 0)
        found.push_back(folder.empty() ? one : parent + (parent.ends_with('/') ? "" : "/") + one);
    }
  }
  if (found.empty()) found.push_back(pattern);
  return found;
}

struct ReadFamily {
  TextFamily family;
  std::string help;
};

class TextFile final : public Collector {
 public:
  explicit TextFile(const CollectorInput& input)
      : log_(input.log), patterns_(input.flags.List("textfile.directory")) {}

  Status Collect(MetricSink& out) override {
    bool is_error = false;
    families_.clear();
    files_of_.clear();
    helps_.clear();
    std::map<std::string, double> modified;
    for (const std::string& pattern : patterns_) {
      for (const std::string& folder : Glob(pattern)) {
        if (!ReadFolder(folder, modified)) is_error = true;
      }
    }
    for (ReadFamily& one : families_) {
      const std::string& name = one.family.name;
      one.help = one.family.help ? *one.family.help : "Metric read from " + files_of_[name];
    }
    const bool is_room = Emit(out);
    for (const auto& [file, seconds] : modified) out.Add(kModified, {file}, seconds);
    out.Add(kError, is_error ? 1 : 0);
    if (!is_room) return Fail(ErrorCode::kExhausted, "too many different families since the start");
    return {};
  }

 private:
  struct Help {
    std::string text;
    bool is_contested = false;
  };

  // False when anything in it could not be taken.
  bool ReadFolder(const std::string& folder, std::map<std::string, double>& modified) {
    if (folder.empty()) return true;
    const auto files = MakeFileSystem(folder);
    const auto names = files->List("");
    if (!Judge(folder, names ? Status() : Status(Fail(names.error())))) return false;
    bool is_fine = true;
    for (const std::string& name : *names) {
      if (!name.ends_with(".prom")) continue;
      const std::string path =
          std::filesystem::path(folder + "/" + name).lexically_normal().native();
      double seconds = 0;
      auto read = ReadOne(*files, name, seconds);
      if (!Judge(path, read ? Status() : Status(Fail(read.error())))) {
        is_fine = false;
        continue;
      }
      modified[path] = seconds;
      for (TextFamily& family : *read) {
        if (!Take(std::move(family), path)) is_fine = false;
      }
    }
    return is_fine;
  }

  Result<std::vector<TextFamily>> ReadOne(const FileSystem& files, const std::string& name,
                                          double& seconds) {
    DROVER_TRY(const FileInfo info, files.Stat(name));
    DROVER_CHECK(files.ReadFile(name, text_));
    DROVER_TRY(auto families, ParseTextFamilies(text_));
    seconds = std::floor(static_cast<double>(ToMs(info.modified)) / 1000);
    return families;
  }

  // Of families with one name and different help texts the first is taken; after that none.
  bool Take(TextFamily family, const std::string& path) {
    const auto known = helps_.find(family.name);
    if (known != helps_.end()) {
      Help& help = known->second;
      if (help.is_contested || (family.help && *family.help != help.text)) {
        help.is_contested = true;
        (void)Judge(
            path + " " + family.name,
            Fail(ErrorCode::kInvalid, "another help text than in " + files_of_[family.name]));
        return false;
      }
    }
    if (family.help) helps_[family.name] = {*family.help, false};
    std::string& files = files_of_[family.name];
    files += (files.empty() ? "" : ", ") + path;
    families_.push_back({std::move(family), {}});
    return true;
  }

  // Says a failure once, and again when its reason changes. Returns whether there is none.
  bool Judge(const std::string& what, const Status& status) {
    if (status) {
      told_.erase(what);
      return true;
    }
    std::string& told = told_[what];
    if (told != status.error().message()) {
      told = status.error().message();
      log_.Warn("textfile not read", {{"file", what}, {"err", told}});
    }
    return false;
  }

  // A family that has another help or type than the same name had before on this page is dropped,
  // as the Go client's registry does. False when there are too many.
  bool Emit(MetricSink& out) {
    std::map<std::string_view, const ReadFamily*> first;
    for (const ReadFamily& one : families_) {
      const auto [found, is_new] = first.try_emplace(one.family.name, &one);
      const bool fits =
          found->second->help == one.help && found->second->family.type == one.family.type;
      if (!Judge("family " + one.family.name + (is_new ? "" : "."),
                 fits ? Status()
                      : Status(Fail(ErrorCode::kInvalid, "another help or type in another file"))))
        continue;
      if (descs_.size() > kMaxDescs) return false;
      EmitFamily(one, out);
    }
    return true;
  }

  void EmitFamily(const ReadFamily& one, MetricSink& out) {
    std::vector<std::string> names;  // of all metrics: those that lack one get ""
    for (const TextMetric& metric : one.family.metrics) {
      for (const auto& label : metric.labels) {
        if (std::find(names.begin(), names.end(), label.first) == names.end())
          names.push_back(label.first);
      }
    }
    std::string labels;
    for (const std::string& name : names) labels += (labels.empty() ? "" : ",") + name;
    for (const TextMetric& metric : one.family.metrics) {
      std::vector<std::string_view> values(names.size());
      for (const auto& [name, value] : metric.labels) {
        const auto place = std::find(names.begin(), names.end(), name) - names.begin();
        values[static_cast<std::size_t>(place)] = value;
      }
      EmitMetric(one, metric, labels, values, out);
    }
  }

  void EmitMetric(const ReadFamily& one, const TextMetric& metric, const std::string& labels,
                  std::vector<std::string_view>& values, MetricSink& out) {
    const MetricType type = *one.family.type;
    const std::string& name = one.family.name;
    if (type != MetricType::kHistogram && type != MetricType::kSummary) {
      out.Add(descs_.Get(name, one.help, type, labels), std::span(values), metric.value);
      return;
    }
    const bool is_histogram = type == MetricType::kHistogram;
    const std::string inner =
        (labels.empty() ? "" : labels + ",") + (is_histogram ? "le" : "quantile");
    const MetricDesc& part =
        descs_.Get(is_histogram ? name + "_bucket" : name, one.help, type, inner, name);
    const auto add_part = [&](double bound, double value) {
      std::string text;
      AppendGoFloat(text, bound);
      values.push_back(text);
      out.Add(part, std::span(values), value);
      values.pop_back();
    };
    for (const auto& [bound, value] : metric.parts) add_part(bound, value);
    const bool is_open = metric.parts.empty() || !std::isinf(metric.parts.rbegin()->first);
    if (is_histogram && is_open) add_part(HUGE_VAL, metric.count);
    out.Add(descs_.Get(name + "_sum", one.help, type, labels, name), std::span(values), metric.sum);
    out.Add(descs_.Get(name + "_count", one.help, type, labels, name), std::span(values),
            metric.count);
  }

  const Logger& log_;
  const std::vector<std::string> patterns_;
  std::vector<ReadFamily> families_;
  std::map<std::string, std::string> files_of_;  // by family, separated by commas
  std::map<std::string, Help> helps_;
  std::map<std::string, std::string> told_;
  DescPool descs_;
  std::string text_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<TextFile>(input);
}

}  // namespace

CollectorSpec TextFileSpec() {
  return {
      "textfile",
      true,
      "Metrics from *.prom files.",
      "the folders of --collector.textfile.directory",
      {{"textfile.directory", CollectorFlag::Kind::kList, "",
        "Directory to read text files with metrics from, supports glob matching. (repeatable)"}},
      Make,
      {"node_textfile_mtime_seconds", "node_textfile_scrape_error", "*"}};
}

}  // namespace drover::exporters::node
