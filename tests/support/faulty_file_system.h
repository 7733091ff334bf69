// A file system in memory that fails the way disks and machines do: it stops at any chosen
// operation with a torn write, forgets what was not fsynced, runs full, refuses fsync.
//
//   FaultyFileSystem fs;
//   fs.CrashAtOperation(17);       // the 17th change fails half done, and all after it
//   … work until something fails …
//   fs.Restart(FaultyFileSystem::Lose::kUnsynced);
//   … open again, check what was acknowledged …
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/mutex.h"
#include "core/os/file_system.h"

namespace drover::testing {

// Thread-safe. Files must not be used across Restart.
class FaultyFileSystem final : public FileSystem {
 public:
  enum class Lose {
    kNothing,   // kill -9: the operating system keeps what it was given
    kUnsynced,  // power cut: only synced bytes and names remain
    kHalf,      // power cut: half of each file's unsynced bytes had reached the disk
  };

  // The `n`th change from now on (1 is the next) fails; an Append writes half of its bytes before.
  void CrashAtOperation(std::uint64_t n);
  std::uint64_t operations() const;  // changes so far
  bool crashed() const;
  void Restart(Lose lose);
  // Total bytes of all files; an Append past it writes what fits and answers kExhausted.
  void SetCapacity(std::uint64_t bytes);
  void FailSync(bool fail);
  void FailRemove(bool fail);
  // Flips one bit of a file's byte.
  void FlipByte(const std::string& path, std::uint64_t offset);

  using FileSystem::ReadFile;
  Status ReadFile(std::string_view path, std::string& out, std::uint64_t max_bytes) const override;
  Result<std::vector<std::string>> List(std::string_view path) const override;
  Result<FileInfo> Stat(std::string_view path) const override;
  Result<std::string> ReadLink(std::string_view path) const override;
  Result<std::unique_ptr<File>> Open(std::string_view path, OpenMode mode) override;
  Status MakeDirs(std::string_view path) override;  // folders are durable at once
  Status Rename(std::string_view from, std::string_view to) override;
  Status Remove(std::string_view path) override;
  Status RemoveAll(std::string_view path) override;
  Status SyncDir(std::string_view path) override;
  std::string RealPath(std::string_view path) const override;

 private:
  struct Node {
    std::string bytes;
    std::string synced;
  };
  using Names = std::map<std::string, std::shared_ptr<Node>, std::less<>>;
  class FaultyFile;

  static void MoveFolder(Names& names, const std::string& from, const std::string& to);
  Status Change();  // counts one; an error when the crash is now or was before
  std::uint64_t Used() const;

  mutable Mutex mutex_;
  Names names_;
  Names durable_names_;
  // Renamed folders, until SyncDir of where they are.
  std::vector<std::pair<std::string, std::string>> renamed_folders_;
  std::set<std::string, std::less<>> folders_{""};
  std::uint64_t operations_ = 0;
  std::uint64_t crash_at_ = 0;
  bool crashed_ = false;
  bool fail_sync_ = false;
  bool fail_remove_ = false;
  std::uint64_t capacity_ = UINT64_MAX;
};

}  // namespace drover::testing
