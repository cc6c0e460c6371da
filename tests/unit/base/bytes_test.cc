#include "lineward/base/bytes.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

#include "lineward/base/strings.h"

namespace lineward::base {
namespace {

std::string Uv(uint64_t value) {
  std::string out;
  AppendUv(&out, value);
  return ToHex(out);
}

std::string Sv(int64_t value) {
  std::string out;
  AppendSv(&out, value);
  return ToHex(out);
}

TEST(Bytes, UvIsShortestLeb128) {
  EXPECT_EQ(Uv(0), "00");
  EXPECT_EQ(Uv(127), "7f");
  EXPECT_EQ(Uv(128), "8001");
  EXPECT_EQ(Uv(std::numeric_limits<uint64_t>::max()), "ffffffffffffffffff01");
}

TEST(Bytes, SvIsZigZag) {
  EXPECT_EQ(Sv(0), "00");
  EXPECT_EQ(Sv(-1), "01");
  EXPECT_EQ(Sv(1), "02");
  EXPECT_EQ(Sv(std::numeric_limits<int64_t>::min()), "ffffffffffffffffff01");
}

TEST(Bytes, IntegersAndDoublesAreBigEndian) {
  std::string out;
  AppendU16(&out, 0x0102);
  AppendU32(&out, 0x03040506);
  AppendU64(&out, 0x0708090a0b0c0d0e);
  AppendDouble(&out, 1.0);
  EXPECT_EQ(ToHex(out), "0102030405060708090a0b0c0d0e3ff0000000000000");
}

TEST(ByteReader, ReadsBackWhatWasAppended) {
  std::string out;
  AppendSv(&out, -300);
  AppendBytes(&out, "abc");
  AppendDouble(&out, -2.5);
  ByteReader reader(out);
  EXPECT_EQ(reader.Sv(), -300);
  EXPECT_EQ(reader.Bytes(), "abc");
  EXPECT_EQ(reader.Double(), -2.5);
  EXPECT_TRUE(reader.empty());
}

TEST(ByteReader, RefusesALongerFormThanNeeded) {
  ByteReader padded(std::string_view("\x80\x00", 2));
  EXPECT_EQ(padded.Uv(), std::nullopt);
  EXPECT_EQ(padded.Position(), 0u);
}

TEST(ByteReader, RefusesMoreThan64Bits) {
  ByteReader eleven(std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11));
  EXPECT_EQ(eleven.Uv(), std::nullopt);
  ByteReader overflow(std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10));
  EXPECT_EQ(overflow.Uv(), std::nullopt);
}

TEST(ByteReader, StaysWhereItWasWhenBytesAreMissing) {
  ByteReader reader(
      std::string_view("\x05"
                       "ab",
                       3));
  EXPECT_EQ(reader.Bytes(), std::nullopt);
  EXPECT_EQ(reader.Position(), 0u);
  EXPECT_EQ(reader.U32(), std::nullopt);
  EXPECT_EQ(reader.U8(), 5);
}

}  // namespace
}  // namespace lineward::base
