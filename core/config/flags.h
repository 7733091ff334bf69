// A program's command line, in the style of the programs we stand in for: --name=value or --name
// value,
// --name and --no-name for switches, dots in names, repeatable options as lists.
//
//   Flags flags("drover-agent", "Collects, scrapes and forwards.");
//   flags.Add("config.file", config_file, "Configuration file.");
//   DROVER_TRY(const auto end, flags.Parse(argc, argv));
//   if (end) { print end->text; return end->code; }    // --help, --version
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/result.h"
#include "core/config/describe.h"

namespace drover {

// Not thread-safe. The referenced variables hold the defaults, are set by Parse, and outlive this.
class Flags {
 public:
  Flags(std::string program, std::string description);
  ~Flags();

  void Add(std::string_view name, std::string& value, std::string_view help);
  void Add(std::string_view name, bool& value, std::string_view help);  // also --no-NAME
  void Add(std::string_view name, std::int64_t& value, std::string_view help);
  void Add(std::string_view name, double& value, std::string_view help);
  void Add(std::string_view name, Millis& value, std::string_view help);    // 15s, 1h30m
  void Add(std::string_view name, ByteSize& value, std::string_view help);  // 512MB
  void Add(std::string_view name, std::vector<std::string>& value,
           std::string_view help);  // repeatable; replaces the default
  // `parse` sets what it likes and answers why a text is wrong. `value_name` "" makes a switch
  // without value.
  void AddCustom(std::string_view name, std::string_view value_name, std::string_view default_text,
                 std::string_view help, std::function<Status(std::string_view)> parse);
  // Accepted for drop-in use and without effect here; Parse collects one warning for each that was
  // given.
  void AddIgnored(std::string_view name, bool takes_value, std::string_view why);
  void Hide(std::string_view name);  // not in --help
  // Words after the options; a usage error when there are more than `max` or fewer than `min`.
  void AddPositional(std::string_view name, std::vector<std::string>& value, std::size_t min,
                     std::size_t max, std::string_view help);

  struct Exit {
    int code = 0;
    std::string text;  // for standard output
  };
  // Exit for --help, -h and --version. kInvalid "unknown flag --x, did you mean --y?" …: print it,
  // end with 1.
  Result<std::optional<Exit>> Parse(int argc, const char* const* argv);
  Result<std::optional<Exit>> Parse(const std::vector<std::string>& arguments);

  bool Given(std::string_view name) const;  // set on the command line
  const std::vector<std::string>& warnings() const;
  // (name, value as text) of every flag, sorted, for /api/v1/status/flags.
  std::vector<std::pair<std::string, std::string>> Values() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// --log.level and --log.format, shared by all programs.
struct LogFlags {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kLogfmt;
};
void AddLogFlags(Flags& flags, LogFlags& values);

}  // namespace drover
