#include "exporters/node/storage/disk_stats.h"

#include "core/base/numbers.h"
#include "exporters/common/fields.h"

namespace drover::exporters::node {

Status ParseDiskStats(std::string_view text, std::vector<DiskStats>& out) {
  out.clear();
  while (!text.empty()) {
    const std::string_view line = NextLine(text);
    std::string_view rest = line;
    DiskStats disk;
    disk.major = NextField(rest);
    disk.minor = NextField(rest);
    disk.device = NextField(rest);
    if (disk.major.empty()) continue;
    for (auto field = NextField(rest); !field.empty() && disk.count < disk.fields.size();
         field = NextField(rest)) {
      const auto number = ParseFloat(field);
      if (!number) break;
      disk.fields[disk.count++] = *number;
    }
    if (disk.count < 11)
      return Fail(ErrorCode::kInvalid, "diskstats: short line: " + std::string(line.substr(0, 80)));
    out.push_back(disk);
  }
  return {};
}

UdevProperties ParseUdevData(std::string_view text) {
  UdevProperties properties;
  while (!text.empty()) {
    std::string_view line = NextLine(text);
    if (!line.starts_with("E:")) continue;
    line.remove_prefix(2);
    const std::size_t equal = line.find('=');
    if (equal == std::string_view::npos) continue;
    properties.emplace(line.substr(0, equal), line.substr(equal + 1));
  }
  return properties;
}

}  // namespace drover::exporters::node
