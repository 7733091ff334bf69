#include "exporters/node/processor/interrupt_table.h"

#include "core/base/numbers.h"
#include "exporters/common/fields.h"

namespace drover::exporters::node {
namespace {

std::string JoinFields(std::string_view rest) {
  std::string text;
  for (auto field = NextField(rest); !field.empty(); field = NextField(rest)) {
    if (!text.empty()) text += ' ';
    text += field;
  }
  return text;
}

}  // namespace

Status ParseInterrupts(std::string_view text, std::vector<Interrupt>& out) {
  std::size_t kept = 0;  // entries are used again, with their memory
  if (text.empty()) return Fail(ErrorCode::kInvalid, "interrupts: empty");
  std::string_view heading = NextLine(text);
  std::size_t cpus = 0;
  while (!NextField(heading).empty()) ++cpus;
  while (!text.empty()) {
    const std::string_view line = NextLine(text);
    const std::size_t colon = line.find(':');  // nothing but that may part name and first count
    if (colon == std::string_view::npos) continue;
    std::string_view fields = line.substr(colon + 1), rest = fields;
    std::size_t words = 0;
    while (words <= cpus && !NextField(rest).empty()) ++words;
    if (words <= cpus) continue;
    if (kept == out.size()) out.emplace_back();
    Interrupt& one = out[kept];
    one.name = line.substr(0, colon);
    one.name.remove_prefix(std::min(one.name.find_first_not_of(' '), one.name.size()));
    one.counts.clear();
    for (std::size_t cpu = 0; cpu < cpus; ++cpu) {
      const std::string_view field = NextField(fields);
      const auto count = ParseFloat(field);
      if (!count)
        return Fail(ErrorCode::kInvalid,
                    "interrupts: not a number: " + std::string(field.substr(0, 40)));
      one.counts.push_back(*count);
    }
    one.devices.clear();
    if (ParseInt(one.name)) {
      one.info = NextField(fields);
      one.devices = JoinFields(fields);
    } else {
      one.info = JoinFields(fields);
    }
    ++kept;
  }
  out.resize(kept);
  return {};
}

}  // namespace drover::exporters::node
