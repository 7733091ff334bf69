// One folder of sysfs attributes while it is read: the way to it is walked once, each attribute is
// an openat, one read and a close. A third of the cost of reading them by their full paths.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/os/file_system.h"

namespace drover::exporters::node {

// One thread at a time. Holds one file descriptor until destroyed.
class AttributeFolder {
 public:
  // `fs` gives the real path and is not kept.
  AttributeFolder(const FileSystem& fs, std::string_view path);
  ~AttributeFolder();
  AttributeFolder(const AttributeFolder&) = delete;
  AttributeFolder& operator=(const AttributeFolder&) = delete;

  bool is_open() const { return fd_ >= 0; }       // it is there, and a folder
  std::uint64_t inode() const { return inode_; }  // tells a device from a later namesake
  // The file into `out` (replaced), up to a page of 4096 bytes, which sysfs never exceeds. False
  // when it is absent, denied, or without a value for now (EINVAL: the carrier of a device that is
  // down). No Error is made: for many devices some of these are always without a value.
  bool Read(const char* attribute, std::string& out) const;

 private:
  int fd_ = -1;
  std::uint64_t inode_ = 0;
};

}  // namespace drover::exporters::node
