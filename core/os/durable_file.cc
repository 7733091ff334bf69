#include "core/os/durable_file.h"

#include <string>

namespace drover {

Status WriteFileDurably(FileSystem& fs, std::string_view path, std::string_view bytes) {
  const std::string temporary = std::string(path) + ".tmp";
  DROVER_CHECK(fs.RemoveAll(temporary));
  {
    DROVER_TRY(const auto file, fs.Open(temporary, OpenMode::kCreate));
    DROVER_CHECK(file->Append(bytes));
    DROVER_CHECK(file->Sync());
  }
  DROVER_CHECK(fs.Rename(temporary, path));
  const std::size_t slash = path.rfind('/');
  return fs.SyncDir(slash == std::string_view::npos ? std::string_view() : path.substr(0, slash));
}

}  // namespace drover
