#include "exporters/node/hardware/pci_ids.h"

#include <algorithm>

#include "exporters/common/fields.h"

namespace drover::exporters::node {
namespace {

bool IsHex(std::string_view text, std::size_t digits) {
  return text.size() == digits &&
         text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

std::string Find(const std::map<std::string, std::string, std::less<>>& names,
                 const std::string& key, std::string_view otherwise) {
  const auto found = names.find(Lower(key));
  return found == names.end() ? std::string(otherwise) : found->second;
}

}  // namespace

PciIds PciIds::Parse(std::string_view text) {
  PciIds ids;
  bool in_classes = false;
  std::string outer, middle;
  while (!text.empty()) {
    std::string_view line = NextLine(text);
    if (line.starts_with('#') || Trim(line).empty()) continue;
    std::size_t depth = 0;
    while (depth < 2 && line.starts_with('\t')) {
      line.remove_prefix(1);
      ++depth;
    }
    const bool begins_class = depth == 0 && line.starts_with("C ");
    if (depth == 0) in_classes = begins_class;
    if (begins_class) line.remove_prefix(2);
    auto& names = in_classes ? ids.classes_ : ids.devices_;
    const std::size_t digits = in_classes ? 2 : 4;
    std::string_view rest = line;
    const std::string id = Lower(NextField(rest));
    if (!IsHex(id, digits)) {
      if (depth == 0) outer.clear();  // another list, unknown to us
      if (depth < 2) middle.clear();
      continue;
    }
    const std::string_view separator = in_classes ? "" : ":";
    const std::string& above = depth == 2 ? middle : outer;
    if (depth > 0 && above.empty()) continue;
    std::string key = depth == 0 ? id : above + std::string(separator) + id;
    if (depth == 2 && !in_classes) {  // "subvendor subdevice  name"
      const std::string sub_device = Lower(NextField(rest));
      if (!IsHex(sub_device, digits)) continue;
      key += ":" + sub_device;
    }
    names[key] = Trim(rest);
    if (depth == 0) middle.clear();
    if (depth < 2) (depth == 0 ? outer : middle) = std::move(key);
  }
  return ids;
}

std::string PciIds::Vendor(std::string_view vendor) const {
  return Find(devices_, std::string(vendor), vendor);
}

std::string PciIds::Device(std::string_view vendor, std::string_view device) const {
  return Find(devices_, std::string(vendor) + ":" + std::string(device), device);
}

std::string PciIds::Subsystem(std::string_view vendor, std::string_view device,
                              std::string_view sub_vendor, std::string_view sub_device) const {
  std::string key(vendor);
  for (const std::string_view part : {device, sub_vendor, sub_device}) key.append(":").append(part);
  return Find(devices_, key, sub_device);
}

std::string PciIds::Class(std::string_view digits) const {
  for (std::size_t length = 6; length > 0; length -= 2) {
    const auto found = classes_.find(Lower(digits.substr(0, length)));
    if (found != classes_.end()) return found->second;
  }
  return "Unknown class (" + std::string(digits) + ")";
}

}  // namespace drover::exporters::node
