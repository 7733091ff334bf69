// Families as collectors keep them: descs made at run time for names and label sets that the kernel
// or a file decides, and the list of names for the table of collectors.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exporters/common/metric.h"

namespace drover::exporters::node {

// Descs that are made when first asked for and live as long as this. One thread at a time.
//   DescPool pool;
//   out.Add(pool.Get("node_zfs_arc_hits", "kstat.zfs.misc.arcstats.hits", MetricType::kUnknown),
//   7);
// `family` is a histogram's or summary's name, where the series' name has a suffix.
class DescPool {
 public:
  const MetricDesc& Get(std::string_view name, std::string_view help, MetricType type,
                        std::string_view labels = {}, std::string_view family = {}) {
    key_.assign(name);
    for (const std::string_view part : {labels, help, family}) (key_ += '\xff') += part;
    key_ += static_cast<char>(type);
    auto found = descs_.find(key_);
    if (found == descs_.end()) {
      auto owned = std::make_unique<Owned>(

          Owned{
              std::string(name), std::string(help), std::string(labels), std::string(family), {}});
      owned->desc = {owned->name, owned->help, type, owned->labels, owned->family};
      found = descs_.emplace(key_, std::move(owned)).first;
    }
    return found->second->desc;
  }

  std::size_t size() const { return descs_.size(); }

 private:
  struct Owned {
    std::string name;
    std::string help;
    std::string labels;
    std::string family;
    MetricDesc desc;
  };
  std::map<std::string, std::unique_ptr<Owned>, std::less<>> descs_;
  std::string key_;
};

// The names of descs and of arrays of descs: NamesOf(kInfo, kCounters).
inline void AppendNames(std::vector<std::string_view>& names, const MetricDesc& desc) {
  names.push_back(desc.name);
}
inline void AppendNames(std::vector<std::string_view>& names, std::span<const MetricDesc> descs) {
  for (const MetricDesc& desc : descs) names.push_back(desc.name);
}
template <typename... Descs>
std::vector<std::string_view> NamesOf(const Descs&... descs) {
  std::vector<std::string_view> names;
  (AppendNames(names, descs), ...);
  return names;
}

}  // namespace drover::exporters::node
