// Files below one root. A collector reads "pressure/memory" below the proc root it was given, a
// store its segments below its data folder; so a fixture folder, a container's /host/proc and a
// file system that tears writes are the same thing to them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"

namespace drover {

struct FileInfo {
  bool is_directory = false;
  bool is_symlink = false;  // always false from Stat, which follows links
  std::uint64_t size_bytes = 0;
  TimePoint modified{};
  std::uint64_t inode = 0;
  std::uint64_t device = 0;
};

// An open file. One thread at a time for writes; ReadAt is thread-safe.
class File {
 public:
  virtual ~File() = default;
  // Writes all of `bytes` at the end. After an error a part of them may be there: the caller
  // truncates. kExhausted: disk full.
  virtual Status Append(std::string_view bytes) = 0;
  // Reads up to `n` bytes at `offset` into `out` (replaced). Fewer at the end of the file.
  virtual Status ReadAt(std::uint64_t offset, std::size_t n, std::string& out) const = 0;
  virtual Status Truncate(std::uint64_t size_bytes) = 0;
  virtual Status Sync() = 0;  // fdatasync
  virtual Result<std::uint64_t> Size() const = 0;
};

enum class OpenMode {
  kRead,
  kAppend,  // created if absent; writes go to the end
  kCreate,  // created; kInvalid if it exists
};

// Paths are relative to the root, without a leading slash ("" is the root itself). Thread-safe.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // The whole file into `out` (replaced; its capacity is reused). Files of /proc and /sys say size
  // 0, so this reads until the end. kExhausted when longer than `max_bytes`.
  virtual Status ReadFile(std::string_view path, std::string& out,
                          std::uint64_t max_bytes = 64 << 20) const = 0;
  // Names in a folder, sorted, without . and ..
  virtual Result<std::vector<std::string>> List(std::string_view path) const = 0;
  virtual Result<FileInfo> Stat(std::string_view path) const = 0;
  virtual Result<std::string> ReadLink(std::string_view path) const = 0;
  virtual Result<std::unique_ptr<File>> Open(std::string_view path, OpenMode mode) = 0;
  virtual Status MakeDirs(std::string_view path) = 0;  // 0750, like mkdir -p
  virtual Status Rename(std::string_view from, std::string_view to) = 0;
  virtual Status Remove(std::string_view path) = 0;     // a file or an empty folder
  virtual Status RemoveAll(std::string_view path) = 0;  // absent is fine
  virtual Status SyncDir(std::string_view path) = 0;    // makes renames and new names durable

  // The name the operating system knows it by, for messages and for what needs a real path (mmap,
  // SQLite).
  virtual std::string RealPath(std::string_view path) const = 0;

  Result<std::string> ReadFile(std::string_view path) const {
    std::string text;
    DROVER_CHECK(ReadFile(path, text));
    return text;
  }
  bool Exists(std::string_view path) const { return Stat(path).has_value(); }
};

// `root` "/" or any folder; it need not exist yet. Reads follow symbolic links.
std::unique_ptr<FileSystem> MakeFileSystem(std::string root);

// A file by the path a user gave: absolute, or from the working folder.
Result<std::string> ReadUserFile(const std::string& path);

}  // namespace drover
