// A kernel file that is read over and over: kept open and read from offset 0, which costs a sixth
// of open, read, close. Kept open only on procfs and sysfs, where the content is made at each read;
// any other file (a fixture folder, something a program replaces by rename) is opened each time.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/os/file_system.h"

namespace drover {

// One thread at a time. Holds one file descriptor between reads. A file that vanished (ENODEV after
// its device went, ESRCH after its process) is opened anew once before the error is given.
class HotFile {
 public:
  // `fs` gives the real path and is not kept.
  HotFile(const FileSystem& fs, std::string_view path) : path_(fs.RealPath(path)) {}
  ~HotFile() { Close(); }
  HotFile(HotFile&& other) noexcept;
  HotFile& operator=(HotFile&&) = delete;

  // The whole file into `out` (replaced; its capacity is reused).
  Status Read(std::string& out);

  bool is_kept_open() const { return fd_ >= 0; }
  const std::string& path() const { return path_; }

 private:
  Status Open();
  void Close();
  // errno, or 0.
  int ReadAll(std::string& out) const;

  std::string path_;
  int fd_ = -1;
  bool keep_ = false;
};

}  // namespace drover
