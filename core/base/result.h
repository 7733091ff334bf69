// The one way errors travel: Result<T> holds a value or an Error, Status is Result<void>.
//
//   Result<int> Port(std::string_view text);
//   DROVER_TRY(const int port, Port(text));      // returns the error to the caller
//   DROVER_CHECK(file.Write(bytes));             // the same for a Status
//
// The code says what a caller can do about it, so no caller looks at the text.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace drover {

enum class ErrorCode {
  kInvalid,      // input breaks its format: never retry, drop that unit, count it
  kCorrupt,      // our own stored bytes fail a check: repair, truncate or set aside
  kNotFound,     // file, series or object is absent: often a normal answer
  kDenied,       // permission or credentials
  kUnavailable,  // may recover (timeout, 5xx, 429): retry with backoff
  kExhausted,    // one of our limits was hit: shed load, count it
  kUnsupported,  // kernel or peer lacks it, or we do
  kCancelled,    // we were asked to stop
};

// "invalid", "corrupt" … for logs and metric labels.
std::string_view Name(ErrorCode code);

class Error {
 public:
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }

  // Puts "context: " in front, so that a log line reads from the outside in.
  Error With(std::string_view context) && {
    message_.insert(0, ": ").insert(0, context);
    return std::move(*this);
  }
  Error With(std::string_view context) const& { return Error(*this).With(context); }

 private:
  ErrorCode code_;
  std::string message_;
};

template <typename T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

// return Fail(ErrorCode::kInvalid, "…");
inline tl::unexpected<Error> Fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error(code, std::move(message)));
}
inline tl::unexpected<Error> Fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

// Fail with errno's text: "open /x: Permission denied", the code chosen by errno.
tl::unexpected<Error> FailErrno(int error_number, std::string_view what);

}  // namespace drover

#define DROVER_CONCAT_(a, b) a##b
#define DROVER_CONCAT(a, b) DROVER_CONCAT_(a, b)
#define DROVER_TRY_(tmp, decl, ...)                          \
  auto tmp = (__VA_ARGS__);                                  \
  if (!tmp) return ::tl::unexpected(std::move(tmp).error()); \
  decl = *std::move(tmp)
#define DROVER_TRY(decl, ...) DROVER_TRY_(DROVER_CONCAT(try_result_, __LINE__), decl, __VA_ARGS__)
#define DROVER_CHECK(...)                                        \
  do {                                                           \
    if (auto check_result_ = (__VA_ARGS__); !check_result_)      \
      return ::tl::unexpected(std::move(check_result_).error()); \
  } while (false)
