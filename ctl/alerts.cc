#include <algorithm>
#include <cstdlib>

#include "core/base/duration.h"
#include "core/base/numbers.h"
#include "core/http/url.h"
#include "core/json/writer.h"
#include "core/model/labels.h"
#include "ctl/command.h"
#include "receiver/alerting/config/matchers.h"

namespace drover::ctl {
namespace {

std::string TextOf(const json::Value& object, std::string_view key) {
  const json::Value* found = object.Find(key);
  return found != nullptr ? found->AsString() : "";
}

std::string LabelsText(const json::Value* labels) {
  std::vector<LabelView> list;
  if (labels != nullptr) {
    for (const auto& [name, value] : labels->members()) list.push_back({name, value.AsString()});
  }
  return Labels(std::move(list)).ToString();
}

std::string MatchersText(const json::Value* matchers) {
  std::string out;
  if (matchers == nullptr) return out;
  for (const json::Value& matcher : matchers->items()) {
    const bool regex = matcher.Find("isRegex") != nullptr && matcher.Find("isRegex")->AsBool();
    const bool equal = matcher.Find("isEqual") == nullptr || matcher.Find("isEqual")->AsBool();
    if (!out.empty()) out += " ";
    out += TextOf(matcher, "name") + (equal ? (regex ? "=~" : "=") : (regex ? "!~" : "!="));
    AppendGoQuoted(out, TextOf(matcher, "value"));
  }
  return out;
}

}  // namespace

int Alerts(const Context& context, const std::vector<std::string>& words) {
  Flags flags("droverctl alerts",
              "Lists pending and firing alerts. Exit code 1 when one fires and --fail is given.");
  std::string url = kDefaultUrl;
  bool fail = false;
  AddUrl(flags, url);
  flags.Add("fail", fail, "End with 1 when an alert is firing, for scripts.");
  if (const auto end = ParseWords(context, flags, words)) return *end;
  const auto answer = Ask(context, "GET", url + "/api/v1/alerts");
  if (!answer) return Complain(context, answer.error().message());
  const json::Value* data = answer->Find("data");
  const json::Value* alerts = data != nullptr ? data->Find("alerts") : nullptr;
  bool firing = false;
  if (alerts == nullptr || alerts->items().empty()) {
    context.out("nothing is pending or firing\n");
    return 0;
  }
  for (const json::Value& alert : alerts->items()) {
    const std::string state = TextOf(alert, "state");
    firing = firing || state == "firing";
    context.out(state + std::string(9 - std::min<std::size_t>(state.size(), 8), ' ') +
                LabelsText(alert.Find("labels")) + "\n         since " +
                TextOf(alert, "activeAt").substr(0, 19) + "Z, value " + TextOf(alert, "value") +
                "\n");
    if (const json::Value* annotations = alert.Find("annotations")) {
      for (const auto& [name, value] : annotations->members())
        context.out("         " + name + ": " + value.AsString() + "\n");
    }
  }
  return fail && firing ? 1 : 0;
}

int SilenceAdd(const Context& context, const std::vector<std::string>& words) {
  Flags flags("droverctl silence add",
              "Silences alerts by matchers such as alertname=HostSilent or instance=~\"web.*\".");
  std::string url = kDefaultUrl;
  std::string author;
  std::string comment;
  Millis duration = std::chrono::hours(1);
  std::vector<std::string> texts;
  AddUrl(flags, url);
  flags.Add("author", author, "Who silences.");
  flags.Add("comment", comment, "Why.");
  flags.Add("duration", duration, "For how long.");
  flags.AddPositional("MATCHER", texts, 1, 100, "Matchers; all must hold.");
  if (const auto end = ParseWords(context, flags, words)) return *end;
  if (comment.empty())
    return Complain(context, "--comment is missing: say why, for whoever finds the silence");
  if (author.empty()) {
    const char* user = std::getenv("USER");  // NOLINT(concurrency-mt-unsafe): one thread reads it
    author = user != nullptr ? user : "droverctl";
  }
  json::Writer body;
  body.BeginObject().Key("matchers").BeginArray();
  for (const std::string& text : texts) {
    const auto matcher = alerting::ParseOneMatcher(text, alerting::MatcherSyntax::kFallback);
    if (!matcher) return Complain(context, matcher.error().message());
    const bool regex =
        matcher->type() == MatchType::kRegexp || matcher->type() == MatchType::kNotRegexp;
    const bool equal =
        matcher->type() == MatchType::kEqual || matcher->type() == MatchType::kRegexp;
    body.BeginObject().Key("name").String(matcher->name()).Key("value").String(matcher->value());
    body.Key("isRegex").Bool(regex).Key("isEqual").Bool(equal).EndObject();
  }
  const TimePoint now = context.clock.Now();
  body.EndArray()
      .Key("startsAt")
      .String(FormatRfc3339(now))
      .Key("endsAt")
      .String(FormatRfc3339(now + duration));
  body.Key("createdBy").String(author).Key("comment").String(comment).EndObject();
  const auto answer = Ask(context, "POST", url + "/api/v2/silences", body.Take());
  if (!answer) return Complain(context, answer.error().message());
  context.out(TextOf(*answer, "silenceID") + "\n");
  return 0;
}

int SilenceList(const Context& context, const std::vector<std::string>& words) {
  Flags flags("droverctl silence list", "Lists silences, the soonest to end first.");
  std::string url = kDefaultUrl;
  bool expired = false;
  AddUrl(flags, url);
  flags.Add("expired", expired, "Also those that ended.");
  if (const auto end = ParseWords(context, flags, words)) return *end;
  const auto answer = Ask(context, "GET", url + "/api/v2/silences");
  if (!answer) return Complain(context, answer.error().message());
  std::size_t shown = 0;
  for (const json::Value& silence : answer->items()) {
    const json::Value* status = silence.Find("status");
    const std::string state = status != nullptr ? TextOf(*status, "state") : "";
    if (state == "expired" && !expired) continue;
    ++shown;
    context.out(TextOf(silence, "id") + "  " + state + "  " +
                MatchersText(silence.Find("matchers")) + "\n    ends " + TextOf(silence, "endsAt") +
                ", by " + TextOf(silence, "createdBy") + ": " + TextOf(silence, "comment") + "\n");
  }
  if (shown == 0) context.out("no silences\n");
  return 0;
}

int SilenceExpire(const Context& context, const std::vector<std::string>& words) {
  Flags flags("droverctl silence expire", "Ends silences now.");
  std::string url = kDefaultUrl;
  std::vector<std::string> ids;
  AddUrl(flags, url);
  flags.AddPositional("ID", ids, 1, 100, "As silence list shows them.");
  if (const auto end = ParseWords(context, flags, words)) return *end;
  for (const std::string& id : ids) {
    const auto answer = Ask(context, "DELETE", url + "/api/v2/silence/" + http::PercentEncode(id));
    if (!answer) return Complain(context, id + ": " + answer.error().message());
  }
  return 0;
}

}  // namespace drover::ctl
