#include "ctl/command.h"

#include <array>

namespace drover::ctl {

std::span<const Command> Commands() {
  static constexpr std::array<Command, 12> kCommands = {{
      {"check config", "FILE...",
       "Check agent.yml, receiver.yml or a whole prometheus.yml; says which program uses what.",
       CheckConfig},
      {"check rules", "FILE...", "Check rule files.", CheckRules},
      {"check alerting", "FILE...", "Check an alertmanager.yml.", CheckAlerting},
      {"query instant", "EXPR", "Evaluate an expression at one time.", QueryInstant},
      {"query range", "EXPR",
       "Evaluate an expression over a range: a plot in a terminal, else a table.", QueryRange},
      {"alerts", "", "List pending and firing alerts.", Alerts},
      {"silence add", "MATCHER...", "Silence the alerts that match; prints the silence's id.",
       SilenceAdd},
      {"silence list", "", "List silences.", SilenceList},
      {"silence expire", "ID...", "End silences now.", SilenceExpire},
      {"routes show", "FILE", "Print the routing tree of an alertmanager.yml.", RoutesShow},
      {"routes test", "FILE LABEL=VALUE...",
       "Print the receivers an alert with these labels goes to.", RoutesTest},
      {"webhook", "", "Listen for webhook notifications and print each.", Webhook},
  }};
  return kCommands;
}

int Complain(const Context& context, std::string_view text) {
  context.err("droverctl: " + std::string(text) + "\n");
  return 1;
}

std::optional<int> ParseWords(const Context& context, Flags& flags,
                              const std::vector<std::string>& words) {
  const auto end = flags.Parse(words);
  if (!end) {
    context.err("droverctl: " + end.error().message() + "\n");
    return 2;
  }
  if (*end) {
    context.out((*end)->text);
    return (*end)->code;
  }
  return std::nullopt;
}

void AddUrl(Flags& flags, std::string& url) {
  flags.Add("url", url, "drover-receiver (or any Prometheus with Alertmanager's API) to ask.");
}

Result<json::Value> Ask(const Context& context, const std::string& method, const std::string& url,
                        std::string body) {
  http::ClientRequest request;
  request.method = method;
  request.url = url;
  request.body = std::move(body);
  request.accept_gzip = true;
  request.max_body_bytes = 256 << 20;
  if (!request.body.empty()) {
    const char* type = request.body.starts_with('{') || request.body.starts_with('[')
                           ? "application/json"
                           : "application/x-www-form-urlencoded";
    request.headers.emplace_back("Content-Type", type);
  }
  auto answer = context.client.Do(std::move(request));
  if (!answer)
    return Fail(answer.error().code(), url.substr(0, url.find('?')) + ": " +
                                           answer.error().message() +
                                           " (is it running? --url names another)");
  if (answer->body.empty() && answer->status / 100 == 2) return json::Value();
  auto value = json::Parse(answer->body);
  if (answer->status / 100 != 2) {
    std::string why = answer->body.substr(0, 300);
    if (value) {
      if (const json::Value* error = value->Find("error")) why = error->AsString();
      if (const json::Value* message = value->Find("message")) why = message->AsString();
      if (value->IsString()) why = value->AsString();
    }
    return Fail(ErrorCode::kInvalid,
                why.empty() ? "HTTP status " + std::to_string(answer->status) : why);
  }
  if (!value)
    return Fail(ErrorCode::kInvalid,
                url + " answered something that is no JSON: is it a drover-receiver?");
  return value;
}

}  // namespace drover::ctl
