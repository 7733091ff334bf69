#include "core/exposition/text_writer.h"

#include "core/base/numbers.h"

namespace drover::exposition {
namespace {

void AppendEscaped(std::string& out, std::string_view text, std::string_view special) {
  for (;;) {
    const std::size_t at = text.find_first_of(special);
    if (at == std::string_view::npos) break;
    out += text.substr(0, at);
    out += '\\';
    out += text[at] == '\n' ? 'n' : text[at];
    text.remove_prefix(at + 1);
  }
  out += text;
}

void AppendQuoted(std::string& out, std::string_view text) {
  out += '"';
  AppendLabelText(out, text);
  out += '"';
}

void AppendMetricName(std::string& out, std::string_view name) {
  if (IsLegacyMetricName(name)) {
    out += name;
  } else {
    AppendQuoted(out, name);
  }
}

}  // namespace

void AppendHelpText(std::string& out, std::string_view help) { AppendEscaped(out, help, "\\\n"); }
void AppendLabelText(std::string& out, std::string_view value) {
  AppendEscaped(out, value, "\\\n\"");
}

std::string_view TypeText(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
    case MetricType::kGauge:
    case MetricType::kHistogram:
    case MetricType::kSummary:
      return Text(type);
    default:
      return "untyped";
  }
}

void TextWriter::Family(std::string_view name, std::string_view help, MetricType type) {
  if (!help.empty()) {
    out_ += "# HELP ";
    AppendMetricName(out_, name);
    out_ += ' ';
    AppendHelpText(out_, help);
    out_ += '\n';
  }
  out_ += "# TYPE ";
  AppendMetricName(out_, name);
  out_ += ' ';
  out_ += TypeText(type);
  out_ += '\n';
}

void TextWriter::Sample(std::string_view name, std::span<const LabelView> labels, double value,
                        std::optional<std::int64_t> t_ms) {
  const bool quoted_name = !IsLegacyMetricName(name);
  char before = '{';
  if (quoted_name) {
    out_ += '{';
    AppendQuoted(out_, name);
    before = ',';
  } else {
    out_ += name;
  }
  for (const LabelView& label : labels) {
    out_ += before;
    before = ',';
    if (IsLegacyLabelName(label.name)) {
      out_ += label.name;
    } else {
      AppendQuoted(out_, label.name);
    }
    out_ += '=';
    AppendQuoted(out_, label.value);
  }
  if (before == ',') out_ += '}';
  out_ += ' ';
  AppendGoFloat(out_, value);
  if (t_ms) {
    out_ += ' ';
    AppendInt(out_, *t_ms);
  }
  out_ += '\n';
}

}  // namespace drover::exposition
