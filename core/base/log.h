// One logfmt (or JSON) line per event: a constant message that grep finds, facts as fields.
//
//   log.Warn("remote write failed", {{"target", url}, {"attempt", 3}, {"err", e.message()}});
//   time=2026-11-21T08:00:00.123Z level=WARN msg="remote write failed" target=… attempt=3 err="…"
//
// Error: someone should act. Warn: data lost or late. Info: life cycle. Debug: per scrape.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/base/result.h"

namespace drover {

enum class LogLevel { kDebug, kInfo, kWarn, kError };
enum class LogFormat { kLogfmt, kJson };

Result<LogLevel> ParseLogLevel(std::string_view text);    // debug, info, warn, error
Result<LogFormat> ParseLogFormat(std::string_view text);  // logfmt, json

struct LogField {
  std::string_view key;
  std::string value;

  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  LogField(std::string_view k, const char* v) : key(k), value(v) {}
  LogField(std::string_view k, const std::string& v) : key(k), value(v) {}
  LogField(std::string_view k, bool v) : key(k), value(v ? "true" : "false") {}
  template <typename T>
    requires(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>)
  LogField(std::string_view k, T v) : key(k), value(NumberText(v)) {}

 private:
  static std::string NumberText(double v);
  static std::string NumberText(std::int64_t v);
  template <typename T>
  static std::string NumberText(T v) {
    if constexpr (std::is_floating_point_v<T>)
      return NumberText(static_cast<double>(v));
    else
      return NumberText(static_cast<std::int64_t>(v));
  }
};

// Where finished lines go. Thread-safe.
class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual void Write(std::string_view line) = 0;  // `line` ends with \n
};
// Writes each line with one write(2) to `fd` (not owned).
std::unique_ptr<LogSink> MakeFdLogSink(int fd);

// Thread-safe. `sink` and `clock` outlive it.
class Logger {
 public:
  Logger(LogSink& sink, const Clock& clock, LogLevel level = LogLevel::kInfo,
         LogFormat format = LogFormat::kLogfmt)
      : sink_(sink), clock_(clock), level_(level), format_(format) {}

  using Fields = std::initializer_list<LogField>;
  void Debug(std::string_view message, Fields fields = {}) const {
    Log(LogLevel::kDebug, message, fields);
  }
  void Info(std::string_view message, Fields fields = {}) const {
    Log(LogLevel::kInfo, message, fields);
  }
  void Warn(std::string_view message, Fields fields = {}) const {
    Log(LogLevel::kWarn, message, fields);
  }
  void Error(std::string_view message, Fields fields = {}) const {
    Log(LogLevel::kError, message, fields);
  }
  void Log(LogLevel level, std::string_view message, Fields fields) const;

  bool enabled(LogLevel level) const { return level >= level_; }

 private:
  LogSink& sink_;
  const Clock& clock_;
  const LogLevel level_;
  const LogFormat format_;
};

}  // namespace drover
