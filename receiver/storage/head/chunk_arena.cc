#include "receiver/storage/head/chunk_arena.h"

#include <cassert>
#include <cstdlib>
#include <cstring>
#include <new>

namespace drover::storage {

// Aligned to its size, so that a chunk's address leads to it.
struct ChunkArena::Page {
  Page* next = nullptr;
  Page* previous = nullptr;
  std::size_t used = sizeof(Page);
  std::size_t live = 0;  // bytes not released
};

ChunkArena::~ChunkArena() {
  while (all_ != nullptr) Drop(all_);
}

void ChunkArena::Drop(Page* page) {
  (page->previous != nullptr ? page->previous->next : all_) = page->next;
  if (page->next != nullptr) page->next->previous = page->previous;
  if (current_ == page) current_ = nullptr;
  --pages_;
  std::free(page);
}

const char* ChunkArena::Add(std::string_view bytes) {
  assert(bytes.size() <= kPageBytes - sizeof(Page) && !bytes.empty());
  if (current_ == nullptr || current_->used + bytes.size() > kPageBytes) {
    void* memory = std::aligned_alloc(kPageBytes, kPageBytes);
    assert(memory != nullptr);
    auto* page = new (memory) Page;
    page->next = all_;
    if (all_ != nullptr) all_->previous = page;
    all_ = current_ = page;
    ++pages_;
  }
  char* at = reinterpret_cast<char*>(current_) + current_->used;
  std::memcpy(at, bytes.data(), bytes.size());
  current_->used += bytes.size();
  current_->live += bytes.size();
  return at;
}

void ChunkArena::Release(const char* bytes, std::size_t size) {
  auto* page = reinterpret_cast<Page*>(reinterpret_cast<std::uintptr_t>(bytes) & ~(kPageBytes - 1));
  assert(page->live >= size);
  page->live -= size;
  if (page->live == 0 && page != current_) Drop(page);
}

}  // namespace drover::storage
