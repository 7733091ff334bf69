// Properties: no crash; a series decodes; labels written and parsed again are the same labels; the
// error of a whole body is met whether it is parsed once or twice.
#include <cstdint>
#include <cstdlib>

#include "core/exposition/text_parser.h"
#include "core/exposition/text_writer.h"

using drover::exposition::DecodeSeries;
using drover::exposition::TextParser;
using drover::exposition::TextWriter;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  TextParser parser(std::string_view(reinterpret_cast<const char*>(data), size));
  drover::LabelsBuilder labels;
  drover::LabelsBuilder again;
  std::string page;
  for (;;) {
    const auto entry = parser.Next();
    if (!entry || *entry == TextParser::Entry::kEnd) return 0;
    if (*entry != TextParser::Entry::kSample) continue;
    if (!DecodeSeries(parser.series(), labels)) continue;
    const drover::Labels before = labels.Build();
    std::vector<drover::LabelView> rest;
    for (const drover::LabelView& label : before) {
      if (label.name != drover::kMetricName) rest.push_back(label);
    }
    page.clear();
    TextWriter(page).Sample(before.Get(drover::kMetricName), rest, 1);
    TextParser second(page);
    const auto sample = second.Next();
    if (!sample || *sample != TextParser::Entry::kSample) std::abort();
    if (!DecodeSeries(second.series(), again) || again.Build() != before) std::abort();
  }
}
