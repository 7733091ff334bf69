#include "core/os/hot_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <utility>

namespace drover {

HotFile::HotFile(HotFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), keep_(other.keep_) {}

Status HotFile::Open() {
  fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd_ < 0) return FailErrno(errno, "open " + path_);
  struct statfs where {};
  keep_ = ::fstatfs(fd_, &where) == 0 &&
          (where.f_type == PROC_SUPER_MAGIC || where.f_type == SYSFS_MAGIC);
  return {};
}

void HotFile::Close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

int HotFile::ReadAll(std::string& out) const {
  // No clear(): what is overwritten need not be zeroed again.
  if (out.capacity() < 4096) out.reserve(4096);
  out.resize(out.capacity());
  std::size_t got = 0;
  for (;;) {
    if (got == out.size()) out.resize(out.size() * 2);
    const ssize_t n = ::pread(fd_, out.data() + got, out.size() - got, static_cast<off_t>(got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int error = errno;
      out.clear();
      return error;
    }
    if (n == 0) break;
    got += static_cast<std::size_t>(n);
  }
  out.resize(got);
  return 0;
}

Status HotFile::Read(std::string& out) {
  const bool was_open = fd_ >= 0;
  if (!was_open) DROVER_CHECK(Open());
  int error = ReadAll(out);
  if (error != 0 && was_open) {
    Close();
    DROVER_CHECK(Open());
    error = ReadAll(out);
  }
  if (error != 0 || !keep_) Close();
  if (error != 0) return FailErrno(error, "read " + path_);
  return {};
}

}  // namespace drover
