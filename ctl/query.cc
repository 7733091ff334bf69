#include <algorithm>

#include "core/base/duration.h"
#include "core/base/numbers.h"
#include "core/http/url.h"
#include "core/model/labels.h"
#include "ctl/command.h"
#include "ctl/terminal_plot.h"

namespace drover::ctl {
namespace {

constexpr std::size_t kMaxLines = 12;

std::string SeriesText(const json::Value& metric) {
  std::vector<LabelView> labels;
  for (const auto& [name, value] : metric.members()) labels.push_back({name, value.AsString()});
  return Labels(std::move(labels)).ToMetricString();
}

void PrintNotes(const Context& context, const json::Value& answer) {
  for (const char* kind : {"warnings", "infos"}) {
    if (const json::Value* notes = answer.Find(kind)) {
      for (const json::Value& note : notes->items()) context.err(note.AsString() + "\n");
    }
  }
}

std::int64_t TimeOf(const json::Value& point) {
  return static_cast<std::int64_t>(point.items().at(0).AsNumber() * 1000 + 0.5);
}

// Two columns, the first as wide as its widest entry.
void PrintTable(const Context& context,
                const std::vector<std::pair<std::string, std::string>>& rows) {
  std::size_t width = 0;
  for (const auto& [left, right] : rows) width = std::max(width, left.size());
  for (const auto& [left, right] : rows)
    context.out(left + std::string(width - left.size() + 2, ' ') + right + "\n");
}

void PrintInstant(const Context& context, const json::Value& data) {
  const std::string type =
      data.Find("resultType") != nullptr ? data.Find("resultType")->AsString() : "";
  const json::Value* result = data.Find("result");
  if (result == nullptr) return;
  if (type == "scalar" || type == "string") {
    context.out(result->items().at(1).AsString() + "\n");
    return;
  }
  std::vector<std::pair<std::string, std::string>> rows;
  for (const json::Value& series : result->items()) {
    const std::string name =
        series.Find("metric") != nullptr ? SeriesText(*series.Find("metric")) : "{}";
    if (const json::Value* value = series.Find("value")) {
      rows.emplace_back(name, value->items().at(1).AsString());
    } else if (const json::Value* values = series.Find("values")) {
      for (const json::Value& point : values->items()) {
        rows.emplace_back(
            name, point.items().at(1).AsString() + " @ " + FormatRfc3339(FromMs(TimeOf(point))));
      }
    } else {
      rows.emplace_back(name, "(histogram)");
    }
  }
  PrintTable(context, rows);
  if (rows.empty()) context.err("no series\n");
}

// "now", RFC 3339, or seconds since the epoch.
Result<std::int64_t> ParseWhen(const std::string& text, const Clock& clock) {
  if (text == "now") return ToMs(clock.Now());
  if (const auto seconds = ParseFloat(text)) return static_cast<std::int64_t>(*seconds * 1000);
  if (const auto time = ParseRfc3339(text)) return ToMs(*time);
  return Fail(ErrorCode::kInvalid,
              "\"" + text + "\" is no time: write now, 2026-11-21T08:00:00Z or seconds since 1970");
}

std::string SecondsText(std::int64_t ms) {
  std::string text;
  AppendFloatF(text, static_cast<double>(ms) / 1000);
  return text;
}

}  // namespace

int QueryInstant(const Context& context, const std::vector<std::string>& words) {
  Flags flags("droverctl query instant", "Evaluates an expression at one time.");
  std::string url = kDefaultUrl;
  std::string time = "now";
  bool as_json = false;
  std::vector<std::string> expressions;
  AddUrl(flags, url);
  flags.Add("time", time, "When: now, 2026-11-21T08:00:00Z, or seconds since 1970.");
  flags.Add("json", as_json, "Print the result as JSON, for other programs.");
  flags.AddPositional("EXPR", expressions, 1, 1, "PromQL expression.");
  if (const auto end = ParseWords(context, flags, words)) return *end;
  const auto when = ParseWhen(time, context.clock);
  if (!when) return Complain(context, when.error().message());
  const std::string form =
      "query=" + http::QueryEscape(expressions[0]) + "&time=" + SecondsText(*when);
  if (as_json) {
    http::ClientRequest request;
    request.url = url + "/api/v1/query?" + form;
    const auto answer = context.client.Do(std::move(request));
    if (!answer) return Complain(context, answer.error().message());
    context.out(answer->body + "\n");
    return answer->status == 200 ? 0 : 1;
  }
  const auto answer = Ask(context, "POST", url + "/api/v1/query", form);
  if (!answer) return Complain(context, answer.error().message());
  PrintNotes(context, *answer);
  if (const json::Value* data = answer->Find("data")) PrintInstant(context, *data);
  return 0;
}

int QueryRange(const Context& context, const std::vector<std::string>& words) {
  Flags flags(
      "droverctl query range",
      "Evaluates an expression over a range. In a terminal it is drawn, else it is a table.");
  std::string url = kDefaultUrl;
  std::string end_text = "now";
  Millis range = std::chrono::hours(1);
  Millis step{0};
  bool table = false;
  std::vector<std::string> expressions;
  AddUrl(flags, url);
  flags.Add("range", range, "How far back.");
  flags.Add("end", end_text, "Last time: now, 2026-11-21T08:00:00Z, or seconds since 1970.");
  flags.Add("step", step, "Distance of points; 0s: as fine as the picture is.");
  flags.Add("table", table, "A table also in a terminal.");
  flags.AddPositional("EXPR", expressions, 1, 1, "PromQL expression.");
  if (const auto end = ParseWords(context, flags, words)) return *end;
  const auto end_ms = ParseWhen(end_text, context.clock);
  if (!end_ms) return Complain(context, end_ms.error().message());
  if (range.count() <= 0) return Complain(context, "--range must be positive");
  if (step.count() == 0)
    step = std::max(Millis(1000),
                    Millis(range.count() / std::max(context.columns * 2, 80) / 1000 * 1000));
  const std::int64_t start_ms = *end_ms - range.count();
  const auto answer =
      Ask(context, "POST", url + "/api/v1/query_range",
          "query=" + http::QueryEscape(expressions[0]) + "&start=" + SecondsText(start_ms) +
              "&end=" + SecondsText(*end_ms) + "&step=" + SecondsText(step.count()));
  if (!answer) return Complain(context, answer.error().message());
  PrintNotes(context, *answer);
  const json::Value* data = answer->Find("data");
  const json::Value* result = data != nullptr ? data->Find("result") : nullptr;
  if (result == nullptr || result->items().empty()) {
    context.err("no series\n");
    return 0;
  }
  if (table || !context.terminal) {
    PrintInstant(context, *data);
    return 0;
  }
  std::vector<TerminalSeries> lines;
  std::string legend;
  for (const json::Value& series : result->items()) {
    const json::Value* values = series.Find("values");
    if (values == nullptr || lines.size() == kMaxLines) continue;
    TerminalSeries& line = lines.emplace_back();
    for (const json::Value& point : values->items()) {
      line.t_ms.push_back(TimeOf(point));
      line.value.push_back(ParseFloat(point.items().at(1).AsString()).value_or(0));
    }
    legend +=
        TerminalColor(lines.size() - 1) + "--\x1b[0m " + SeriesText(*series.Find("metric")) + "\n";
  }
  context.out(TerminalPlot(lines, start_ms, *end_ms, context.columns, 14, true) + legend);
  if (result->items().size() > lines.size())
    context.out(std::to_string(result->items().size() - lines.size()) +
                " more series are not drawn (--table lists all)\n");
  return 0;
}

}  // namespace drover::ctl
