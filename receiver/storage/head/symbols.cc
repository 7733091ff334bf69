#include "receiver/storage/head/symbols.h"

#include <cstring>

namespace drover::storage {

std::string_view SymbolTable::Copy(std::string_view text) {
  constexpr std::size_t kPageBytes = 64 << 10;
  bytes_ += text.size();
  if (text.size() > kPageBytes / 8) {
    pages_.push_back(std::make_unique_for_overwrite<char[]>(text.size()));
    std::memcpy(pages_.back().get(), text.data(), text.size());
    return {pages_.back().get(), text.size()};
  }
  if (text.size() > left_) {
    pages_.push_back(std::make_unique_for_overwrite<char[]>(kPageBytes));
    free_ = pages_.back().get();
    left_ = kPageBytes;
  }
  const std::string_view copy(free_, text.size());
  if (!text.empty()) std::memcpy(free_, text.data(), text.size());
  free_ += text.size();
  left_ -= text.size();
  return copy;
}

Symbol SymbolTable::Intern(std::string_view text) {
  if (const auto at = numbers_.find(text); at != numbers_.end()) return at->second;
  const auto symbol = static_cast<Symbol>(texts_.size());
  texts_.push_back(Copy(text));
  numbers_.emplace(texts_.back(), symbol);
  return symbol;
}

std::optional<Symbol> SymbolTable::Find(std::string_view text) const {
  const auto at = numbers_.find(text);
  if (at == numbers_.end()) return std::nullopt;
  return at->second;
}

}  // namespace drover::storage
