#include "core/base/bytes.h"

#include <doctest/doctest.h>

#include "core/base/crc32c.h"

namespace drover {
TEST_SUITE("core/base/bytes") {
  TEST_CASE("varints of every length read back") {
    for (int shift = 0; shift < 64; ++shift) {
      const std::uint64_t v = (std::uint64_t{1} << shift) | 1;
      std::string out;
      AppendUvarint(out, v);
      AppendVarint(out, -static_cast<std::int64_t>(v >> 1));
      Cursor cursor(out);
      CHECK(cursor.Uvarint() == v);
      CHECK(cursor.Varint() == -static_cast<std::int64_t>(v >> 1));
      CHECK(cursor.ok());
      CHECK(cursor.empty());
    }
  }
  TEST_CASE("a cursor that ran out stays bad") {
    Cursor cursor("\x01\x02");
    CHECK(cursor.BigEndian<std::uint32_t>() == 0);
    CHECK_FALSE(cursor.ok());
    CHECK(cursor.Byte() == 0);
    CHECK_FALSE(cursor.ok());
  }
  TEST_CASE("a varint beyond 64 bits is refused") {
    Cursor cursor("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02");
    CHECK(cursor.Uvarint() == 0);
    CHECK_FALSE(cursor.ok());
  }
  TEST_CASE("CRC-32C of the check string and in two parts") {
    CHECK(Crc32c("123456789") == 0xE3069283u);
    CHECK(Crc32cExtend(Crc32c("1234"), "56789") == 0xE3069283u);
    CHECK(Crc32c("") == 0);
  }
}
}  // namespace drover
