#include "stream/src/embedded_codec.h"

#include <gtest/gtest.h>

#include <vector>

#include "lineward/base/strings.h"

namespace lineward::stream {
namespace {

TEST(EmbeddedCodec, KeysSortByTopicPartitionAndOffset) {
  EXPECT_LT(RecordKey(1, 0, 255), RecordKey(1, 0, 256));
  EXPECT_LT(RecordKey(1, 0, INT64_MAX), RecordKey(1, 1, 0));
  EXPECT_LT(RecordKey(1, 1, 0), RecordKey(2, 0, 0));
  EXPECT_EQ(base::ToHex(RecordKey(1, 2, 3)), "722f00000001000000020000000000000003");
}

TEST(EmbeddedCodec, APrefixEndsBehindAllThatBeginsWithIt) {
  EXPECT_EQ(PrefixEnd("t/"), "t0");
  EXPECT_EQ(PrefixEnd(std::string("a\xff", 2)), "b");
}

TEST(EmbeddedCodec, ARecordComesBackAsItWas) {
  const std::vector<Header> headers = {{"h", "1"}, {"h", std::nullopt}, {"", ""}};
  std::string body;
  AppendBody(&body, {.topic = "t", .key = "", .value = std::nullopt, .headers = headers});
  const std::string value = EncodeRecord(body, -5, TimestampType::kCreate, 1700000000000);
  std::vector<Header> decoded;
  const auto record = DecodeRecord(value, &decoded);
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->key, "");
  EXPECT_FALSE(record->value.has_value());
  EXPECT_EQ(record->timestamp_ms, -5);
  EXPECT_EQ(record->append_ms, 1700000000000);
  ASSERT_EQ(decoded.size(), 3u);
  EXPECT_EQ(decoded[0].value, "1");
  EXPECT_FALSE(decoded[1].value.has_value());
  EXPECT_EQ(decoded[2].value, "");
}

TEST(EmbeddedCodec, EveryFlippedBitAndEveryCutIsFound) {
  std::string body;
  AppendBody(&body, {.topic = "t", .key = "key", .value = "value"});
  const std::string value = EncodeRecord(body, 7, TimestampType::kAppend, 7);
  std::vector<Header> headers;
  ASSERT_TRUE(DecodeRecord(value, &headers).has_value());
  for (size_t bit = 0; bit < value.size() * 8; ++bit) {
    std::string damaged = value;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(DecodeRecord(damaged, &headers).has_value()) << bit;
  }
  for (size_t size = 0; size < value.size(); ++size) {
    EXPECT_FALSE(DecodeRecord(value.substr(0, size), &headers).has_value()) << size;
  }
}

TEST(EmbeddedCodec, BoundsThatDoNotFitAreRefused) {
  const auto bounds = DecodeBounds(EncodeBounds({3, 9, 100}));
  ASSERT_TRUE(bounds.has_value());
  EXPECT_EQ(bounds->next, 9);
  EXPECT_FALSE(DecodeBounds(EncodeBounds({9, 3, 100})).has_value());
  EXPECT_FALSE(DecodeBounds("").has_value());
}

}  // namespace
}  // namespace lineward::stream
