#include "lineward/control/consent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/support/seed.h"

namespace lineward::control {
namespace {

using policy::ConsentChange;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

ConsentItem Item(std::string purpose, ConsentChange change, int64_t effective_at_us) {
  return {.subject = "u-1",
          .purpose = std::move(purpose),
          .change = change,
          .effective_at_us = effective_at_us,
          .taxonomy_version = 1,
          .request_id = ""};
}

std::vector<ConsentChange> Changes(const ConsentRecord& record, size_t purpose = 0) {
  std::vector<ConsentChange> changes;
  for (const auto& transition : record.purposes[purpose].transitions) {
    changes.push_back(transition.change);
  }
  return changes;
}

TEST(FoldConsent, KeepsPurposesInOrderAndTransitionsByReceipt) {
  ConsentRecord record;
  EXPECT_TRUE(FoldConsent(Item("x:b", ConsentChange::kGranted, 1), 20, &record));
  EXPECT_TRUE(FoldConsent(Item("x:a", ConsentChange::kGranted, 1), 21, &record));
  EXPECT_TRUE(FoldConsent(Item("x:b", ConsentChange::kWithdrawn, 0), 22, &record));
  ASSERT_EQ(record.purposes.size(), 2u);
  EXPECT_EQ(record.purposes[0].purpose, "x:a");
  EXPECT_THAT(Changes(record, 1), ElementsAre(ConsentChange::kGranted, ConsentChange::kWithdrawn));
  EXPECT_FALSE(record.reaches_back_to_us.has_value());
}

TEST(FoldConsent, TheSameItemAgainChangesNothing) {
  ConsentRecord record;
  EXPECT_TRUE(FoldConsent(Item("x:a", ConsentChange::kGranted, 1), 20, &record));
  EXPECT_FALSE(FoldConsent(Item("x:a", ConsentChange::kGranted, 1), 30, &record));
  ConsentItem newer = Item("x:a", ConsentChange::kGranted, 1);
  newer.taxonomy_version = 2;
  EXPECT_TRUE(FoldConsent(newer, 30, &record));
}

TEST(FoldConsent, DropsTheOldestBeyondTheLimitAndSaysHowFarItReachesBack) {
  ConsentRecord record;
  for (int64_t i = 0; i < 9; ++i) {
    FoldConsent(Item("x:a", ConsentChange::kGranted, 100 + i), 200 + i, &record);
  }
  EXPECT_EQ(record.purposes[0].transitions.size(), kTransitionsMax);
  EXPECT_EQ(record.purposes[0].transitions.front().received_at_us, 201);
  EXPECT_EQ(record.reaches_back_to_us, 201);
}

TEST(FoldConsent, NeverDropsTheLastWithdrawalOrObjection) {
  ConsentRecord record;
  FoldConsent(Item("x:a", ConsentChange::kWithdrawn, 1), 1, &record);
  FoldConsent(Item("x:a", ConsentChange::kObjected, 2), 2, &record);
  for (int64_t i = 3; i < 40; ++i) {
    FoldConsent(Item("x:a", ConsentChange::kGranted, i), i, &record);
  }
  const std::vector<ConsentChange> changes = Changes(record);
  ASSERT_EQ(changes.size(), kTransitionsMax);
  EXPECT_EQ(changes[0], ConsentChange::kWithdrawn);
  EXPECT_EQ(changes[1], ConsentChange::kObjected);
  EXPECT_EQ(record.reaches_back_to_us, 34) << "the grants of before are gone";

  FoldConsent(Item("x:a", ConsentChange::kWithdrawn, 50), 50, &record);
  EXPECT_EQ(Changes(record)[0], ConsentChange::kObjected) << "a newer one replaces it";
}

TEST(ConsentRecord, SurvivesItsBytes) {
  ConsentRecord record;
  record.purposes = {{"x:a",
                      {{.change = ConsentChange::kGranted,
                        .effective_at_us = -3,
                        .received_at_us = 5,
                        .taxonomy_version = 4}}},
                     {"x:b", {{.change = ConsentChange::kObjectionLifted}}}};
  record.reaches_back_to_us = 0;
  record.is_erased = true;
  const auto decoded = DecodeConsentRecord(EncodeConsentRecord(record));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, record);
  EXPECT_FALSE(DecodeConsentRecord("\xFF").ok());
}

TEST(ConsentItem, SurvivesItsBytesAndNeedsAState) {
  const auto item = DecodeConsentItem(EncodeConsentItem(Item("x:a", ConsentChange::kExpired, 7)));
  ASSERT_TRUE(item.ok());
  EXPECT_EQ(item->purpose, "x:a");
  EXPECT_EQ(item->change, ConsentChange::kExpired);
  EXPECT_FALSE(DecodeConsentItem("").ok());
}

TEST(ConsentKey, HoldsTheSubject) {
  EXPECT_EQ(SubjectOfKey(ConsentKey("u/1")), "u/1");
  EXPECT_EQ(SubjectOfKey("c/"), std::nullopt);
  EXPECT_EQ(SubjectOfKey("x/u"), std::nullopt);
  EXPECT_EQ(SubjectOfKey("c/" + std::string(257, 'u')), std::nullopt);
}

TEST(ConsentTable, FindsWhatWasPutAndForgetsWhatWasErased) {
  ConsentTable table;
  ConsentRecord record;
  FoldConsent(Item("x:b", ConsentChange::kGranted, -7), 5, &record);
  FoldConsent(Item("x:a", ConsentChange::kObjected, 6), 6, &record);
  record.reaches_back_to_us = -1;
  table.Put("u-1", record);
  EXPECT_EQ(table.Subjects(), 1u);
  ConsentTable::Entry entry;
  ASSERT_TRUE(table.Find("u-1", &entry));
  ASSERT_EQ(entry.transitions.size(), 2u);
  EXPECT_EQ(table.Purposes()[entry.transitions[0].purpose], "x:a");
  EXPECT_EQ(entry.transitions[1].transition, record.purposes[1].transitions[0]);
  EXPECT_EQ(entry.reaches_back_to_us, -1);
  EXPECT_FALSE(entry.is_erased);

  table.Put("u-1", ConsentRecord{.purposes = {}, .reaches_back_to_us = {}, .is_erased = true});
  ASSERT_TRUE(table.Find("u-1", &entry));
  EXPECT_TRUE(entry.is_erased);
  EXPECT_THAT(entry.transitions, IsEmpty());

  table.Erase("u-1");
  EXPECT_FALSE(table.Find("u-1", &entry));
  EXPECT_FALSE(entry.is_erased);
  EXPECT_EQ(table.Subjects(), 0u);
}

TEST(ConsentTable, GivesBackRandomRecords) {
  std::mt19937_64 random(support::Seed());
  ConsentTable table;
  std::vector<ConsentRecord> records(200);
  for (size_t i = 0; i < records.size(); ++i) {
    for (int step = 0; step < 12; ++step) {
      const std::string purpose = "x:" + std::to_string(random() % 5);
      FoldConsent(Item(purpose, static_cast<ConsentChange>(random() % 6),
                       static_cast<int64_t>(random() % 1000) - 500),
                  static_cast<int64_t>(random() % 1000), &records[i]);
    }
    table.Put("u-" + std::to_string(i), records[i]);
  }
  for (size_t i = 0; i < records.size(); ++i) {
    ConsentTable::Entry entry;
    ASSERT_TRUE(table.Find("u-" + std::to_string(i), &entry));
    size_t at = 0;
    for (const PurposeConsent& purpose : records[i].purposes) {
      for (const ConsentTransition& transition : purpose.transitions) {
        ASSERT_LT(at, entry.transitions.size()) << "seed " << support::Seed();
        EXPECT_EQ(table.Purposes()[entry.transitions[at].purpose], purpose.purpose);
        EXPECT_EQ(entry.transitions[at].transition, transition);
        ++at;
      }
    }
    EXPECT_EQ(at, entry.transitions.size());
  }
}

}  // namespace
}  // namespace lineward::control
