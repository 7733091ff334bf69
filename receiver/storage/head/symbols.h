// Strings of label names and values, each held once and known by a 32-bit number.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>
#include <xxhash.h>

namespace drover::storage {

using Symbol = std::uint32_t;

struct StringHash {
  using is_avalanching = void;
  std::size_t operator()(std::string_view text) const {
    return XXH3_64bits(text.data(), text.size());
  }
};

// Not thread-safe. Strings stay until the table goes.
class SymbolTable {
 public:
  Symbol Intern(std::string_view text);
  std::optional<Symbol> Find(std::string_view text) const;
  std::string_view operator[](Symbol symbol) const { return texts_[symbol]; }
  std::size_t size() const { return texts_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  std::string_view Copy(std::string_view text);

  std::vector<std::unique_ptr<char[]>> pages_;
  char* free_ = nullptr;
  std::size_t left_ = 0;
  std::size_t bytes_ = 0;
  std::vector<std::string_view> texts_;
  boost::unordered_flat_map<std::string_view, Symbol, StringHash> numbers_;
};

}  // namespace drover::storage
