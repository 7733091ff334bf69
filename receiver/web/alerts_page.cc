#include "core/base/numbers.h"
#include "core/http/url.h"
#include "receiver/alert/alert.h"
#include "receiver/web/pages.h"

namespace drover::web {
namespace {

std::string StateBadge(rules::AlertState state) {
  switch (state) {
    case rules::AlertState::kFiring:
      return html::Badge("bad", "firing");
    case rules::AlertState::kPending:
      return html::Badge("warn", "pending");
    case rules::AlertState::kInactive:
      break;
  }
  return html::Badge("good", "inactive");
}

std::string Join(const std::vector<std::string>& list) {
  std::string out;
  for (const std::string& one : list) out += (out.empty() ? "" : ", ") + one;
  return out;
}

std::string DeliveryText(const Delivery* delivery) {
  if (delivery == nullptr) return "";
  std::string out = html::Escape(Join(delivery->receivers));
  if (!delivery->silenced_by.empty()) out += " " + html::Badge("warn", "silenced");
  if (delivery->inhibited) out += " " + html::Badge("warn", "inhibited");
  if (delivery->muted) out += " " + html::Badge("warn", "muted");
  if (!delivery->last_sent.empty())
    out += "<br><span class=\"dim\">" + html::Escape(delivery->last_sent) + "</span>";
  return out;
}

std::string AlertRow(const Sources& sources, const rules::AlertSnapshot& alert,
                     const AlertingView& view) {
  LabelsBuilder routed(alert.labels);
  for (const auto& [name, text] : view.external_labels) {
    if (routed.Get(name).empty()) routed.Set(name, text);
  }
  const auto found = view.deliveries.find(alert::Fingerprint(routed.Build()));
  std::string value;
  AppendGoFloat(value, alert.value);
  std::string out = "<tr><td>" + StateBadge(alert.state) + "</td><td><code>" +
                    html::Escape(alert.labels.ToString()) + "</code>";
  for (const auto& [name, text] : alert.annotations) {
    out += "<br><span class=\"dim\">" + html::Escape(name) + ":</span> " + html::Escape(text);
  }
  out += "</td><td class=\"n\">" + html::Escape(value) + "</td><td class=\"n\">" +
         html::Ago(sources.clock.Now() - alert.active_at) + "</td><td>" +
         DeliveryText(found == view.deliveries.end() ? nullptr : &found->second) + "</td></tr>";
  return out;
}

std::string Silences(const AlertingView& view) {
  if (view.silences.empty()) return "";
  std::string rows;
  for (const SilenceRow& silence : view.silences) {
    rows += "<tr><td>" + html::Escape(silence.state) + "</td><td><code>" +
            html::Escape(silence.matchers) + "</code></td><td>" + html::Escape(silence.ends) +
            "</td><td>" + html::Escape(silence.created_by) + "</td><td>" +
            html::Escape(silence.comment) + "<br><code class=\"dim\">" + html::Escape(silence.id) +
            "</code></td></tr>";
  }
  return "<h2>Silences</h2><div "
         "class=\"scroll\"><table><tr><th>state</th><th>matchers</th><th>ends</th><th>by</"
         "th><th>comment</th></tr>" +
         rows + "</table></div>";
}

}  // namespace

http::Response AlertsPage(const Sources& sources) {
  const AlertingView view = sources.alerting ? sources.alerting() : AlertingView();
  std::string active;
  std::string quiet;
  for (const rules::GroupSnapshot& group : sources.groups()) {
    for (const rules::RuleSnapshot& rule : group.rules) {
      if (!rule.spec.alerting) continue;
      for (const rules::AlertSnapshot& alert : rule.alerts)
        active += AlertRow(sources, alert, view);
      std::string health;
      if (rule.health == rules::Health::kErr) health = " " + html::Badge("bad", rule.last_error);
      quiet += "<tr><td>" + StateBadge(rule.state) + "</td><td>" + html::Escape(rule.spec.name) +
               health +
               "</td><td><a href=\"/graph?expr=" + html::Escape(http::QueryEscape(rule.query)) +
               "\"><code>" + html::Escape(rule.query) + "</code></a></td></tr>";
    }
  }
  std::string body;
  if (!sources.alerting)
    body +=
        "<p class=\"warn\">No --alerting.config.file: alerts are shown here and sent to "
        "nobody.</p>";
  if (active.empty()) {
    body += "<p>" + html::Badge("good", "Nothing is pending or firing.") + "</p>";
  } else {
    body +=
        "<div class=\"scroll\"><table><tr><th>state</th><th>alert</th><th "
        "class=\"n\">value</th><th class=\"n\">since</th><th>goes to</th></tr>" +
        active + "</table></div>";
  }
  body += Silences(view);
  body += "<h2>Alerting rules</h2>";
  body +=
      quiet.empty()
          ? "<p class=\"dim\">No alerting rules are loaded.</p>"
          : "<div class=\"scroll\"><table><tr><th>state</th><th>name</th><th>expression</th></tr>" +
                quiet + "</table></div>";
  html::Frame frame = MakeFrame(sources, "Alerts", "/alerts");
  frame.refresh_seconds = 15;
  return http::Response::Html(html::Page(frame, body));
}

}  // namespace drover::web
