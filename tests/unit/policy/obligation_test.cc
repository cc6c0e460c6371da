#include "lineward/policy/obligation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lineward::policy {
namespace {

Obligation Of(ObligationType type) {
  Obligation obligation;
  obligation.type = type;
  return obligation;
}

TEST(Obligation, IsWrittenAsTheHeaderShowsIt) {
  Obligation ttl = Of(ObligationType::kTtl);
  ttl.seconds = 60;
  EXPECT_EQ(ToJson(ttl), R"({"seconds":60,"type":"ttl"})");
  Obligation delay = Of(ObligationType::kDelay);
  delay.seconds = 2'147'483'647;
  EXPECT_EQ(ToJson(delay), R"({"seconds":2147483647,"type":"delay"})");
  EXPECT_EQ(ToJson(Of(ObligationType::kLog)), R"({"level":"brief","type":"log"})");
  Obligation full = Of(ObligationType::kLog);
  full.is_full = true;
  EXPECT_EQ(ToJson(full), R"({"level":"full","type":"log"})");
  Obligation redact = Of(ObligationType::kRedact);
  redact.fields = {"price", "rank"};
  EXPECT_EQ(ToJson(redact), R"({"fields":["price","rank"],"type":"redact"})");
  Obligation label = Of(ObligationType::kLabel);
  label.key = "disclosure";
  label.value = "a \"b\"";
  EXPECT_EQ(ToJson(label), R"({"key":"disclosure","type":"label","value":"a \"b\""})");
  Obligation notify = Of(ObligationType::kNotify);
  notify.channel = "ops";
  EXPECT_EQ(ToJson(notify), R"({"channel":"ops","type":"notify"})");
  EXPECT_EQ(ToJson(Of(ObligationType::kNoTrain)), R"({"type":"no_train"})");
}

TEST(Obligation, ListsAreJoinedWithoutWhiteSpace) {
  EXPECT_EQ(ToJson(std::vector<Obligation>{}), "[]");
  EXPECT_EQ(ToJson({Of(ObligationType::kNoTrain), Of(ObligationType::kDegradeNonPersonalised)}),
            R"([{"type":"no_train"},{"type":"degrade_non_personalised"}])");
}

TEST(Obligation, TypesHaveOneNameEach) {
  for (size_t i = 0; i < kObligationTypes; ++i) {
    const auto type = static_cast<ObligationType>(i);
    EXPECT_EQ(ObligationTypeOf(ObligationTypeName(type)), type);
  }
  EXPECT_EQ(ObligationTypeOf("TTL"), std::nullopt);
  EXPECT_EQ(ObligationTypeOf(""), std::nullopt);
}

}  // namespace
}  // namespace lineward::policy
