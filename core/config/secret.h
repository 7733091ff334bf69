// A password, token or key: printed as <secret> wherever a configuration is shown.
#pragma once

#include <string>
#include <utility>

namespace drover {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  bool empty() const { return value_.empty(); }
  const std::string& Reveal() const { return value_; }  // only where it goes on the wire
  bool operator==(const Secret&) const = default;

 private:
  std::string value_;
};

inline constexpr const char* kSecretText = "<secret>";

}  // namespace drover
