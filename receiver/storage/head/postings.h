// Which series carry which label: for every (name, value) the ids of its series, ascending.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include "receiver/storage/head/symbols.h"

struct roaring_bitmap_s;

namespace drover::storage {

// A set of series ids.
class IdSet {
 public:
  IdSet();
  ~IdSet();
  IdSet(IdSet&& other) noexcept;
  IdSet& operator=(IdSet&& other) noexcept;
  IdSet(const IdSet& other);
  IdSet& operator=(const IdSet&) = delete;

  void Add(std::uint32_t id);
  void Remove(std::uint32_t id);
  void Union(const IdSet& other);
  void Intersect(const IdSet& other);
  void Subtract(const IdSet& other);
  bool empty() const;
  std::size_t size() const;
  std::vector<std::uint32_t> ToVector() const;

 private:
  roaring_bitmap_s* bits_;
};

// Not thread-safe.
class Postings {
 public:
  using ValueSet = boost::unordered_flat_set<Symbol>;
  void Add(Symbol name, Symbol value, std::uint32_t id);
  void Remove(Symbol name, Symbol value, std::uint32_t id);

  // Adds the pair's ids to `out`.
  void UnionInto(Symbol name, Symbol value, IdSet& out) const;
  // Values that occur with the name, in no order; null when none does.
  const ValueSet* Values(Symbol name) const;
  std::vector<Symbol> Names() const;  // in no order

 private:
  // Most pairs of a big store have one series: no bitmap for those.
  struct List {
    std::uint32_t only = 0;
    std::unique_ptr<IdSet> many;
  };
  static std::uint64_t Key(Symbol name, Symbol value) {
    return static_cast<std::uint64_t>(name) << 32 | value;
  }

  boost::unordered_flat_map<std::uint64_t, List> lists_;
  boost::unordered_flat_map<Symbol, ValueSet> values_;
};

}  // namespace drover::storage
