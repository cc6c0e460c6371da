#include "tests/support/control_writer.h"

#include <vector>

#include "lineward/base/check.h"
#include "lineward/base/status.h"
#include "lineward/control/names.h"
#include "lineward/control/policy_records.h"
#include "lineward/control/records.h"
#include "lineward/event/source_options.h"
#include "lineward/stream/topics.h"
#include "tests/support/small_set.h"

namespace lineward::support {
namespace {

constexpr int64_t kNowUs = 1'772'366'400'000'000;

template <typename T>
T Must(absl::StatusOr<T> value) {
  LW_CHECK(value.ok(), "{}", base::MessageOf(value.status()));
  return *std::move(value);
}
void Must(const absl::Status& status) { LW_CHECK(status.ok(), "{}", base::MessageOf(status)); }

}  // namespace

ControlWriter::ControlWriter(stream::Transport* transport)
    : producer_(Must(transport->OpenProducer({}))), admin_(Must(transport->OpenAdmin())) {}

ControlWriter::~ControlWriter() = default;

void ControlWriter::CreateTopics(const std::string& source, int32_t partitions) {
  Must(admin_->Create(stream::OwnTopics()));
  Must(admin_->Create(
      stream::SourceTopics(source, partitions, static_cast<int64_t>(event::kMaxBytesDefault))));
}

void ControlWriter::Send(const stream::OutRecord& record) {
  Must(stream::SendAndWait(*producer_, record, absl::Seconds(30)).status());
}

void ControlWriter::Send(std::string_view topic, std::string_view key, std::string_view value) {
  Send({.topic = topic, .key = key, .value = value});
}

void ControlWriter::PublishRegistry() {
  control::RegistryRecord dataset;
  dataset.declaration.emplace();
  dataset.declaration->record = 1;
  policy::Grant grant;
  grant.purposes = {"x-t:News"};
  grant.basis = policy::Basis::kContract;
  dataset.declaration->grants = {grant};
  control::RegistryRecord model;
  model.declaration.emplace();
  model.declaration->record = 2;
  model.declaration->kind = control::RecordKind::kModelVersion;
  model.model.emplace();
  model.model->model = "ranker";
  model.model->version = 1;
  model.model->weights_digest = std::string(32, 'w');
  model.model->closure = {1, 2};
  control::RegistryRecord mark;
  mark.seq_mark =
      control::SeqMark{.seq = 3, .recorded_at_us = kNowUs, .chain = std::string(32, 'c')};
  Send(stream::kRegistryTopic, control::DatasetName("default", "clicks"),
       control::EncodeRegistryRecord(dataset));
  Send(stream::kRegistryTopic, control::ModelVersionName("ranker", 1),
       control::EncodeRegistryRecord(model));
  Send(stream::kRegistryTopic, control::kSeqKey, control::EncodeRegistryRecord(mark));
}

void ControlWriter::PublishPolicies(std::string_view effect, uint64_t epoch) {
  const std::string canonical = SmallSet({.effect = effect}).canonical;
  for (const auto& [key, value] : PolicyRecords(canonical, epoch, kNowUs)) {
    Send(stream::kPoliciesTopic, key, value);
  }
}

void ControlWriter::DeletePolicies() {
  Send({.topic = stream::kPoliciesTopic, .key = control::kHeadKey, .value = std::nullopt});
}

}  // namespace lineward::support
