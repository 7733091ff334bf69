#include <unistd.h>

#include <mutex>

#include "core/base/numbers.h"
#include "core/http/server.h"
#include "core/json/reader.h"
#include "core/os/signals.h"
#include "ctl/command.h"

namespace drover::ctl {
namespace {

std::string TextOf(const json::Value& object, std::string_view key) {
  const json::Value* found = object.Find(key);
  return found != nullptr ? found->AsString() : "";
}

std::string Describe(const json::Value& message, TimePoint now) {
  std::string out = FormatRfc3339(now, 0).substr(11, 8) + " " + TextOf(message, "status") +
                    " for " + TextOf(message, "receiver") + "  " + TextOf(message, "groupKey") +
                    "\n";
  const json::Value* alerts = message.Find("alerts");
  if (alerts == nullptr) return out;
  for (const json::Value& alert : alerts->items()) {
    std::string labels;
    std::string name;
    if (const json::Value* all = alert.Find("labels")) {
      for (const auto& [key, value] : all->members()) {
        if (key == "alertname") {
          name = value.AsString();
        } else {
          labels += (labels.empty() ? "" : " ") + key + "=" + value.AsString();
        }
      }
    }
    out += "  " + TextOf(alert, "status") + " " + name + "  " + labels + "\n";
    if (const json::Value* annotations = alert.Find("annotations")) {
      for (const auto& [key, value] : annotations->members())
        out += "    " + key + ": " + value.AsString() + "\n";
    }
  }
  return out;
}

}  // namespace

int Webhook(const Context& context, const std::vector<std::string>& words) {
  Flags flags("droverctl webhook",
              "Listens for webhook notifications (Alertmanager's payload) and prints each. Ctrl-C "
              "ends it.");
  std::string listen = "127.0.0.1:9099";
  bool raw = false;
  flags.Add("listen", listen, "Address; the URL to configure is http://ADDRESS/.");
  flags.Add("raw", raw, "Print bodies as they come.");
  if (const auto end = ParseWords(context, flags, words)) return *end;
  const Signals signals;
  const auto sink = MakeFdLogSink(STDERR_FILENO);
  const Logger log(*sink, context.clock);
  std::mutex printing;
  http::Router router;
  router.Add("POST", "/*",
             [&](const http::Request& request) {
               const auto message = json::Parse(request.body);
               const std::lock_guard lock(printing);
               if (raw || !message) {
                 context.out(request.body + "\n");
               } else {
                 context.out(Describe(*message, context.clock.Now()));
               }
               return http::Response::Text(200, "ok\n");
             },
             {.max_body_bytes = 16 << 20});
  auto server = http::StartServer({.listen = {listen}, .workers = 1}, router, log);
  if (!server) return Complain(context, server.error().message());
  context.err("listening on http://" + (*server)->addresses().front() + "/\n");
  signals.WaitForEnd([] {});
  (*server)->Stop(Millis(200));
  return 0;
}

}  // namespace drover::ctl
