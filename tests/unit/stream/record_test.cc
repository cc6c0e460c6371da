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

}  // namespace
}  // namespace lineward::stream
