#include "core/exposition/negotiate.h"

#include "core/base/numbers.h"

namespace drover::exposition {
namespace {

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Cuts the part before `separator` off `rest`.
std::string_view Cut(std::string_view& rest, char separator) {
  const std::size_t at = rest.find(separator);
  const std::string_view part = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  return Trim(part);
}

struct Item {
  std::string_view type, version, escaping;
  double weight = 1;
};

Item ReadItem(std::string_view text) {
  Item item;
  item.type = Cut(text, ';');
  while (!text.empty()) {
    std::string_view value = Cut(text, ';');
    const std::string_view key = Cut(value, '=');
    if (key == "version") item.version = Trim(value);
    if (key == "escaping") item.escaping = Trim(value);
    if (key == "q") item.weight = ParseFloat(Trim(value)).value_or(0);
  }
  return item;
}

}  // namespace

PageForm ChoosePageForm(std::string_view accept) {
  PageForm best;
  double best_weight = 0;
  while (!accept.empty()) {
    const Item item = ReadItem(Cut(accept, ','));
    if (!(item.weight > best_weight)) continue;
    PageForm form;
    if (item.type == "application/openmetrics-text") {
      if (item.version != "" && item.version != "1.0.0" && item.version != "0.0.1") continue;
      form.is_openmetrics = true;
      form.version = item.version == "0.0.1" ? "0.0.1" : "1.0.0";
    } else if (item.type != "text/plain" && item.type != "text/*" && item.type != "*/*") {
      continue;
    } else if (item.version != "" && item.version != "0.0.4" && item.version != "1.0.0") {
      continue;
    }
    form.allows_utf8 = item.escaping == "allow-utf-8";
    best = form;
    best_weight = item.weight;
  }
  return best;
}

std::string ContentType(const PageForm& form) {
  return std::string(form.is_openmetrics ? "application/openmetrics-text" : "text/plain") +
         "; version=" + std::string(form.version) +
         "; charset=utf-8; escaping=" + (form.allows_utf8 ? "allow-utf-8" : "underscores");
}

}  // namespace drover::exposition
