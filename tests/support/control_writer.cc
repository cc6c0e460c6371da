#include "tests/support/control_writer.h"

#include <vector>

#include "lineward/base/check.h"
#include "lineward/base/status.h"
#include "lineward/control/names.h"
#include "lineward/control/policy_records.h"
#include "lineward/control/records.h"
#include "lineward/event/source_options.h"
#include "lineward/policy/findings.h"
#include "lineward/policy/source.h"
#include "lineward/stream/topics.h"

namespace lineward::support {
namespace {

constexpr int64_t kNowUs = 1'772'366'400'000'000;

template <typename T>
T Must(absl::StatusOr<T> value) {
  LW_CHECK(value.ok(), "{}", base::MessageOf(value.status()));
  return *std::move(value);
}
void Must(const absl::Status& status) { LW_CHECK(status.ok(), "{}", base::MessageOf(status)); }

std::string CanonicalSet(std::string_view effect) {
  const std::string head = "apiVersion: lineward/v1\n";
  const std::vector<policy::SourceFile> files = {
      {"taxonomy.yaml", head + "kind: Taxonomy\nversion: 1\npurposes:\n- {id: \"x-t:Purpose\"}\n"
                               "- {id: \"x-t:News\", under: [\"x-t:Purpose\"]}\n"
                               "- {id: \"x-t:Sports\", under: [\"x-t:News\"]}\n"
                               "- {id: \"x-t:Ads\", under: [\"x-t:Purpose\"]}\n"},
      {"vocabulary.yaml", head + "kind: Vocabulary\ndata_categories: {behaviour: {}}\n"
                                 "places: {EU: {DE: {}}}\nlabels: [scraped]\n"},
      {"policy.yaml", head +
                          "kind: Policy\npolicy: p@1\nowner: team\nrules:\n- {id: all, effect: " +
                          std::string(effect) + ", match: {purpose_under: [\"x-t:Purpose\"]}}\n"},
      {"bindings.yaml", head + "kind: Bindings\nbindings:\n- {id: b, select: {surface: home}, "
                               "purposes: [\"x-t:Purpose\"], consent_max_age_ms: 60000, policies: "
                               "[{policy: p@1}]}\n"}};
  policy::Findings findings;
  return Must(policy::Parse(files, &findings)).canonical;
}

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
  const std::string canonical = CanonicalSet(effect);
  const std::string id = policy::SetId(canonical);
  const std::vector<std::string> chunks = control::CutPolicySet(canonical);
  for (uint32_t i = 0; i < chunks.size(); ++i) {
    Send(stream::kPoliciesTopic, control::ChunkKey(id, i), chunks[i]);
  }
  control::PolicyHead head;
  head.set_id = id;
  head.epoch = epoch;
  head.created_us = kNowUs;
  head.chunks = static_cast<uint32_t>(chunks.size());
  head.raw_bytes = canonical.size();
  Send(stream::kPoliciesTopic, control::kHeadKey, control::EncodePolicyHead(head));
}

void ControlWriter::DeletePolicies() {
  Send({.topic = stream::kPoliciesTopic, .key = control::kHeadKey, .value = std::nullopt});
}

}  // namespace lineward::support
