// Replaces small files so that a crash at any moment leaves the old or the new content, whole.
#pragma once

#include <string_view>

#include "core/base/result.h"
#include "core/os/file_system.h"

namespace drover {

// Temporary file, fsync, rename, fsync of the folder: about 0.5 ms on a disk. `path` as
// FileSystem's.
Status WriteFileDurably(FileSystem& fs, std::string_view path, std::string_view bytes);

}  // namespace drover
