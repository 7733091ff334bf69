// Names of PCI vendors, devices and classes: pci.ids (pci-ids.ucw.cz, format in its heading and in
// man 5 pci.ids).
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace drover::exporters::node {

// Keys are lower case hexadecimal without 0x. Immutable after parsing, about 2 MB for a whole file.
class PciIds {
 public:
  // Lines of another form are passed over.
  static PciIds Parse(std::string_view text);

  // What has no name is called by its number.
  std::string Vendor(std::string_view vendor) const;
  std::string Device(std::string_view vendor, std::string_view device) const;
  std::string Subsystem(std::string_view vendor, std::string_view device,
                        std::string_view sub_vendor, std::string_view sub_device) const;
  // Six digits: class, subclass and programming interface; the longest part that has a name.
  std::string Class(std::string_view digits) const;

 private:
  std::map<std::string, std::string, std::less<>> devices_;  // "8086", "8086:1521", …
  std::map<std::string, std::string, std::less<>> classes_;  // "01", "0108", "010802"
};

}  // namespace drover::exporters::node
