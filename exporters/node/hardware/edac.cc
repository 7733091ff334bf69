#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/sysfs.h"

namespace drover::exporters::node {
namespace {

constexpr auto kCounter = MetricType::kCounter;
constexpr MetricDesc kCorrectable{"node_edac_correctable_errors_total",
                                  "Total correctable memory errors.", kCounter, "controller"};
constexpr MetricDesc kUncorrectable{"node_edac_uncorrectable_errors_total",
                                    "Total uncorrectable memory errors.", kCounter, "controller"};
constexpr MetricDesc kRowCorrectable{"node_edac_csrow_correctable_errors_total",
                                     "Total correctable memory errors for this csrow.", kCounter,
                                     "controller,csrow"};
constexpr MetricDesc kRowUncorrectable{"node_edac_csrow_uncorrectable_errors_total",
                                       "Total uncorrectable memory errors for this csrow.",
                                       kCounter, "controller,csrow"};
constexpr MetricDesc kChannelCorrectable{"node_edac_channel_correctable_errors_total",
                                         "Total correctable memory errors for this channel.",
                                         kCounter, "controller,csrow,channel,dimm_label"};
constexpr MetricDesc kChannelUncorrectable{"node_edac_channel_uncorrectable_errors_total",
                                           "Total uncorrectable memory errors for this channel.",
                                           kCounter, "controller,csrow,channel,dimm_label"};

// What stands behind `prefix` in a name, where it begins with a digit.
std::string NumberOf(const std::string& name, std::string_view prefix) {
  const bool is_numbered = name.starts_with(prefix) && name.size() > prefix.size() &&
                           name[prefix.size()] >= '0' && name[prefix.size()] <= '9';
  return is_numbered ? name.substr(prefix.size()) : std::string();
}

void Replace(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

// kernel: Documentation/admin-guide/ras.rst
class Edac final : public Collector {
 public:
  explicit Edac(const CollectorInput& input) : sys_(input.roots.sys) {}

  Status Collect(MetricSink& out) override {
    const std::string base = "devices/system/edac/mc";
    const auto names = sys_.List(base);
    if (!names) {  // memory without error correction is fine
      if (IsNoValue(names.error())) return {};
      return Fail(names.error());
    }
    FirstError errors;
    for (const std::string& name : *names) {
      const std::string controller = NumberOf(name, "mc");
      if (!controller.empty()) CollectController(controller, base + "/" + name, errors, out);
    }
    return errors.status();
  }

 private:
  void Emit(const std::string& path, const MetricDesc& desc,
            std::initializer_list<std::string_view> labels, FirstError& errors, MetricSink& out) {
    const auto count = sys_.Uint(path);
    if (errors.Ok(count)) out.Add(desc, labels, static_cast<double>(*count));
  }

  void CollectController(const std::string& controller, const std::string& folder,
                         FirstError& errors, MetricSink& out) {
    Emit(folder + "/ce_count", kCorrectable, {controller}, errors, out);
    Emit(folder + "/ce_noinfo_count", kRowCorrectable, {controller, "unknown"}, errors, out);
    Emit(folder + "/ue_count", kUncorrectable, {controller}, errors, out);
    Emit(folder + "/ue_noinfo_count", kRowUncorrectable, {controller, "unknown"}, errors, out);
    const auto rows = sys_.List(folder, "csrow");
    if (!errors.Ok(rows)) return;
    for (const std::string& name : *rows) {
      const std::string row = NumberOf(name, "csrow");
      if (!row.empty()) CollectRow(controller, row, folder + "/" + name, errors, out);
    }
  }

  void CollectRow(const std::string& controller, const std::string& row, const std::string& folder,
                  FirstError& errors, MetricSink& out) {
    Emit(folder + "/ce_count", kRowCorrectable, {controller, row}, errors, out);
    Emit(folder + "/ue_count", kRowUncorrectable, {controller, row}, errors, out);
    const auto files = sys_.List(folder, "ch");
    if (!errors.Ok(files)) return;
    constexpr std::string_view kEnd = "_ce_count";
    for (const std::string& file : *files) {
      std::string channel = NumberOf(file, "ch");
      if (!channel.ends_with(kEnd)) continue;
      channel.resize(channel.size() - kEnd.size());
      const std::string label = DimmLabel(folder + "/ch" + channel + "_dimm_label");
      Emit(folder + "/" + file, kChannelCorrectable, {controller, row, channel, label}, errors,
           out);
      Emit(folder + "/ch" + channel + "_ue_count", kChannelUncorrectable,
           {controller, row, channel, label}, errors, out);
    }
  }

  std::string DimmLabel(const std::string& path) {
    const auto text = sys_.Text(path);
    if (!text) return "unknown";
    std::string label(*text);
    std::erase(label, '#');
    Replace(label, "csrow", "_csrow");
    Replace(label, "channel", "_channel");
    return label;
  }

  SysFs sys_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<Edac>(input);
}

}  // namespace

CollectorSpec EdacSpec() {
  return {"edac",
          true,
          "Memory errors.",
          "/sys/devices/system/edac/mc",
          {},
          Make,
          NamesOf(kCorrectable, kUncorrectable, kRowCorrectable, kRowUncorrectable,
                  kChannelCorrectable, kChannelUncorrectable)};
}

}  // namespace drover::exporters::node
