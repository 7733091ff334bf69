#include "core/html/html.h"

#include <array>
#include <cmath>
#include <cstdio>

#include "core/base/version.h"

namespace drover::html {
namespace {

constexpr std::string_view kStyle = R"(
:root{color-scheme:light dark;--line:#8884;--dim:#888;--good:#1a7f37;--bad:#c62828;--warn:#b26a00;--bar:#8882}
*{box-sizing:border-box}
body{font:15px/1.45 system-ui,sans-serif;margin:0 auto;max-width:72rem;padding:0 .8rem 2rem}
header{display:flex;flex-wrap:wrap;gap:.2rem 1rem;align-items:baseline;border-bottom:1px solid var(--line);padding:.6rem 0;margin-bottom:.8rem}
header b{font-size:1.1rem}
a{color:inherit}
nav a{margin-right:.9rem;text-decoration:none;padding-bottom:.1rem}
nav a.here{border-bottom:2px solid}
h1{font-size:1.25rem}h2{font-size:1.05rem;margin:1.2rem 0 .4rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.25rem .6rem .25rem 0;border-bottom:1px solid var(--line)}
th{font-weight:600;color:var(--dim)}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
code,pre,textarea,input{font:13px/1.4 ui-monospace,monospace}
code{overflow-wrap:anywhere}
.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}.dim{color:var(--dim)}
.notice{border:1px solid var(--bad);color:var(--bad);padding:.4rem .6rem;margin:.6rem 0;overflow-wrap:anywhere}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:.8rem}
.card{border:1px solid var(--line);border-radius:.4rem;padding:.5rem .7rem}
.card h3{font-size:.95rem;margin:0 0 .2rem}
svg{display:block;width:100%;height:auto}
svg text{font:11px system-ui,sans-serif;fill:var(--dim)}
form{display:flex;flex-wrap:wrap;gap:.4rem;margin:.4rem 0}
form textarea{flex:1 1 100%;min-height:3.2rem}
input,button,textarea{padding:.3rem .5rem}
.legend{list-style:none;padding:0;margin:.3rem 0;font-size:13px}
.legend i{display:inline-block;width:.8rem;height:.2rem;margin-right:.4rem;vertical-align:middle}
footer{color:var(--dim);margin-top:2rem;font-size:13px}
)";

}  // namespace

std::string Escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&#34;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string Page(const Frame& frame, std::string_view body) {
  std::string out = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">";
  out += "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">";
  if (frame.refresh_seconds > 0) out += "<meta http-equiv=\"refresh\" content=\"" + std::to_string(frame.refresh_seconds) + "\">";
  out += "<title>" + Escape(frame.title) + " - " + Escape(frame.program) + "</title><style>";
  out += kStyle;
  out += "</style></head><body><header><b>" + Escape(frame.program) + "</b><nav>";
  for (const auto& [path, text] : frame.links) {
    out += "<a href=\"" + Escape(path) + "\"" + (path == frame.current ? " class=\"here\"" : "") + ">" + Escape(text) + "</a>";
  }
  out += "</nav></header>";
  if (!frame.notice.empty()) out += "<div class=\"notice\">" + Escape(frame.notice) + "</div>";
  out += body;
  out += "<footer>" + Escape(frame.program) + " " + std::string(Version()) + " (" + std::string(Revision()) + ")</footer></body></html>\n";
  return out;
}

std::string Badge(std::string_view kind, std::string_view text) {
  return "<span class=\"" + Escape(kind) + "\">" + Escape(text) + "</span>";
}

std::string Ago(Millis d) {
  const double seconds = std::chrono::duration<double>(d).count();
  char text[48];
  if (seconds < 60) {
    std::snprintf(text, sizeof text, "%.1fs", seconds);
    return text;
  }
  const auto whole = static_cast<long long>(seconds);
  if (whole < 3600) {
    std::snprintf(text, sizeof text, "%lldm %llds", whole / 60, whole % 60);
  } else if (whole < 86400) {
    std::snprintf(text, sizeof text, "%lldh %lldm", whole / 3600, whole % 3600 / 60);
  } else {
    std::snprintf(text, sizeof text, "%lldd %lldh", whole / 86400, whole % 86400 / 3600);
  }
  return text;
}

std::string ShortNumber(double v) {
  if (std::isnan(v)) return "NaN";
  if (std::isinf(v)) return v > 0 ? "+Inf" : "-Inf";
  static constexpr std::array<const char*, 7> kUnits = {"", "k", "M", "G", "T", "P", "E"};
  std::size_t unit = 0;
  double shown = v;
  while (std::fabs(shown) >= 1000 && unit + 1 < kUnits.size()) {
    shown /= 1000;
    ++unit;
  }
  char text[48];
  std::snprintf(text, sizeof text, "%.3g%s", shown, kUnits[unit]);
  return text;
}

}  // namespace drover::html
