// Memory of closed chunks: packed one after another into pages that are freed when the last chunk
// of a page goes. Chunks that close together expire together, so pages empty as a whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace drover::storage {

// Not thread-safe.
class ChunkArena {
 public:
  ChunkArena() = default;
  ~ChunkArena();
  ChunkArena(const ChunkArena&) = delete;
  ChunkArena& operator=(const ChunkArena&) = delete;

  // A copy that stays until Release.
  const char* Add(std::string_view bytes);
  void Release(const char* bytes, std::size_t size);
  std::size_t page_bytes() const { return pages_ * kPageBytes; }

 private:
  static constexpr std::size_t kPageBytes = 256 << 10;
  struct Page;
  void Drop(Page* page);

  Page* current_ = nullptr;
  Page* all_ = nullptr;  // doubly linked, for the destructor
  std::size_t pages_ = 0;
};

}  // namespace drover::storage
