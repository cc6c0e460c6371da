#include "lineward/event/reasons.h"

#include <gtest/gtest.h>

#include "lineward/event/v1/promotion.pb.h"

namespace lineward::event {
namespace {

TEST(Reasons, NameTheFieldsAsTheMessageDoes) {
  const auto* descriptor = v1::Promotion::descriptor();
  EXPECT_EQ(descriptor->field_count(), 30);
  for (int i = 0; i < descriptor->field_count(); ++i) {
    EXPECT_EQ(FieldName(descriptor->field(i)->number()), descriptor->field(i)->name());
  }
  EXPECT_EQ(FieldName(0), "");
  EXPECT_EQ(FieldName(31), "");
}

TEST(Reasons, HaveThirteenNamedCausesWithAdvice) {
  for (int i = 1; i <= kCauses; ++i) {
    EXPECT_FALSE(CauseName(static_cast<Cause>(i)).empty());
    EXPECT_FALSE(CauseAdvice(static_cast<Cause>(i)).empty());
  }
  EXPECT_EQ(CauseName(Cause::kTombstone), "tombstone");
  EXPECT_EQ(CauseName(Cause::kBadValue), "bad_value");
}

}  // namespace
}  // namespace lineward::event
