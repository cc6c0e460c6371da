#include "lineward/event/trace_context.h"

#include <gtest/gtest.h>

#include <string>

namespace lineward::event {
namespace {

const std::string kGoodTrace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TEST(TraceContext, ReadsIdsAndFlags) {
  const auto context = ParseTraceparent(kGoodTrace);
  ASSERT_TRUE(context.has_value());
  EXPECT_EQ(context->trace_id[0], 0x0a);
  EXPECT_EQ(context->trace_id[15], 0x9c);
  EXPECT_EQ(context->span_id[0], 0xb7);
  EXPECT_EQ(context->span_id[7], 0x31);
  EXPECT_EQ(context->flags, 1);
}

TEST(TraceContext, TakesHigherVersionsThatGoOn) {
  std::string later = kGoodTrace;
  later[0] = 'c';
  EXPECT_TRUE(ParseTraceparent(later).has_value());
  EXPECT_TRUE(ParseTraceparent(later + "-more").has_value());
  EXPECT_FALSE(ParseTraceparent(later + "more").has_value());
  EXPECT_FALSE(ParseTraceparent(kGoodTrace + "-more").has_value());
}

TEST(TraceContext, RefusesEveryChangeOfForm) {
  EXPECT_FALSE(ParseTraceparent("").has_value());
  EXPECT_FALSE(ParseTraceparent(kGoodTrace.substr(1)).has_value());
  for (size_t at = 0; at < kGoodTrace.size(); ++at) {
    std::string changed = kGoodTrace;
    changed[at] = changed[at] == '-' ? '0' : 'G';
    EXPECT_FALSE(ParseTraceparent(changed).has_value()) << changed;
  }
  EXPECT_FALSE(
      ParseTraceparent("00-00000000000000000000000000000000-b7ad6b7169203331-01").has_value());
  EXPECT_FALSE(
      ParseTraceparent("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01").has_value());
  EXPECT_FALSE(
      ParseTraceparent("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").has_value());
}

}  // namespace
}  // namespace lineward::event
