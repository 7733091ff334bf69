#include "receiver/storage/head/postings.h"

#include <utility>

#include <roaring/roaring.h>

namespace drover::storage {

IdSet::IdSet() : bits_(roaring_bitmap_create()) {}
IdSet::~IdSet() {
  if (bits_ != nullptr) roaring_bitmap_free(bits_);
}
IdSet::IdSet(IdSet&& other) noexcept : bits_(std::exchange(other.bits_, nullptr)) {}
IdSet& IdSet::operator=(IdSet&& other) noexcept {
  std::swap(bits_, other.bits_);
  return *this;
}
IdSet::IdSet(const IdSet& other) : bits_(roaring_bitmap_copy(other.bits_)) {}

void IdSet::Add(std::uint32_t id) { roaring_bitmap_add(bits_, id); }
void IdSet::Remove(std::uint32_t id) { roaring_bitmap_remove(bits_, id); }
void IdSet::Union(const IdSet& other) { roaring_bitmap_or_inplace(bits_, other.bits_); }
void IdSet::Intersect(const IdSet& other) { roaring_bitmap_and_inplace(bits_, other.bits_); }
void IdSet::Subtract(const IdSet& other) { roaring_bitmap_andnot_inplace(bits_, other.bits_); }
bool IdSet::empty() const { return roaring_bitmap_is_empty(bits_); }
std::size_t IdSet::size() const { return roaring_bitmap_get_cardinality(bits_); }
std::vector<std::uint32_t> IdSet::ToVector() const {
  std::vector<std::uint32_t> ids(size());
  roaring_bitmap_to_uint32_array(bits_, ids.data());
  return ids;
}

void Postings::Add(Symbol name, Symbol value, std::uint32_t id) {
  const auto [at, fresh] = lists_.try_emplace(Key(name, value));
  List& list = at->second;
  if (fresh) {
    list.only = id;
    values_[name].insert(value);
    return;
  }
  if (list.many == nullptr) {
    list.many = std::make_unique<IdSet>();
    list.many->Add(list.only);
  }
  list.many->Add(id);
}

void Postings::Remove(Symbol name, Symbol value, std::uint32_t id) {
  const auto at = lists_.find(Key(name, value));
  if (at == lists_.end()) return;
  if (at->second.many != nullptr) {
    at->second.many->Remove(id);
    if (!at->second.many->empty()) return;
  }
  lists_.erase(at);
  const auto values = values_.find(name);
  values->second.erase(value);
  if (values->second.empty()) values_.erase(values);
}

void Postings::UnionInto(Symbol name, Symbol value, IdSet& out) const {
  const auto at = lists_.find(Key(name, value));
  if (at == lists_.end()) return;
  if (at->second.many != nullptr) {
    out.Union(*at->second.many);
  } else {
    out.Add(at->second.only);
  }
}

const Postings::ValueSet* Postings::Values(Symbol name) const {
  const auto at = values_.find(name);
  return at == values_.end() ? nullptr : &at->second;
}

std::vector<Symbol> Postings::Names() const {
  std::vector<Symbol> names;
  for (const auto& [name, values] : values_) names.push_back(name);
  return names;
}

}  // namespace drover::storage
