#include "lineward/stream/record.h"

#include <gtest/gtest.h>

#include <vector>

namespace lineward::stream {
namespace {

TEST(Record, NamesAPartitionAsKeysOfDecisionsDo) {
  EXPECT_EQ(ToString({"promotions.eu", 12}), "promotions.eu-12");
}

TEST(Record, CountsKeyValueAndHeadersAndNothingForNull) {
  const std::vector<Header> headers = {{"a", "bcd"}, {"ef", std::nullopt}};
  OutRecord record{.topic = "t", .value = "12345", .headers = headers};
  EXPECT_EQ(PayloadBytes(record), 5u + 4u + 2u);
  record.key = "k";
  record.value = std::nullopt;
  EXPECT_EQ(PayloadBytes(record), 1u + 4u + 2u);
}

// 61 bytes of batch header, at most 39 of record fields, two lengths of 5 bytes per header.
TEST(Record, CountsWhatABatchOfOneRecordTakesAtMost) {
  const std::vector<Header> headers = {{"a", "b"}};
  EXPECT_EQ(WireBytes({.topic = "t", .value = "12345", .headers = headers}), 5u + 2u + 100u + 10u);
}

}  // namespace
}  // namespace lineward::stream
