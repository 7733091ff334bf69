#include <algorithm>

#include "core/base/duration.h"
#include "core/base/numbers.h"
#include "core/html/plot.h"
#include "core/http/url.h"
#include "receiver/web/pages.h"

namespace drover::web {
namespace {

constexpr std::size_t kMaxLines = 32;
constexpr std::size_t kMaxRows = 200;
constexpr std::int64_t kPoints = 240;

std::string AskForm(const std::string& expr, const std::string& range, const std::string& end) {
  return "<form method=\"get\" action=\"/graph\"><textarea name=\"expr\" rows=\"3\" autofocus "
         "spellcheck=\"false\" "
         "placeholder=\"rate(node_cpu_seconds_total[5m])\">" +
         html::Escape(expr) + "</textarea><label>range <input name=\"range\" size=\"6\" value=\"" +
         html::Escape(range) +
         "\"></label><label>end <input name=\"end\" size=\"20\" placeholder=\"now\" value=\"" +
         html::Escape(end) + "\"></label><button>Ask</button></form>";
}

std::string Problem(const std::string& text) {
  return "<div class=\"notice\">" + html::Escape(text) + "</div>";
}

std::string Notes(const promql::QueryResult& result, const std::string& query) {
  std::string out;
  for (const std::string& warning : result.annotations.Warnings(query))
    out += "<p class=\"warn\">" + html::Escape(warning) + "</p>";
  for (const std::string& info : result.annotations.Infos(query))
    out += "<p class=\"dim\">" + html::Escape(info) + "</p>";
  return out;
}

std::string Plot(const promql::Matrix& matrix, TimePoint start, TimePoint end, Millis step) {
  std::vector<html::PlotSeries> lines;
  for (const promql::MatrixSeries& series : matrix) {
    if (lines.size() == kMaxLines) break;
    lines.push_back({series.labels.ToMetricString(), series.samples.t_ms, series.samples.value});
  }
  std::string out = html::LinePlot(
      lines, {.start_ms = ToMs(start), .end_ms = ToMs(end), .step_ms = step.count()});
  out += "<ul class=\"legend\">";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    out += "<li><i style=\"background:" + html::PlotColor(i) + "\"></i><code>" +
           html::Escape(lines[i].label) + "</code></li>";
  }
  out += "</ul>";
  if (matrix.size() > kMaxLines)
    out += "<p class=\"dim\">" + std::to_string(matrix.size() - kMaxLines) +
           " more series are not drawn.</p>";
  return out;
}

std::string Row(const std::string& what, const std::string& value) {
  return "<tr><td><code>" + html::Escape(what) + "</code></td><td class=\"n\">" +
         html::Escape(value) + "</td></tr>";
}

std::string Number(double v) {
  std::string text;
  AppendJsonFloat(text, v);
  return text;
}

std::string Table(const promql::AnyValue& value) {
  std::string rows;
  std::size_t count = 0;
  std::size_t all = 1;
  if (const auto* scalar = std::get_if<promql::ScalarValue>(&value)) {
    rows = Row("scalar", Number(scalar->value));
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    rows = Row("string", *text);
  } else if (const auto* vector = std::get_if<promql::InstantVector>(&value)) {
    all = vector->size();
    for (const promql::VectorElement& element : *vector) {
      if (count++ == kMaxRows) break;
      rows += Row(element.labels.ToMetricString(),
                  element.histogram ? "histogram" : Number(element.value));
    }
  } else {
    const auto& matrix = std::get<promql::Matrix>(value);
    all = matrix.size();
    for (const promql::MatrixSeries& series : matrix) {
      if (count++ == kMaxRows) break;
      rows +=
          Row(series.labels.ToMetricString(), std::to_string(series.samples.size()) + " samples");
    }
  }
  if (rows.empty()) return "<p class=\"dim\">No series.</p>";
  std::string out =
      "<div class=\"scroll\"><table><tr><th>series</th><th class=\"n\">value</th></tr>" + rows +
      "</table></div>";
  if (all > kMaxRows)
    out +=
        "<p class=\"dim\">" + std::to_string(all - kMaxRows) + " more series are not listed.</p>";
  return out;
}

}  // namespace

http::Response GraphPage(const Sources& sources, const http::Request& request) {
  const http::Form form = http::FormOf(request);
  // Links in alerts name the parameters as Prometheus does.
  const std::string expr(form.Has("g0.expr") ? form.Get("g0.expr") : form.Get("expr"));
  const std::string range_text(form.Has("g0.range_input") ? form.Get("g0.range_input")
                               : form.Has("range")        ? form.Get("range")
                                                          : "1h");
  const std::string end_text(form.Get("end"));
  std::string body = AskForm(expr, range_text, end_text);
  const auto page = [&] {
    return http::Response::Html(html::Page(MakeFrame(sources, "Graph", "/graph"), body));
  };
  if (expr.empty()) return page();

  const auto query = sources.engine.Parse(expr);
  const auto range = ParseDuration(range_text);
  TimePoint end = sources.clock.Now();
  if (!end_text.empty()) {
    const auto given = ParseRfc3339(end_text);
    if (!given) {
      body += Problem("end: \"" + end_text + "\" is no time; write it like 2026-11-21T08:00:00Z");
      return page();
    }
    end = *given;
  }
  if (!query || !range || range->count() <= 0) {
    body += Problem(!query   ? query.error().message()
                    : !range ? "range: " + range.error().message()
                             : "range must be positive");
    return page();
  }
  const auto now = sources.engine.Instant(sources.storage, *query, end);
  if (!now) {
    body += Problem(now.error().message());
    return page();
  }
  if (query->expr->type() == promql::ValueType::kVector ||
      query->expr->type() == promql::ValueType::kScalar) {
    const Millis step =
        std::max<Millis>(Millis(1000), Millis(range->count() / kPoints / 1000 * 1000));
    const auto result = sources.engine.Range(sources.storage, *query, end - *range, end, step);
    body += result ? Plot(std::get<promql::Matrix>(result->value), end - *range, end, step)
                   : Problem(result.error().message());
  }
  body +=
      Notes(*now, query->text) + "<h2>At " + FormatRfc3339(end, 0) + "</h2>" + Table(now->value);
  return page();
}

}  // namespace drover::web
