#include "core/config/flags.h"

#include <algorithm>
#include <map>

#include <CLI/CLI.hpp>

#include "core/base/duration.h"
#include "core/base/numbers.h"
#include "core/base/version.h"

namespace drover {
namespace {

struct Entry {
  std::string name;
  bool repeatable = false;
  bool is_switch = false;
  std::vector<std::string> raw;  // what the command line gave
  std::function<Status(std::string_view)> parse;
  std::function<std::string()> text;  // the value now
  std::string ignored_because;
  CLI::Option* option = nullptr;
};

Status Wrong(std::string_view name, Status status) {
  if (status) return status;
  return Fail(std::move(status).error().With("--" + std::string(name)));
}

Result<bool> ParseSwitch(std::string_view text) {
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  return Fail(ErrorCode::kInvalid, "expected true or false, found \"" + std::string(text) + "\"");
}

}  // namespace

struct Flags::State {
  State(std::string program_name, const std::string& description)
      : program(std::move(program_name)), app(description, program) {
    app.set_help_flag("-h,--help", "Show this help and exit.");
    app.add_flag("--version", show_version, "Show version, revision and compiler and exit.");
    app.get_formatter()->column_width(44);
  }

  Entry& New(std::string_view name) {
    auto entry = std::make_unique<Entry>();
    entry->name = name;
    entries.push_back(std::move(entry));
    return *entries.back();
  }
  Entry* Find(std::string_view name) {
    for (const auto& entry : entries) {
      if (entry->name == name) return entry.get();
    }
    return nullptr;
  }
  void Value(Entry& entry, std::string_view value_name, std::string_view help) {
    entry.option = app.add_option("--" + entry.name, entry.raw, std::string(help));
    entry.option->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->allow_extra_args(false);
    std::string shown(value_name);
    const std::string now = entry.text();
    if (!now.empty()) shown += "=" + now;
    entry.option->option_text(shown);
  }
  void Switch(Entry& entry, std::string_view help, bool with_no) {
    entry.is_switch = true;
    const std::string names = "--" + entry.name + (with_no ? ",!--no-" + entry.name : "");
    entry.option = app.add_flag_function(
        names, [&entry](std::int64_t n) { entry.raw.push_back(n > 0 ? "true" : "false"); },
        std::string(help));
    entry.option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    if (with_no && entry.text() == "true")
      entry.option->option_text("(on; --no-" + entry.name + " turns it off)");
  }
  std::string Suggestion(std::string_view unknown) const {
    std::vector<std::string_view> known;
    for (const auto& entry : entries) known.push_back(entry->name);
    return config_internal::Closest(unknown, known);
  }

  std::string program;
  CLI::App app;
  bool show_version = false;
  std::vector<std::unique_ptr<Entry>> entries;
  std::vector<std::string> warnings;
};

Flags::Flags(std::string program, std::string description)
    : state_(std::make_unique<State>(std::move(program), description)) {}
Flags::~Flags() = default;

void Flags::Add(std::string_view name, std::string& value, std::string_view help) {
  Entry& entry = state_->New(name);
  entry.parse = [&value](std::string_view text) -> Status {
    value = text;
    return {};
  };
  entry.text = [&value] { return value; };
  state_->Value(entry, "TEXT", help);
}

void Flags::Add(std::string_view name, bool& value, std::string_view help) {
  Entry& entry = state_->New(name);
  entry.parse = [&value](std::string_view text) -> Status {
    DROVER_TRY(value, ParseSwitch(text));
    return {};
  };
  entry.text = [&value] { return std::string(value ? "true" : "false"); };
  state_->Switch(entry, help, true);
}

void Flags::Add(std::string_view name, std::int64_t& value, std::string_view help) {
  Entry& entry = state_->New(name);
  entry.parse = [&value](std::string_view text) -> Status {
    const auto parsed = ParseInt(text);
    if (!parsed)
      return Fail(ErrorCode::kInvalid,
                  "expected a whole number, found \"" + std::string(text) + "\"");
    value = *parsed;
    return {};
  };
  entry.text = [&value] { return std::to_string(value); };
  state_->Value(entry, "NUMBER", help);
}

void Flags::Add(std::string_view name, double& value, std::string_view help) {
  Entry& entry = state_->New(name);
  entry.parse = [&value](std::string_view text) -> Status {
    const auto parsed = ParseFloat(text);
    if (!parsed)
      return Fail(ErrorCode::kInvalid, "expected a number, found \"" + std::string(text) + "\"");
    value = *parsed;
    return {};
  };
  entry.text = [&value] {
    std::string text;
    AppendJsonFloat(text, value);
    return text;
  };
  state_->Value(entry, "NUMBER", help);
}

void Flags::Add(std::string_view name, Millis& value, std::string_view help) {
  Entry& entry = state_->New(name);
  entry.parse = [&value](std::string_view text) -> Status {
    DROVER_TRY(value, ParseDuration(text));
    return {};
  };
  entry.text = [&value] { return FormatDuration(value); };
  state_->Value(entry, "DURATION", help);
}

void Flags::Add(std::string_view name, ByteSize& value, std::string_view help) {
  Entry& entry = state_->New(name);
  entry.parse = [&value](std::string_view text) -> Status {
    DROVER_TRY(value.bytes, ParseByteSize(text));
    return {};
  };
  entry.text = [&value] {
    return value.bytes == 0 ? std::string("0") : FormatByteSize(value.bytes);
  };
  state_->Value(entry, "SIZE", help);
}

void Flags::Add(std::string_view name, std::vector<std::string>& value, std::string_view help) {
  Entry& entry = state_->New(name);
  entry.repeatable = true;
  entry.text = [&value] {
    std::string text;
    for (const std::string& one : value) text += (text.empty() ? "" : ",") + one;
    return text;
  };
  entry.parse = [&value, first = true](std::string_view text) mutable -> Status {
    if (first) value.clear();
    first = false;
    value.emplace_back(text);
    return {};
  };
  state_->Value(entry, "TEXT ...", help);
}

void Flags::AddCustom(std::string_view name, std::string_view value_name,
                      std::string_view default_text, std::string_view help,
                      std::function<Status(std::string_view)> parse) {
  Entry& entry = state_->New(name);
  entry.repeatable = true;
  entry.parse = std::move(parse);
  entry.text = [&entry, fallback = std::string(default_text)] {
    return entry.raw.empty() ? fallback : entry.raw.back();
  };
  if (value_name.empty()) {
    state_->Switch(entry, help, false);
  } else {
    state_->Value(entry, value_name, help);
  }
}

void Flags::AddIgnored(std::string_view name, bool takes_value, std::string_view why) {
  Entry& entry = state_->New(name);
  entry.ignored_because = why;
  entry.parse = [](std::string_view) -> Status { return {}; };
  entry.text = [] { return std::string(); };
  if (takes_value) {
    state_->Value(entry, "TEXT", "Accepted, without effect: " + std::string(why));
  } else {
    state_->Switch(entry, "Accepted, without effect: " + std::string(why), true);
  }
}

void Flags::Hide(std::string_view name) {
  if (Entry* entry = state_->Find(name)) entry->option->group("");
}

void Flags::AddPositional(std::string_view name, std::vector<std::string>& value, std::size_t min,
                          std::size_t max, std::string_view help) {
  state_->app.add_option(std::string(name), value, std::string(help))
      ->expected(static_cast<int>(min), static_cast<int>(max))
      ->required(min > 0);
}

Result<std::optional<Flags::Exit>> Flags::Parse(int argc, const char* const* argv) {
  return Parse(std::vector<std::string>(argv + 1, argv + argc));
}

Result<std::optional<Flags::Exit>> Flags::Parse(const std::vector<std::string>& arguments) {
  std::vector<std::string> words;
  bool only_words = false;
  for (const std::string& argument : arguments) {
    only_words = only_words || argument == "--";
    const std::size_t equals = argument.find('=');
    const bool option = !only_words && argument.starts_with("--");
    if (option) {
      const std::string name =
          argument.substr(2, equals == std::string::npos ? equals : equals - 2);
      const bool negated = name.starts_with("no-") && state_->Find(name.substr(3)) != nullptr;
      if (state_->Find(name) == nullptr && !negated && name != "help" && name != "version") {
        const std::string suggestion = state_->Suggestion(name);
        return Fail(ErrorCode::kInvalid,
                    "unknown flag --" + name +
                        (suggestion.empty() ? "" : ", did you mean --" + suggestion + "?") +
                        " (--help lists all)");
      }
    }
    if (option && equals == argument.size() - 1) {  // "--x=": CLI11 would take the next word
      words.push_back(argument.substr(0, equals));
      words.emplace_back();
    } else {
      words.push_back(argument);
    }
  }
  std::reverse(words.begin(), words.end());
  try {
    state_->app.parse(std::move(words));
  } catch (const CLI::CallForHelp&) {
    return Exit{0, state_->app.help()};
  } catch (const CLI::Error& error) {
    return Fail(ErrorCode::kInvalid, error.what());
  }
  if (state_->show_version) return Exit{0, VersionText(state_->program)};
  for (const auto& entry : state_->entries) {
    if (entry->raw.empty()) continue;
    if (!entry->ignored_because.empty()) {
      state_->warnings.push_back("--" + entry->name + " has no effect: " + entry->ignored_because);
    }
    if (!entry->repeatable) {
      DROVER_CHECK(Wrong(entry->name, entry->parse(entry->raw.back())));
      continue;
    }
    for (const std::string& one : entry->raw) DROVER_CHECK(Wrong(entry->name, entry->parse(one)));
  }
  return std::nullopt;
}

bool Flags::Given(std::string_view name) const {
  const Entry* entry = state_->Find(name);
  return entry != nullptr && !entry->raw.empty();
}

const std::vector<std::string>& Flags::warnings() const { return state_->warnings; }

std::vector<std::pair<std::string, std::string>> Flags::Values() const {
  std::map<std::string, std::string> sorted;
  for (const auto& entry : state_->entries) sorted[entry->name] = entry->text();
  return {sorted.begin(), sorted.end()};
}

void AddLogFlags(Flags& flags, LogFlags& values) {
  flags.AddCustom("log.level", "LEVEL", "info",
                  "Only log from this severity on: debug, info, warn, error.",
                  [&values](std::string_view text) -> Status {
                    DROVER_TRY(values.level, ParseLogLevel(text));
                    return {};
                  });
  flags.AddCustom("log.format", "FORMAT", "logfmt", "Form of log lines: logfmt or json.",
                  [&values](std::string_view text) -> Status {
                    DROVER_TRY(values.format, ParseLogFormat(text));
                    return {};
                  });
}

}  // namespace drover
