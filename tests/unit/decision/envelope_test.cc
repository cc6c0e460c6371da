#include "lineward/decision/envelope.h"

#include <gtest/gtest.h>

#include <string>

#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/crypto/reasons.h"
#include "lineward/decision/reasons.h"

namespace lineward::decision {
namespace {

constexpr int64_t kTimeMs = 1772366400200;  // 2026-03-01
constexpr int64_t kDayMs = 86'400'000;
const std::string kTenantKey(32, '\x77');
const SourceName kSource{.cluster = "k1", .topic = "promotions", .partition = 3};

TenantSealer MakeSealer(size_t persons_max = 100) {
  TenantSealer sealer(
      {.tenant_key = kTenantKey, .epoch = 1, .source = kSource, .persons_max = persons_max});
  sealer.SetTime(kTimeMs);
  return sealer;
}

// Audit design, section 11.
TEST(TenantKeyRecord, MatchesTheDesignsVector) {
  const KeyRecord record = MakeTenantKeyRecord(kTenantKey, 1, kSource, 40, kTimeMs, "u-93ab");
  EXPECT_EQ(record.key, "k/1/k1/promotions/3/40");
  EXPECT_EQ(base::ToHex(record.value),
            "4c574b310000000000000000019ca9450ac8a8aa6a31934af342a55ddbaa621796d464304fa5199eac7693"
            "8a9fafd6a4d0592b2e6d69deb2");
  EXPECT_EQ(base::ToHex(crypto::AsBytes(TenantDek(kTenantKey, record.key))),
            "e044e78077551d53afdb7340737ea15ca9d8fbab926dfd07a8fe48874be643c8");
}

TEST(TenantKeyRecord, OpensToItsSubject) {
  const KeyRecord record = MakeTenantKeyRecord(kTenantKey, 2, kSource, 40, kTimeMs, "u-93ab");
  const auto opened = OpenTenantKeyRecord(kTenantKey, record.key, record.value);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->epoch, 2u);
  EXPECT_EQ(opened->source, kSource);
  EXPECT_EQ(opened->first, 40u);
  EXPECT_EQ(opened->created_ms, kTimeMs);
  EXPECT_EQ(opened->subject, "u-93ab");
}

TEST(TenantKeyRecord, RefusesAnotherKeyPlaceOrValue) {
  const KeyRecord record = MakeTenantKeyRecord(kTenantKey, 1, kSource, 40, kTimeMs, "u-93ab");
  const auto reason = [](const auto& opened) { return base::ReasonOf(opened.status()); };
  EXPECT_EQ(reason(OpenTenantKeyRecord(std::string(32, 'x'), record.key, record.value)),
            crypto::kSealTagMismatch);
  EXPECT_EQ(reason(OpenTenantKeyRecord(kTenantKey, "k/1/k1/promotions/3/41", record.value)),
            crypto::kSealTagMismatch);
  for (std::string_view key : {"", "k/1/k1/promotions/3", "d/2026-03", "k/0/k1/promotions/3/40",
                               "k/1/k1/promotions/03/40", "k/1//promotions/3/40"}) {
    EXPECT_FALSE(OpenTenantKeyRecord(kTenantKey, key, record.value).ok()) << key;
  }
  for (size_t i = 0; i < record.value.size(); ++i) {
    std::string value = record.value;
    value[i] = static_cast<char>(value[i] ^ 1);
    const auto opened = OpenTenantKeyRecord(kTenantKey, record.key, value);
    // Slot and time stand outside the seal: they are no secret and open nothing.
    EXPECT_EQ(opened.ok(), i >= 8 && i < 18) << i;
  }
}

TEST(Envelope, OpensOnlyInItsPlaceWithItsKey) {
  const crypto::Digest dek = crypto::Sha256Of("dek");
  const EnvelopePlace place{.source = &kSource, .first_row = 41, .rows = 2};
  std::string envelope;
  SealEnvelope(kAlgTenant, dek, place, "text", &envelope);
  EXPECT_EQ(OpenEnvelope(dek, place, envelope).value(), "text");
  const SourceName elsewhere{.cluster = "k1", .topic = "promotions", .partition = 4};
  const EnvelopePlace others[] = {{.source = &elsewhere, .first_row = 41, .rows = 2},
                                  {.source = &kSource, .first_row = 42, .rows = 2},
                                  {.source = &kSource, .first_row = 41, .rows = 3}};
  for (const EnvelopePlace& other : others) {
    EXPECT_EQ(base::ReasonOf(OpenEnvelope(dek, other, envelope).status()),
              crypto::kSealTagMismatch);
  }
  EXPECT_FALSE(OpenEnvelope(crypto::Sha256Of("other"), place, envelope).ok());
}

TEST(Envelope, SaysThatItsTextWasDeleted) {
  const EnvelopePlace place{.source = &kSource, .first_row = 41, .rows = 2};
  std::string envelope(33, '\x01');
  envelope[0] = static_cast<char>(kAlgDeleted);
  EXPECT_EQ(OpenEnvelope({}, place, envelope).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST(DecodeEnvelope, WantsAsManyRowsAsNameIt) {
  const std::string text = base::FromHex(
                               "01010700752d393361620201011417020a0103006531020304a3090a01030065320"
                               "20304a409")
                               .value();
  EXPECT_EQ(DecodeEnvelope(text, 2, 0).value().event_id, "e1");
  EXPECT_EQ(DecodeEnvelope(text, 2, 1).value().item_id, "1188");
  EXPECT_EQ(DecodeEnvelope(text, 2, 1).value().subject, "u-93ab");
  EXPECT_EQ(base::ReasonOf(DecodeEnvelope(text, 3, 0).status()), kBlockUndecodable);
  EXPECT_FALSE(DecodeEnvelope(text, 2, 2).ok());
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(DecodeEnvelope(text.substr(0, size), 2, 0).ok()) << size;
  }
}

TEST(TenantSealer, GivesAPersonOneKeyAndOneRecord) {
  TenantSealer sealer = MakeSealer();
  const Sealer::Key first = sealer.KeyFor("u-1", 40);
  const Sealer::Key again = sealer.KeyFor("u-1", 55);
  const Sealer::Key other = sealer.KeyFor("u-2", 56);
  EXPECT_EQ(first.first, 40u);
  EXPECT_EQ(again.first, 40u);
  EXPECT_EQ(again.dek, first.dek);
  EXPECT_EQ(other.first, 56u);
  EXPECT_NE(other.dek, first.dek);
  const std::vector<KeyRecord> records = sealer.TakeRecords();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0], MakeTenantKeyRecord(kTenantKey, 1, kSource, 40, kTimeMs, "u-1"));
  EXPECT_TRUE(sealer.TakeRecords().empty());
}

TEST(TenantSealer, AnAbortedKeyIsDrawnAnew) {
  TenantSealer sealer = MakeSealer();
  sealer.KeyFor("u-1", 40);
  sealer.Commit();
  sealer.KeyFor("u-2", 41);
  sealer.Abort();
  EXPECT_TRUE(sealer.TakeRecords().empty());
  EXPECT_EQ(sealer.KeyFor("u-1", 50).first, 40u);
  EXPECT_EQ(sealer.KeyFor("u-2", 51).first, 51u);
  EXPECT_EQ(sealer.TakeRecords().size(), 1u);
}

TEST(TenantSealer, ANewMonthForgetsAllKeys) {
  TenantSealer sealer = MakeSealer();
  sealer.KeyFor("u-1", 40);
  sealer.SetTime(kTimeMs + 30 * kDayMs);  // 31 March
  EXPECT_EQ(sealer.KeyFor("u-1", 50).first, 40u);
  sealer.SetTime(kTimeMs + 31 * kDayMs);  // 1 April
  EXPECT_EQ(sealer.KeyFor("u-1", 60).first, 60u);
}

TEST(TenantSealer, ForgetsTheLongestUnusedPerson) {
  TenantSealer sealer = MakeSealer(2);
  sealer.KeyFor("u-1", 1);
  sealer.KeyFor("u-2", 2);
  sealer.KeyFor("u-1", 3);
  sealer.KeyFor("u-3", 4);
  EXPECT_EQ(sealer.KeyFor("u-1", 5).first, 1u);
  EXPECT_EQ(sealer.KeyFor("u-2", 6).first, 6u);
}

TEST(TenantSealer, AbortAfterForgettingIsHarmless) {
  TenantSealer sealer = MakeSealer(1);
  sealer.KeyFor("u-1", 1);
  sealer.KeyFor("u-2", 2);
  sealer.Abort();
  EXPECT_EQ(sealer.KeyFor("u-1", 3).first, 3u);
}

}  // namespace
}  // namespace lineward::decision
