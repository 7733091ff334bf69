#include "core/json/writer.h"

#include <cmath>

#include "core/base/json_escape.h"
#include "core/base/numbers.h"

namespace drover::json {

void Writer::Separate() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (empty_.empty()) return;
  if (!empty_.back()) out_ += ',';
  empty_.back() = false;
}

Writer& Writer::BeginObject() {
  Separate();
  out_ += '{';
  empty_.push_back(true);
  return *this;
}
Writer& Writer::EndObject() {
  out_ += '}';
  empty_.pop_back();
  return *this;
}
Writer& Writer::BeginArray() {
  Separate();
  out_ += '[';
  empty_.push_back(true);
  return *this;
}
Writer& Writer::EndArray() {
  out_ += ']';
  empty_.pop_back();
  return *this;
}
Writer& Writer::Key(std::string_view key) {
  Separate();
  AppendJsonString(out_, key, html_);
  out_ += ':';
  after_key_ = true;
  return *this;
}
Writer& Writer::String(std::string_view text) {
  Separate();
  AppendJsonString(out_, text, html_);
  return *this;
}
Writer& Writer::Bool(bool v) { return Raw(v ? "true" : "false"); }
Writer& Writer::Int(std::int64_t v) {
  Separate();
  AppendInt(out_, v);
  return *this;
}
Writer& Writer::Number(double v) {
  if (!std::isfinite(v)) return Null();
  Separate();
  AppendJsonFloat(out_, v);
  return *this;
}
Writer& Writer::Null() { return Raw("null"); }
Writer& Writer::Raw(std::string_view json) {
  Separate();
  out_ += json;
  return *this;
}

}  // namespace drover::json
