#include "pushprox/proxy/clients_page.h"

#include <algorithm>
#include <set>
#include <utility>

#include "core/html/html.h"
#include "core/http/url.h"
#include "core/json/writer.h"

namespace drover::pushprox {
namespace {

constexpr std::size_t kMaxRows = 500;

bool IsLabelName(std::string_view text) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !text.empty() && letter(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

// Which of a client's labels would say more than a client may.
bool IsOurs(std::string_view label) {
  return label == "job" || label == "instance" || label == "port" || label == "path" ||
         label == "pushprox_client" || label.starts_with("__");
}

void AddParams(RegisteredLabels& labels, std::string_view query) {
  http::Form form;
  form.Parse(query);
  for (const auto& [name, value] : form.list()) {
    if (IsLabelName(name)) labels.emplace("__param_" + name, value);
  }
}

RegisteredLabels LabelsOf(const KnownClient& client, const RegisteredTarget& target) {
  RegisteredLabels labels;
  for (const auto* from : {&client.labels, &target.labels}) {
    for (const auto& [name, value] : *from) {
      if (!IsOurs(name)) labels[name] = value;
    }
  }
  labels.emplace("node", client.name);
  labels["pushprox_client"] = client.name;
  labels["port"] = std::to_string(target.port);
  labels["path"] = target.path;
  const std::size_t question = target.path.find('?');
  labels["__metrics_path__"] = target.path.substr(0, question);
  if (question != std::string::npos)
    AddParams(labels, std::string_view(target.path).substr(question + 1));
  return labels;
}

std::string Address(const KnownClient& client, int port) {
  const bool v6 = client.name.find(':') != std::string::npos;
  return (v6 ? "[" + client.name + "]" : client.name) + ":" + std::to_string(port);
}

void WriteGroup(json::Writer& out, const std::string& address, const RegisteredLabels* labels) {
  out.BeginObject().Key("targets").BeginArray().String(address).EndArray().Key("labels");
  if (labels == nullptr) {
    out.Null();
  } else {
    out.BeginObject();
    for (const auto& [name, value] : *labels) out.Key(name).String(value);
    out.EndObject();
  }
  out.EndObject();
}

std::string Parameter(const http::Request& request, std::string_view key) {
  http::Form form;
  form.Parse(request.query);
  return std::string(form.Get(key));
}

// "kubelet :10250/metrics", sorted.
std::set<std::string> TargetLines(const KnownClient& client) {
  std::set<std::string> lines;
  for (const RegisteredTarget& target : client.targets) {
    const auto own = target.labels.find("component");
    const auto all = client.labels.find("component");
    const std::string component = own != target.labels.end()   ? own->second
                                  : all != client.labels.end() ? all->second
                                                               : "";
    lines.insert((component.empty() ? "" : component + " ") + ":" + std::to_string(target.port) +
                 target.path);
  }
  return lines;
}

}  // namespace

std::string DiscoveryJson(const std::vector<KnownClient>& clients, std::string_view component) {
  json::Writer out(false);
  out.BeginArray();
  for (const KnownClient& client : clients) {
    if (client.targets.empty() && component.empty()) WriteGroup(out, client.name, nullptr);
    for (const RegisteredTarget& target : client.targets) {
      const RegisteredLabels labels = LabelsOf(client, target);
      const auto own = labels.find("component");
      if (!component.empty() && (own == labels.end() || own->second != component)) continue;
      WriteGroup(out, Address(client, target.port), &labels);
    }
  }
  out.EndArray();
  return out.Take() + "\n";
}

std::string ClientsHtml(const std::vector<KnownClient>& clients, std::string_view search) {
  std::string rows;
  std::size_t alive = 0, found = 0;
  for (const KnownClient& client : clients) {
    alive += client.alive ? 1U : 0U;
    const std::set<std::string> lines = TargetLines(client);
    const auto holds = [&](const std::string& text) {
      return text.find(search) != std::string::npos;
    };
    if (!holds(client.name) && std::none_of(lines.begin(), lines.end(), holds)) continue;
    if (++found > kMaxRows) continue;
    std::string targets;
    for (const std::string& line : lines)
      targets += "<br><code class=\"dim\">" + html::Escape(line) + "</code>";
    rows += "<tr><td>" +
            (client.alive ? html::Badge("good", "alive") : html::Badge("bad", "away")) + "<br>" +
            html::Badge("dim", client.transport) + "</td><td>" + html::Escape(client.name) +
            targets + "</td><td class=\"n\">" +
            (client.alive ? "now" : html::Ago(client.seen) + " ago") + "</td></tr>";
  }
  std::string body = "<h1>Clients</h1><p>" + std::to_string(clients.size()) + " names, " +
                     std::to_string(alive) + " alive.</p><form><input name=\"search\" value=\"" +
                     html::Escape(search) +
                     "\" placeholder=\"name or component\"><button>search</button></form>";
  if (found > kMaxRows)
    body += "<p class=\"warn\">" + std::to_string(found) + " fit; the first " +
            std::to_string(kMaxRows) + " are shown.</p>";
  if (rows.empty()) {
    body += "<p class=\"dim\">None.</p>";
  } else {
    body +=
        "<div class=\"scroll\"><table><tr><th>state</th><th>name, targets</th>"
        "<th class=\"n\">seen</th></tr>" +
        rows + "</table></div>";
  }
  html::Frame frame;
  frame.title = "Clients";
  frame.program = "drover-pushprox";
  frame.links = {{"/", "Clients"}, {"/clients", "as JSON"}, {"/metrics", "Metrics"}};
  frame.current = "/";
  return html::Page(frame, body);
}

void AddClientPages(http::Router& router, std::function<std::vector<KnownClient>()> list) {
  router.Add("GET,HEAD", "/clients", [list](const http::Request& request) {
    return http::Response::Json(200, DiscoveryJson(list(), Parameter(request, "component")));
  });
  router.Add("GET,HEAD", "/clients/*", [list](const http::Request& request) {
    std::vector<KnownClient> clients = list();
    const std::string name = request.path.substr(std::string_view("/clients/").size());
    std::erase_if(clients, [&](const KnownClient& one) { return one.name != name; });
    if (clients.empty()) return http::Response::Text(404, "no client of that name\n");
    return http::Response::Json(200, DiscoveryJson(clients, Parameter(request, "component")));
  });
  const auto page = [list = std::move(list)](const http::Request& request) {
    return http::Response::Html(ClientsHtml(list(), Parameter(request, "search")));
  };
  router.Add("GET,HEAD", "/", page);
  router.Add("GET,HEAD", "/clients.html", page);
}

}  // namespace drover::pushprox
