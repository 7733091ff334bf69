#include "core/os/file_system.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace drover {
namespace {

class OsFile final : public File {
 public:
  OsFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  ~OsFile() override { ::close(fd_); }

  Status Append(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
      if (n < 0) {
        if (errno == EINTR) continue;
        return FailErrno(errno, "write " + path_);
      }
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
  }
  Status ReadAt(std::uint64_t offset, std::size_t n, std::string& out) const override {
    out.resize(n);
    std::size_t got = 0;
    while (got < n) {
      const ssize_t r = ::pread(fd_, out.data() + got, n - got, static_cast<off_t>(offset + got));
      if (r < 0) {
        if (errno == EINTR) continue;
        out.clear();
        return FailErrno(errno, "read " + path_);
      }
      if (r == 0) break;
      got += static_cast<std::size_t>(r);
    }
    out.resize(got);
    return {};
  }
  Status Truncate(std::uint64_t size_bytes) override {
    if (::ftruncate(fd_, static_cast<off_t>(size_bytes)) != 0)
      return FailErrno(errno, "truncate " + path_);
    return {};
  }
  Status Sync() override {
    if (::fdatasync(fd_) != 0) return FailErrno(errno, "fsync " + path_);
    return {};
  }
  Result<std::uint64_t> Size() const override {
    struct stat st {};
    if (::fstat(fd_, &st) != 0) return FailErrno(errno, "stat " + path_);
    return static_cast<std::uint64_t>(st.st_size);
  }

 private:
  const int fd_;
  const std::string path_;
};

class OsFileSystem final : public FileSystem {
 public:
  explicit OsFileSystem(std::string root) : root_(std::move(root)) {
    while (root_.size() > 1 && root_.back() == '/') root_.pop_back();
    if (root_.empty()) root_ = ".";
  }

  Status ReadFile(std::string_view path, std::string& out, std::uint64_t max_bytes) const override {
    const std::string full = RealPath(path);
    const int fd = ::open(full.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return FailErrno(errno, "open " + full);
    Status status = ReadAll(fd, full, out, max_bytes);
    ::close(fd);
    return status;
  }

  Result<std::vector<std::string>> List(std::string_view path) const override {
    const std::string full = RealPath(path);
    DIR* dir = ::opendir(full.c_str());
    if (dir == nullptr) return FailErrno(errno, "open " + full);
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(dir)) {  // NOLINT(concurrency-mt-unsafe): own DIR stream
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    ::closedir(dir);
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<FileInfo> Stat(std::string_view path) const override {
    const std::string full = RealPath(path);
    struct stat st {};
    if (::stat(full.c_str(), &st) != 0) return FailErrno(errno, "stat " + full);
    FileInfo info;
    info.is_directory = S_ISDIR(st.st_mode);
    info.size_bytes = static_cast<std::uint64_t>(st.st_size);
    info.modified = FromMs(st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1'000'000);
    info.inode = st.st_ino;
    info.device = st.st_dev;
    return info;
  }

  Result<std::string> ReadLink(std::string_view path) const override {
    const std::string full = RealPath(path);
    char target[4096];
    const ssize_t n = ::readlink(full.c_str(), target, sizeof target);
    if (n < 0) return FailErrno(errno, "readlink " + full);
    return std::string(target, static_cast<std::size_t>(n));
  }

  Result<std::unique_ptr<File>> Open(std::string_view path, OpenMode mode) override {
    std::string full = RealPath(path);
    int flags = O_CLOEXEC;
    switch (mode) {
      case OpenMode::kRead:
        flags |= O_RDONLY;
        break;
      case OpenMode::kAppend:
        flags |= O_RDWR | O_APPEND | O_CREAT;
        break;
      case OpenMode::kCreate:
        flags |= O_RDWR | O_APPEND | O_CREAT | O_EXCL;
        break;
    }
    const int fd = ::open(full.c_str(), flags, 0640);
    if (fd < 0) return FailErrno(errno, "open " + full);
    return std::make_unique<OsFile>(fd, std::move(full));
  }

  Status MakeDirs(std::string_view path) override {
    const std::string full = RealPath(path);
    for (std::size_t at = 1; at <= full.size(); ++at) {
      if (at != full.size() && full[at] != '/') continue;
      const std::string part = full.substr(0, at);
      if (::mkdir(part.c_str(), 0750) != 0 && errno != EEXIST)
        return FailErrno(errno, "mkdir " + part);
    }
    struct stat st {};
    if (::stat(full.c_str(), &st) != 0) return FailErrno(errno, "stat " + full);
    if (!S_ISDIR(st.st_mode)) return FailErrno(ENOTDIR, "mkdir " + full);
    return {};
  }

  Status Rename(std::string_view from, std::string_view to) override {
    const std::string a = RealPath(from);
    const std::string b = RealPath(to);
    if (::rename(a.c_str(), b.c_str()) != 0) return FailErrno(errno, "rename " + a + " to " + b);
    return {};
  }

  Status Remove(std::string_view path) override {
    const std::string full = RealPath(path);
    if (::remove(full.c_str()) != 0) return FailErrno(errno, "remove " + full);
    return {};
  }

  Status RemoveAll(std::string_view path) override {
    const std::string full = RealPath(path);
    struct stat st {};
    if (::lstat(full.c_str(), &st) != 0) {
      if (errno == ENOENT) return {};
      return FailErrno(errno, "stat " + full);
    }
    if (S_ISDIR(st.st_mode)) {
      DROVER_TRY(const auto names, List(path));
      for (const std::string& name : names) {
        DROVER_CHECK(RemoveAll(std::string(path) + "/" + name));
      }
    }
    return Remove(path);
  }

  Status SyncDir(std::string_view path) override {
    const std::string full = RealPath(path);
    const int fd = ::open(full.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return FailErrno(errno, "open " + full);
    const int result = ::fsync(fd);
    const int error = errno;
    ::close(fd);
    if (result != 0) return FailErrno(error, "fsync " + full);
    return {};
  }

  std::string RealPath(std::string_view path) const override {
    if (path.empty()) return root_;
    std::string full = root_;
    if (full.back() != '/') full += '/';
    full += path.front() == '/' ? path.substr(1) : path;
    return full;
  }

 private:
  static Status ReadAll(int fd, const std::string& full, std::string& out,
                        std::uint64_t max_bytes) {
    // No clear(): what is overwritten need not be zeroed again.
    if (out.capacity() < 4096) out.reserve(4096);
    out.resize(out.capacity());
    std::size_t got = 0;
    for (;;) {
      if (got == out.size()) out.resize(out.size() * 2);
      const ssize_t n = ::read(fd, out.data() + got, out.size() - got);
      if (n < 0) {
        if (errno == EINTR) continue;
        out.clear();
        return FailErrno(errno, "read " + full);
      }
      if (n == 0) break;
      got += static_cast<std::size_t>(n);
      if (got > max_bytes) {
        out.clear();
        return Fail(ErrorCode::kExhausted,
                    "read " + full + ": larger than " + std::to_string(max_bytes) + " bytes");
      }
    }
    out.resize(got);
    return {};
  }

  std::string root_;
};

}  // namespace

std::unique_ptr<FileSystem> MakeFileSystem(std::string root) {
  return std::make_unique<OsFileSystem>(std::move(root));
}

Result<std::string> ReadUserFile(const std::string& path) {
  return MakeFileSystem(path.starts_with('/') ? "/" : ".")->ReadFile(path);
}

}  // namespace drover
