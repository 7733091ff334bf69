// What droverctl's commands share: words in, text out, an exit code; a server to ask.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/config/flags.h"
#include "core/http/client.h"
#include "core/json/reader.h"

namespace drover::ctl {

// Given to every command. All outlive it.
struct Context {
  std::function<void(std::string_view)> out;  // standard output
  std::function<void(std::string_view)> err;
  http::Client& client;
  Clock& clock;
  bool terminal = false;  // standard output is one
  int columns = 80;
};

struct Command {
  std::string_view name;  // "query range"
  std::string_view arguments;
  std::string_view help;
  // `words`: what follows the name. The exit code: 0 done, 1 the thing asked about is wrong or the
  // server said no, 2 wrong use.
  int (*run)(const Context& context, const std::vector<std::string>& words);
};

// In --help order.
std::span<const Command> Commands();

int CheckConfig(const Context& context, const std::vector<std::string>& words);
int CheckRules(const Context& context, const std::vector<std::string>& words);
int CheckAlerting(const Context& context, const std::vector<std::string>& words);
int QueryInstant(const Context& context, const std::vector<std::string>& words);
int QueryRange(const Context& context, const std::vector<std::string>& words);
int Alerts(const Context& context, const std::vector<std::string>& words);
int SilenceAdd(const Context& context, const std::vector<std::string>& words);
int SilenceList(const Context& context, const std::vector<std::string>& words);
int SilenceExpire(const Context& context, const std::vector<std::string>& words);
int RoutesShow(const Context& context, const std::vector<std::string>& words);
int RoutesTest(const Context& context, const std::vector<std::string>& words);
int Webhook(const Context& context, const std::vector<std::string>& words);

// --- helpers ---

// Parses `words` with `flags`; an exit code when the command ends here (--help, wrong use).
std::optional<int> ParseWords(const Context& context, Flags& flags,
                              const std::vector<std::string>& words);
// Prints "droverctl: text" and answers 1.
int Complain(const Context& context, std::string_view text);

inline constexpr const char* kDefaultUrl = "http://127.0.0.1:9090";
void AddUrl(Flags& flags, std::string& url);

// A JSON answer of the receiver. Errors name the server and what to do; an API error gives its own
// text.
Result<json::Value> Ask(const Context& context, const std::string& method, const std::string& url,
                        std::string body = "");

}  // namespace drover::ctl
