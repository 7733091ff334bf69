#include "core/os/release_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

#include <link.h>
#include <malloc.h>

namespace drover {
namespace {

int ForgetObject(dl_phdr_info* object, std::size_t, void*) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const auto& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const std::uintptr_t begin = object->dlpi_addr + segment.p_vaddr;
    const std::uintptr_t first = begin / page * page;
    const std::uintptr_t end = (begin + segment.p_memsz) / page * page;
    // A page shared with a writable segment is not touched: `end` is rounded down.
    if (end > first) ::madvise(reinterpret_cast<void*>(first), end - first, MADV_DONTNEED);
  }
  return 0;
}

}  // namespace

void TrimHeap() { ::malloc_trim(0); }

void ForgetStartupPages() { ::dl_iterate_phdr(ForgetObject, nullptr); }

}  // namespace drover
