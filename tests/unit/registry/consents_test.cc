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

// Committed records by subject.
class ConsentBookTest : public testing::Test {
 protected:
  ConsentBook::Folded Fold(int64_t received_at_us) {
    const auto folded = book_.Fold(*Read(kGood).item, received_at_us);
    EXPECT_TRUE(folded.ok()) << folded.status();
    return folded.value_or(ConsentBook::Folded::kErased);
  }

  std::map<std::string, std::string, std::less<>> records_;
  ConsentBook book_{[this](std::string_view subject) -> std::optional<std::string> {
    const auto at = records_.find(subject);
    return at == records_.end() ? std::nullopt : std::make_optional(at->second);
  }};
};

TEST_F(ConsentBookTest, FoldsOnceAndForgetsWhatWasNotCommitted) {
  EXPECT_EQ(Fold(10), ConsentBook::Folded::kAccepted);
  EXPECT_EQ(Fold(11), ConsentBook::Folded::kUnchanged);
  ASSERT_EQ(book_.Changed().size(), 1u);
  EXPECT_EQ(book_.Changed()[0].first, "u1");
  book_.Clear();
  EXPECT_FALSE(book_.HasChanges());
  EXPECT_EQ(Fold(12), ConsentBook::Folded::kAccepted);
  records_.insert(book_.Changed().front());
  book_.Clear();
  EXPECT_EQ(Fold(13), ConsentBook::Folded::kUnchanged);
}

TEST_F(ConsentBookTest, TakesNothingOfAnErasedSubject) {
  control::ConsentRecord erased;
  erased.is_erased = true;
  records_["u1"] = control::EncodeConsentRecord(erased);
  EXPECT_EQ(Fold(10), ConsentBook::Folded::kErased);
}

TEST_F(ConsentBookTest, StopsAtARecordThatCannotBeRead) {
  records_["u1"] = "\xff\xff";
  EXPECT_EQ(book_.Fold(*Read(kGood).item, 10).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace lineward::registry
