#include "core/base/log.h"

#include <unistd.h>

#include <chrono>

#include "core/base/json_escape.h"
#include "core/base/numbers.h"
#include "core/base/utf8.h"

namespace drover {
namespace {

class FdLogSink final : public LogSink {
 public:
  explicit FdLogSink(int fd) : fd_(fd) {}
  void Write(std::string_view line) override {
    while (!line.empty()) {
      const ssize_t n = ::write(fd_, line.data(), line.size());
      if (n <= 0) return;  // a log that cannot be written has nowhere to complain
      line.remove_prefix(static_cast<std::size_t>(n));
    }
  }

 private:
  const int fd_;
};

constexpr std::string_view kLevelNames[] = {"DEBUG", "INFO", "WARN", "ERROR"};

void AppendLogfmtValue(std::string& out, std::string_view value) {
  bool plain = !value.empty();
  for (const char c : value) {
    const auto u = static_cast<unsigned char>(c);
    if (u <= ' ' || c == '"' || c == '=' || u == 0x7F) {
      plain = false;
      break;
    }
  }
  if (plain && IsValidUtf8(value)) {
    out += value;
  } else {
    AppendJsonString(out, value, false);
  }
}

}  // namespace

std::string LogField::NumberText(double v) {
  std::string out;
  AppendGoFloat(out, v);
  return out;
}
std::string LogField::NumberText(std::int64_t v) { return std::to_string(v); }

std::unique_ptr<LogSink> MakeFdLogSink(int fd) { return std::make_unique<FdLogSink>(fd); }

Result<LogLevel> ParseLogLevel(std::string_view text) {
  if (text == "debug") return LogLevel::kDebug;
  if (text == "info") return LogLevel::kInfo;
  if (text == "warn") return LogLevel::kWarn;
  if (text == "error") return LogLevel::kError;
  return Fail(ErrorCode::kInvalid,
              "unknown log level \"" + std::string(text) + "\" (debug, info, warn or error)");
}

Result<LogFormat> ParseLogFormat(std::string_view text) {
  if (text == "logfmt") return LogFormat::kLogfmt;
  if (text == "json") return LogFormat::kJson;
  return Fail(ErrorCode::kInvalid,
              "unknown log format \"" + std::string(text) + "\" (logfmt or json)");
}

void Logger::Log(LogLevel level, std::string_view message, Fields fields) const {
  if (!enabled(level)) return;
  const std::string_view level_name = kLevelNames[static_cast<std::size_t>(level)];
  std::string line;
  line.reserve(160);
  const std::string time = FormatRfc3339(clock_.Now());
  if (format_ == LogFormat::kJson) {
    line += "{\"time\":\"" + time + "\",\"level\":\"";
    line += level_name;
    line += "\",\"msg\":";
    AppendJsonString(line, message, false);
    for (const LogField& field : fields) {
      line += ',';
      AppendJsonString(line, field.key, false);
      line += ':';
      AppendJsonString(line, field.value, false);
    }
    line += "}\n";
  } else {
    line += "time=" + time + " level=";
    line += level_name;
    line += " msg=";
    AppendLogfmtValue(line, message);
    for (const LogField& field : fields) {
      line += ' ';
      line += field.key;
      line += '=';
      AppendLogfmtValue(line, field.value);
    }
    line += '\n';
  }
  sink_.Write(line);
}

}  // namespace drover
