// CRC-32C (Castagnoli, reflected 0x82F63B78), as Prometheus' files and our logs use it.
#pragma once

#include <cstdint>
#include <string_view>

namespace drover {

std::uint32_t Crc32c(std::string_view bytes);
// Continues: Crc32cExtend(Crc32c(a), b) == Crc32c(a + b).
std::uint32_t Crc32cExtend(std::uint32_t crc, std::string_view bytes);

}  // namespace drover
