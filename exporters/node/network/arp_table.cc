#include "exporters/node/network/arp_table.h"

#include <linux/neighbour.h>

#include "exporters/common/fields.h"
#include "exporters/node/network/netlink_bytes.h"

namespace drover::exporters::node {

std::optional<Neighbour> ParseNeighbour(std::string_view body) {
  const auto header = LoadNative<ndmsg>(body);
  if (!header) return std::nullopt;
  return Neighbour{header->ndm_family, header->ndm_ifindex, header->ndm_state};
}

Status ParseArpFile(std::string_view text, ArpCounts& out) {
  constexpr int kColumns = 6, kHeadingWords = 9;
  out.clear();
  while (!text.empty()) {
    const std::string_view line = NextLine(text);
    std::string_view rest = line, device;
    int columns = 0;
    for (auto field = NextField(rest); !field.empty(); field = NextField(rest)) {
      device = field;
      ++columns;
    }
    if (columns == 0 || columns == kHeadingWords) continue;
    if (columns != kColumns)
      return Fail(ErrorCode::kInvalid,
                  "net/arp: not six columns: " + std::string(line.substr(0, 80)));
    const auto found = out.find(device);
    ++(found != out.end() ? found : out.emplace(std::string(device), 0).first)->second;
  }
  return {};
}

}  // namespace drover::exporters::node
