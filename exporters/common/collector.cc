#include "exporters/common/collector.h"

#include <cassert>

namespace drover::exporters {

const FlagValues::Value& FlagValues::Find(std::string_view name) const {
  const auto found = values_.find(name);
  assert(found != values_.end() && "a flag that no collector declares");
  return found->second;
}

Roots MakeRoots(std::string procfs, std::string sysfs, std::string rootfs, std::string udev) {
  Roots roots;
  roots.rootfs = rootfs;
  roots.proc = MakeFileSystem(std::move(procfs));
  roots.sys = MakeFileSystem(std::move(sysfs));
  roots.root = MakeFileSystem(std::move(rootfs));
  roots.udev = MakeFileSystem(std::move(udev));
  return roots;
}

}  // namespace drover::exporters
