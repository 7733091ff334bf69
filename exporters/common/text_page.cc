#include "exporters/common/text_page.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <numeric>

#include "core/base/numbers.h"
#include "core/exposition/text_writer.h"

namespace drover::exporters {

struct TextPage::Family {
  std::string name;
  const MetricDesc* described = nullptr;  // gives help and type
  std::string header;                     // of the text format
  std::vector<Series> series;
};

struct TextPage::Form {
  const MetricDesc* desc = nullptr;
  Family* family = nullptr;
  std::vector<std::size_t> order;   // order[i]: which given value belongs to the i-th label
  std::vector<std::string> names;   // sorted, without le or quantile
  bool has_inner = false;           // le or quantile: printed last, and sorts nothing
  std::vector<std::string> before;  // what is printed before each value
};

TextPage::TextPage() = default;
TextPage::~TextPage() = default;

const TextPage::Form& TextPage::FormOf(const MetricDesc& desc) {
  std::unique_ptr<Form>& known = forms_[&desc];
  if (known) return *known;
  auto form = std::make_unique<Form>();
  std::vector<std::string> given;
  for (std::string_view rest = desc.labels; !rest.empty();) {
    given.emplace_back(rest.substr(0, rest.find(',')));
    rest.remove_prefix(std::min(rest.size(), given.back().size() + 1));
  }
  form->order.resize(given.size());
  std::iota(form->order.begin(), form->order.end(), std::size_t{0});
  const std::string_view inner = desc.type == MetricType::kHistogram ? "le"
                                 : desc.type == MetricType::kSummary ? "quantile"
                                                                     : "";
  std::sort(form->order.begin(), form->order.end(), [&](std::size_t a, std::size_t b) {
    return std::pair(given[a] == inner, given[a]) < std::pair(given[b] == inner, given[b]);
  });
  for (const std::size_t at : form->order) {
    form->before.push_back((form->before.empty() ? "{" : "\",") + given[at] + "=\"");
    if (given[at] == inner) {
      form->has_inner = true;
    } else {
      form->names.push_back(given[at]);
    }
  }
  form->desc = &desc;
  auto place = std::lower_bound(
      families_.begin(), families_.end(), desc.family_name(),
      [](const auto& family, std::string_view name) { return family->name < name; });
  if (place == families_.end() || (*place)->name != desc.family_name()) {
    auto family = std::make_unique<Family>();
    family->name = desc.family_name();
    place = families_.insert(place, std::move(family));
  }
  form->family = place->get();
  known = std::move(form);
  return *known;
}

void TextPage::Add(const MetricDesc& desc, std::span<const std::string_view> values, double value) {
  const Form& form = FormOf(desc);
  assert(values.size() == form.order.size());
  const auto offset = static_cast<std::uint32_t>(values_.size());
  for (const std::size_t at : form.order) {
    const auto length = static_cast<std::uint32_t>(values[at].size());
    char raw[sizeof length];
    std::memcpy(raw, &length, sizeof length);
    values_.append(raw, sizeof raw);
    values_ += values[at];
  }
  form.family->series.push_back({&form, offset, value});
}

std::string_view TextPage::ValueAt(std::size_t& offset) const {
  std::uint32_t length = 0;
  std::memcpy(&length, values_.data() + offset, sizeof length);
  const std::string_view value(values_.data() + offset + sizeof length, length);
  offset += sizeof length + length;
  return value;
}

int TextPage::Compare(const Series& a, const Series& b) const {
  const std::size_t count = a.form->names.size();
  if (count != b.form->names.size()) return count < b.form->names.size() ? -1 : 1;
  std::size_t at_a = a.values;
  std::size_t at_b = b.values;
  for (std::size_t i = 0; i < count; ++i) {
    if (const int c = ValueAt(at_a).compare(ValueAt(at_b)); c != 0) return c;
  }
  if (a.form == b.form || a.form->names == b.form->names) return 0;
  return a.form->names < b.form->names ? -1 : 1;
}

bool TextPage::IsRepeat(const Series& a, const Series& b) const {
  if (Compare(a, b) != 0) return false;
  if (a.form == b.form && !a.form->has_inner) return true;
  if (a.form->desc->name != b.form->desc->name || a.form->has_inner != b.form->has_inner)
    return false;
  if (!a.form->has_inner) return true;
  std::size_t at_a = a.values;
  std::size_t at_b = b.values;
  for (std::size_t i = 0; i < a.form->names.size(); ++i) {
    ValueAt(at_a);
    ValueAt(at_b);
  }
  return ValueAt(at_a) == ValueAt(at_b);
}

void TextPage::RenderSeries(const Series& series, std::string& out) const {
  out += series.form->desc->name;
  std::size_t at = series.values;
  for (const std::string& before : series.form->before) {
    out += before;
    exposition::AppendLabelText(out, ValueAt(at));
  }
  if (!series.form->before.empty()) out += "\"}";
  out += ' ';
  AppendGoFloat(out, series.value);
  out += '\n';
}

bool TextPage::HasFamily(std::string_view name) const {
  const auto place = std::lower_bound(
      families_.begin(), families_.end(), name,
      [](const auto& family, std::string_view wanted) { return family->name < wanted; });
  return place != families_.end() && (*place)->name == name;
}

void TextPage::AppendHeader(const Family& family, Format format, std::string& out) const {
  if (format == Format::kText) {
    out += family.header;
    return;
  }
  constexpr std::string_view kTotal = "_total";
  std::string_view name = family.name;
  const MetricDesc& desc = *family.described;
  std::string_view type = desc.type == MetricType::kGauge       ? "gauge"
                          : desc.type == MetricType::kHistogram ? "histogram"
                          : desc.type == MetricType::kSummary   ? "summary"
                                                                : "unknown";
  if (desc.type == MetricType::kCounter && name.ends_with(kTotal)) {
    const std::string_view stem = name.substr(0, name.size() - kTotal.size());
    if (!HasFamily(stem)) {
      name = stem;
      type = "counter";
    }
  }
  out.append("# TYPE ").append(name).append(" ").append(type).append("\n");
  if (desc.help.empty()) return;
  out.append("# HELP ").append(name).append(" ");
  exposition::AppendLabelText(out, desc.help);  // here HELP escapes the quote too
  out += '\n';
}

// A file may give a family another help or type than it had on the page before.
void TextPage::Describe(Family& family) {
  const MetricDesc* const desc = family.series.front().form->desc;
  if (family.described == desc) return;
  family.described = desc;
  family.header.clear();
  exposition::TextWriter(family.header).Family(family.name, desc->help, desc->type);
}

void TextPage::Render(std::string& out, Format format) {
  for (const auto& family : families_) {
    auto& series = family->series;
    if (series.empty()) continue;
    Describe(*family);
    const auto less = [&](const Series& a, const Series& b) { return Compare(a, b) < 0; };
    if (!std::is_sorted(series.begin(), series.end(), less))
      std::stable_sort(series.begin(), series.end(), less);
    AppendHeader(*family, format, out);
    const Series* last = nullptr;
    for (const Series& one : series) {
      if (last != nullptr && IsRepeat(*last, one)) {
        ++duplicates_;
        continue;
      }
      RenderSeries(one, out);
      last = &one;
    }
    series.clear();
  }
  values_.clear();
  if (format == Format::kOpenMetrics) out += "# EOF\n";
}

}  // namespace drover::exporters
