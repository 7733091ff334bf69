// Any bytes as an XOR chunk: no crash, never more samples than stated, and what decodes to rising
// times encodes to a chunk that decodes to the same.
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <vector>

#include "receiver/storage/chunk/xor.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace drover;
  constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  const std::string_view chunk(reinterpret_cast<const char*>(data), size);
  SampleColumns columns;
  const Status status = storage::XorDecode(chunk, kMin, kMax, columns);
  if (columns.size() > storage::XorCount(chunk)) std::abort();
  if (!status) return 0;
  storage::XorState state;
  std::vector<std::uint8_t> buffer;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i > 0 && columns.t_ms[i] <= columns.t_ms[i - 1]) return 0;
    buffer.resize(state.size_bytes() + storage::kXorSpareBytes);
    storage::XorAppend(state, buffer.data(), columns.t_ms[i], columns.value[i]);
  }
  SampleColumns again;
  const std::string_view bytes(reinterpret_cast<const char*>(buffer.data()), state.size_bytes());
  if (columns.size() > 0 && !storage::XorDecode(bytes, kMin, kMax, again)) std::abort();
  if (again.t_ms != columns.t_ms) std::abort();
  for (std::size_t i = 0; i < again.size(); ++i) {
    if (std::bit_cast<std::uint64_t>(again.value[i]) !=
        std::bit_cast<std::uint64_t>(columns.value[i])) {
      std::abort();
    }
  }
  return 0;
}
