// Attributes of a device in sysfs: folders of small files that hold one value each (kernel:
// Documentation/filesystems/sysfs.rst). It works on any FileSystem, so a fixture folder will do.
//
//   SysFs sys(input.roots.sys);
//   DROVER_TRY(const auto zones, sys.List("class/thermal", "thermal_zone"));   // kNotFound: none
//   here for (const std::string& zone : zones) {
//     const auto temp = sys.Int("class/thermal/" + zone + "/temp");
//     if (!temp) continue;                                                     // gone meanwhile
//     DROVER_TRY(const auto passive, Optional(sys.Uint("class/thermal/" + zone + "/passive")));
//   }
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/os/file_system.h"

namespace drover::exporters::node {

// Why an attribute could not be read:
//   kNotFound     the file is absent: another kernel, another driver, a device that went
//   kUnsupported  the file is there but the driver has no value to give now (EINVAL, ENODEV,
//                 EOPNOTSUPP, ENXIO at reading)
//   kDenied       not for us
//   kUnavailable  the device failed (EIO, EAGAIN, ENODATA)
//   kInvalid      it was read, but is no number
inline bool IsNoValue(const Error& error) {
  return error.code() == ErrorCode::kNotFound || error.code() == ErrorCode::kUnsupported;
}

// nullopt for an attribute that is absent or has no value; other errors stay.
template <typename T>
Result<std::optional<T>> Optional(Result<T> read) {
  if (read) return std::optional<T>(*std::move(read));
  if (IsNoValue(read.error())) return std::optional<T>();
  return Fail(std::move(read).error());
}

// For devices and attributes read one after the other: what is absent or without a value is passed
// over, the first real failure is kept for the end, so that the others are shown all the same.
class FirstError {
 public:
  // Whether there is a value to use.
  template <typename T>
  bool Ok(const Result<T>& read) {
    if (!read) Note(read.error());
    return read.has_value();
  }
  void Note(const Error& error) {
    if (status_ && !IsNoValue(error)) status_ = Fail(error);
  }
  const Status& status() const { return status_; }

 private:
  Status status_;
};

// One thread at a time: reads share a buffer. Paths are below the root of `files`.
class SysFs {
 public:
  explicit SysFs(std::shared_ptr<FileSystem> files) : files_(std::move(files)) {}

  // Names in `folder` that begin with `prefix`, sorted. kNotFound: the folder is absent.
  Result<std::vector<std::string>> List(std::string_view folder,
                                        std::string_view prefix = {}) const;

  // Without blanks and newlines at both ends. The view is good until the next read.
  Result<std::string_view> Text(std::string_view path);
  Result<std::uint64_t> Uint(std::string_view path);
  Result<std::int64_t> Int(std::string_view path);
  Result<std::uint64_t> Hex(std::string_view path);     // 0x1f
  Result<std::uint64_t> Number(std::string_view path);  // either: 31, 0x1f

  bool Exists(std::string_view path) const { return files_->Exists(path); }
  // The last part of what a symbolic link points to: driver, subsystem, device.
  Result<std::string> LinkName(std::string_view path) const;

  FileSystem& files() const { return *files_; }

 private:
  const std::shared_ptr<FileSystem> files_;
  std::string text_;
};

}  // namespace drover::exporters::node
