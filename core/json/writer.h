// JSON text written front to back, compact.
//
//   json::Writer out;
//   out.BeginObject().Key("status").String("success").Key("data").BeginArray().EndArray();
//   out.EndObject();
//   Response::Json(200, out.Take());
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace drover::json {

// One thread at a time. The caller keeps brackets paired and puts a value behind every key.
class Writer {
 public:
  // `html`: < > & as \u escapes, as Go's encoder does.
  explicit Writer(bool html = true) : html_(html) {}

  Writer& BeginObject();
  Writer& EndObject();
  Writer& BeginArray();
  Writer& EndArray();
  Writer& Key(std::string_view key);
  Writer& String(std::string_view text);
  Writer& Bool(bool v);
  Writer& Int(std::int64_t v);
  Writer& Number(double v);  // NaN and infinities become null
  Writer& Null();
  Writer& Raw(std::string_view json);  // a whole value

  const std::string& text() const { return out_; }
  std::string Take() { return std::move(out_); }

 private:
  void Separate();
  const bool html_;
  std::string out_;
  std::vector<bool> empty_;  // per open bracket: nothing in it yet
  bool after_key_ = false;
};

}  // namespace drover::json
