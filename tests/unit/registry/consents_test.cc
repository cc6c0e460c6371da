#include "registry/src/consents.h"

#include <gtest/gtest.h>

#include "tests/unit/registry/world.h"

namespace lineward::registry {
namespace {

ParsedConsent Read(std::string_view text) { return ParseConsent(Parse(text), TestPurposes(), 3); }

constexpr std::string_view kGood =
    R"({"subject":"u1","purpose":"ads","state":"GRANTED","effective_at":"2026-03-01T00:00:00Z"})";

TEST(ParseConsent, TakesAnItemWithItsPurposeMadeCanonical) {
  const auto parsed = Read(kGood);
  ASSERT_TRUE(parsed.item.has_value()) << parsed.refused;
  EXPECT_EQ(parsed.item->purpose, "dpv:Advertising");
  EXPECT_EQ(parsed.item->taxonomy_version, 1);
}

TEST(ParseConsent, GivesEachRefusalItsReason) {
  EXPECT_EQ(
      Read(R"({"purpose":"ads","state":"GRANTED","effective_at":"2026-03-01T00:00:00Z"})").refused,
      "FIELD_MISSING");
  EXPECT_EQ(
      Read(R"({"subject":"u","purpose":"ads","state":"GRANTED","effective_at":"soon"})").refused,
      "TIME_FORMAT");
  EXPECT_EQ(Read(R"({"subject":"u","purpose":"nope","state":"GRANTED",
                     "effective_at":"2026-03-01T00:00:00Z"})")
                .refused,
            "PURPOSE_UNKNOWN");
  EXPECT_EQ(Read(R"({"subject":"u","purpose":"ads","state":"GRANTED","taxonomy_version":4,
                     "effective_at":"2026-03-01T00:00:00Z"})")
                .refused,
            "TAXONOMY_VERSION");
}

TEST(ParseConsentRecord, TakesJsonAndProtobufAndRefusesNoise) {
  EXPECT_TRUE(ParseConsentRecord(kGood, TestPurposes(), 3).item.has_value());
  const auto parsed = Read(kGood);
  EXPECT_TRUE(ParseConsentRecord(control::EncodeConsentItem(*parsed.item), TestPurposes(), 3)
                  .item.has_value());
  EXPECT_FALSE(ParseConsentRecord("\xff\xff", TestPurposes(), 3).item.has_value());
  EXPECT_FALSE(ParseConsentRecord("", TestPurposes(), 3).item.has_value());
}

TEST(ConsentBook, FoldsOnceAndForgetsWhatIsRolledBack) {
  ConsentBook book;
  const auto item = *Read(kGood).item;
  EXPECT_EQ(book.Fold(item, 10), ConsentBook::Folded::kAccepted);
  EXPECT_EQ(book.Fold(item, 11), ConsentBook::Folded::kUnchanged);
  ASSERT_EQ(book.Changed().size(), 1u);
  EXPECT_EQ(book.Changed()[0].first, "c/u1");
  book.Rollback();
  EXPECT_FALSE(book.HasChanges());
  EXPECT_EQ(book.Fold(item, 12), ConsentBook::Folded::kAccepted);
  book.Commit();
  EXPECT_EQ(book.Fold(item, 13), ConsentBook::Folded::kUnchanged);
}

TEST(ConsentBook, TakesNothingOfAnErasedSubject) {
  ConsentBook book;
  control::ConsentRecord erased;
  erased.is_erased = true;
  book.Load("u1", control::EncodeConsentRecord(erased));
  EXPECT_EQ(book.Fold(*Read(kGood).item, 10), ConsentBook::Folded::kErased);
}

}  // namespace
}  // namespace lineward::registry
