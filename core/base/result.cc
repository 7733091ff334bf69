#include "core/base/result.h"

#include <cerrno>
#include <cstring>

namespace drover {

std::string_view Name(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid:
      return "invalid";
    case ErrorCode::kCorrupt:
      return "corrupt";
    case ErrorCode::kNotFound:
      return "not_found";
    case ErrorCode::kDenied:
      return "denied";
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kExhausted:
      return "exhausted";
    case ErrorCode::kUnsupported:
      return "unsupported";
    case ErrorCode::kCancelled:
      return "cancelled";
  }
  return "unknown";
}

tl::unexpected<Error> FailErrno(int error_number, std::string_view what) {
  ErrorCode code = ErrorCode::kUnavailable;
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
    case ESRCH:
      code = ErrorCode::kNotFound;
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      code = ErrorCode::kDenied;
      break;
    case EINVAL:
    case ENAMETOOLONG:
    case EISDIR:
      code = ErrorCode::kInvalid;
      break;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      code = ErrorCode::kExhausted;
      break;
    case ENOSYS:
    case EOPNOTSUPP:
    case ENODEV:
    case ENXIO:
      code = ErrorCode::kUnsupported;
      break;
    default:
      break;
  }
  char buffer[128];
  return Fail(code, std::string(what) + ": " + strerror_r(error_number, buffer, sizeof buffer));
}

}  // namespace drover
