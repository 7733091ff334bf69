#include "exporters/node/network/attribute_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace drover::exporters::node {

AttributeFolder::AttributeFolder(const FileSystem& fs, std::string_view path) {
  fd_ = ::open(fs.RealPath(path).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  struct stat info {};
  if (fd_ >= 0 && ::fstat(fd_, &info) == 0) inode_ = info.st_ino;
}

AttributeFolder::~AttributeFolder() {
  if (fd_ >= 0) ::close(fd_);
}

bool AttributeFolder::Read(const char* attribute, std::string& out) const {
  constexpr std::size_t kPage = 4096;
  const int file = ::openat(fd_, attribute, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  out.resize(kPage);
  ssize_t n = 0;
  do {
    n = ::read(file, out.data(), out.size());
  } while (n < 0 && errno == EINTR);
  ::close(file);
  out.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
  return n >= 0;
}

}  // namespace drover::exporters::node
