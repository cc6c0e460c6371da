#include <gtest/gtest.h>

#include <string>

#include "lineward/base/status.h"
#include "lineward/control/records.h"

namespace lineward::control {
namespace {

RegistryRecord Full() {
  RegistryRecord record;
  Declaration& declaration = record.declaration.emplace();
  declaration.record = 7;
  declaration.kind = RecordKind::kDatasetVersion;
  declaration.series = 6;
  policy::Grant grant;
  grant.purposes = {"x-t:News"};
  grant.processing = policy::Only(policy::Processing::kServe);
  grant.basis = policy::Basis::kLegitimateInterest;
  declaration.grants = {grant};
  policy::Prohibition prohibition;
  prohibition.purposes = {"x-t:Ads"};
  declaration.prohibits = {prohibition};
  declaration.restrict_to = {"x-t:Sports"};
  declaration.consent_classes = {"beta"};
  declaration.categories = {"behaviour"};
  declaration.labels = {"scraped"};
  declaration.regions.emplace();
  declaration.retain_until_us = -5;
  declaration.withdrawn = {{.id = "w1",
                            .purposes = {"x-t:Ads"},
                            .mode = WithdrawalMode::kQuarantine,
                            .effective_at_us = 9}};
  declaration.is_unsourced = true;
  declaration.is_drifted = true;
  record.serve = ServeFacts{{6, 7}};
  ModelFacts& model = record.model.emplace();
  model.model = "ranker";
  model.version = 2;
  model.state = ModelState::kRevoked;
  model.weights_digest = std::string(32, '\xAA');
  model.closure = {1, 2, 300};
  model.evaluated_closure = {4};
  model.served_closure = {5, 6};
  model.serves = {5};
  model.reclassifications = {
      {.id = "r", .dataset = 1, .restore = {"x-t:Ads"}, .drop = {"scraped"}, .until_us = 10}};
  model.is_profiling = true;
  model.synthetic_share = 0.25;
  model.trained_at_us = 11;
  model.flags = {{.flag = ModelFlag::kUndigested, .offenders = {"datasets/a/b"}}};
  model.run = "runs/7f31";
  record.alias_version = 3;
  record.former_name = "ranker2";
  record.seq_mark = SeqMark{.seq = 9, .recorded_at_us = 12, .chain = std::string(32, 'c')};
  record.writer = WriterAddress{.address = "127.0.0.1:8080", .epoch = 4};
  return record;
}

TEST(RegistryCodec, EveryPartSurvivesAndEqualValuesGiveEqualBytes) {
  const std::string bytes = EncodeRegistryRecord(Full());
  const auto record = DecodeRegistryRecord(bytes);
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_EQ(EncodeRegistryRecord(*record), bytes);

  const Declaration& declaration = *record->declaration;
  EXPECT_EQ(declaration.series, 6u);
  ASSERT_EQ(declaration.grants->size(), 1u);
  EXPECT_EQ(declaration.grants->front().processing, policy::Only(policy::Processing::kServe));
  EXPECT_EQ(declaration.grants->front().basis, policy::Basis::kLegitimateInterest);
  EXPECT_EQ(declaration.prohibits.front().processing, policy::kAllProcessings);
  EXPECT_EQ(declaration.restrict_to->front(), "x-t:Sports");
  EXPECT_TRUE(declaration.regions->empty());
  EXPECT_EQ(declaration.retain_until_us, -5);
  EXPECT_EQ(declaration.withdrawn.front().mode, WithdrawalMode::kQuarantine);
  EXPECT_TRUE(declaration.is_unsourced);
  EXPECT_FALSE(declaration.is_own_ancestor);
  EXPECT_TRUE(declaration.is_drifted);
  EXPECT_EQ(record->serve->closure, (std::vector<uint32_t>{6, 7}));
  EXPECT_EQ(record->model->state, ModelState::kRevoked);
  EXPECT_EQ(record->model->closure, (std::vector<uint32_t>{1, 2, 300}));
  EXPECT_EQ(record->model->synthetic_share, 0.25);
  EXPECT_EQ(record->model->flags.front().flag, ModelFlag::kUndigested);
  EXPECT_EQ(record->model->reclassifications.front().until_us, 10);
  EXPECT_EQ(record->former_name, "ranker2");
  EXPECT_EQ(record->seq_mark->seq, 9u);
  EXPECT_EQ(record->writer->epoch, 4);
}

TEST(RegistryCodec, AbsentAndEmptyAreToldApart) {
  RegistryRecord record;
  record.declaration.emplace();
  auto decoded = DecodeRegistryRecord(EncodeRegistryRecord(record));
  ASSERT_TRUE(decoded.ok());
  EXPECT_FALSE(decoded->declaration->grants.has_value());
  EXPECT_FALSE(decoded->declaration->restrict_to.has_value());
  EXPECT_FALSE(decoded->declaration->regions.has_value());

  record.declaration->grants.emplace();
  record.declaration->restrict_to.emplace();
  record.declaration->regions.emplace();
  decoded = DecodeRegistryRecord(EncodeRegistryRecord(record));
  ASSERT_TRUE(decoded.ok());
  EXPECT_TRUE(decoded->declaration->grants->empty());
  EXPECT_TRUE(decoded->declaration->restrict_to->empty());
  EXPECT_TRUE(decoded->declaration->regions->empty());
}

TEST(RegistryCodec, RefusesWhatItCannotRead) {
  const auto reason = [](const RegistryRecord& record) {
    return base::ReasonOf(DecodeRegistryRecord(EncodeRegistryRecord(record)).status());
  };
  EXPECT_EQ(base::ReasonOf(DecodeRegistryRecord("\xFF\xFF").status()), "CONTROL_RECORD_INVALID");
  RegistryRecord unsorted = Full();
  unsorted.model->closure = {2, 1};
  EXPECT_EQ(reason(unsorted), "CONTROL_RECORD_INVALID");
  RegistryRecord twice = Full();
  twice.serve->closure = {2, 2};
  EXPECT_EQ(reason(twice), "CONTROL_RECORD_INVALID");
  RegistryRecord short_digest = Full();
  short_digest.model->weights_digest = "abc";
  EXPECT_EQ(reason(short_digest), "CONTROL_RECORD_INVALID");
  RegistryRecord no_state = Full();
  no_state.model->state = static_cast<ModelState>(0);
  EXPECT_EQ(reason(no_state), "CONTROL_RECORD_INVALID");
  RegistryRecord no_series = Full();
  no_series.declaration->series.reset();
  EXPECT_EQ(reason(no_series), "CONTROL_RECORD_INVALID");
  EXPECT_EQ(reason(Full()), "") << "the control: nothing else is wrong with it";
}

}  // namespace
}  // namespace lineward::control
