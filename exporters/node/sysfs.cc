#include "exporters/node/sysfs.h"

#include <charconv>

#include "core/base/numbers.h"
#include "exporters/common/fields.h"

namespace drover::exporters::node {
namespace {

// One page is what the kernel gives an attribute; a binary one may be longer.
constexpr std::uint64_t kMaxBytes = 1 << 20;

tl::unexpected<Error> NotANumber(std::string_view path, std::string_view text) {
  return Fail(ErrorCode::kInvalid,
              std::string(path) + ": not a number: " + std::string(text.substr(0, 40)));
}

std::optional<std::uint64_t> ParseHex(std::string_view text) {
  std::uint64_t value = 0;
  if (!text.starts_with("0x")) return std::nullopt;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data() + 2, end, value, 16);
  if (error != std::errc() || at != end) return std::nullopt;
  return value;
}

}  // namespace

Result<std::vector<std::string>> SysFs::List(std::string_view folder,
                                             std::string_view prefix) const {
  DROVER_TRY(auto names, files_->List(folder));
  std::erase_if(names, [&](const std::string& name) { return !name.starts_with(prefix); });
  return names;
}

Result<std::string_view> SysFs::Text(std::string_view path) {
  Status read = files_->ReadFile(path, text_, kMaxBytes);
  if (read) return Trim(text_);
  Error error = std::move(read).error();
  if (error.code() == ErrorCode::kInvalid) return Fail(ErrorCode::kUnsupported, error.message());
  return Fail(std::move(error));
}

Result<std::uint64_t> SysFs::Uint(std::string_view path) {
  DROVER_TRY(const auto text, Text(path));
  const auto value = ParseUint(text);
  if (!value) return NotANumber(path, text);
  return *value;
}

Result<std::int64_t> SysFs::Int(std::string_view path) {
  DROVER_TRY(const auto text, Text(path));
  const auto value = ParseInt(text);
  if (!value) return NotANumber(path, text);
  return *value;
}

Result<std::uint64_t> SysFs::Hex(std::string_view path) {
  DROVER_TRY(const auto text, Text(path));
  const auto value = ParseHex(text);
  if (!value) return NotANumber(path, text);
  return *value;
}

Result<std::uint64_t> SysFs::Number(std::string_view path) {
  DROVER_TRY(const auto text, Text(path));
  const auto value = text.starts_with("0x") ? ParseHex(text) : ParseUint(text);
  if (!value) return NotANumber(path, text);
  return *value;
}

Result<std::string> SysFs::LinkName(std::string_view path) const {
  DROVER_TRY(const std::string target, files_->ReadLink(path));
  return target.substr(target.rfind('/') + 1);
}

}  // namespace drover::exporters::node
