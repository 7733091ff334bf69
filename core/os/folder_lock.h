// One process at a time in a folder.
#pragma once

#include <memory>
#include <string>

#include "core/base/result.h"

namespace drover {

// Held from Take until destroyed, or until the process ends, however it ends.
class FolderLock {
 public:
  // Locks `folder`/lock (flock(2)). kUnavailable "… is in use by process 123" when another one
  // holds it.
  static Result<std::unique_ptr<FolderLock>> Take(const std::string& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  explicit FolderLock(int fd) : fd_(fd) {}
  const int fd_;
};

}  // namespace drover
