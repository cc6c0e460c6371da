#pragma once

// A small policy set and builders for records of the control topics.

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lineward/control/names.h"
#include "lineward/control/policy_records.h"
#include "lineward/control/records.h"
#include "lineward/control/snapshot.h"
#include "lineward/policy/findings.h"
#include "lineward/policy/source.h"

namespace lineward::control {

// 2026-03-01T12:00:00Z.
inline constexpr int64_t kNowUs = 1'772'366'400'000'000;
inline constexpr int64_t kDayUs = int64_t{86'400} * 1'000'000;

// Purposes: Purpose ( News ( Sports ), Ads ). `owner` tells two sets apart.
inline std::string CanonicalSet(std::string_view owner = "team",
                                std::string_view binding_extra = "") {
  const std::string head = "apiVersion: lineward/v1\n";
  const std::vector<policy::SourceFile> files = {
      {"taxonomy.yaml", head + "kind: Taxonomy\nversion: 1\npurposes:\n- {id: \"x-t:Purpose\"}\n"
                               "- {id: \"x-t:News\", under: [\"x-t:Purpose\"]}\n"
                               "- {id: \"x-t:Sports\", under: [\"x-t:News\"]}\n"
                               "- {id: \"x-t:Ads\", under: [\"x-t:Purpose\"]}\n"},
      {"vocabulary.yaml", head + "kind: Vocabulary\ndata_categories: {behaviour: {}}\n"
                                 "places: {EU: {DE: {}}}\nlabels: [scraped]\n"},
      {"policy.yaml", head + "kind: Policy\npolicy: p@1\nowner: " + std::string(owner) +
                          "\nrules:\n- {id: ok, effect: permit, match: {purpose_under: "
                          "[\"x-t:Purpose\"]}}\n"},
      {"bindings.yaml", head +
                            "kind: Bindings\nbindings:\n- {id: b, select: {surface: home}, "
                            "purposes: [\"x-t:Purpose\"], consent_max_age_ms: 5000, policies: "
                            "[{policy: p@1}]" +
                            std::string(binding_extra) + "}\n"}};
  policy::Findings findings;
  const auto source = policy::Parse(files, &findings);
  EXPECT_TRUE(source.ok()) << source.status();
  return source->canonical;
}

using KeyValue = std::pair<std::string, std::string>;

// The records that publish `canonical` under `epoch`: chunks, then the head.
inline std::vector<KeyValue> PolicyRecords(const std::string& canonical, uint64_t epoch) {
  const std::string id = policy::SetId(canonical);
  const std::vector<std::string> chunks = CutPolicySet(canonical);
  std::vector<KeyValue> records;
  for (uint32_t i = 0; i < chunks.size(); ++i) records.emplace_back(ChunkKey(id, i), chunks[i]);
  PolicyHead head;
  head.set_id = id;
  head.epoch = epoch;
  head.created_us = kNowUs;
  head.chunks = static_cast<uint32_t>(chunks.size());
  head.raw_bytes = canonical.size();
  records.emplace_back(std::string(kHeadKey), EncodePolicyHead(head));
  return records;
}

inline Declaration DatasetDeclaration(uint32_t record, std::vector<std::string> granted) {
  Declaration declaration;
  declaration.record = record;
  policy::Grant grant;
  grant.purposes = std::move(granted);
  grant.basis = policy::Basis::kContract;
  declaration.grants = {grant};
  return declaration;
}

inline KeyValue DatasetRecord(const std::string& name, const Declaration& declaration,
                              std::vector<uint32_t> serve_closure = {}) {
  RegistryRecord record;
  record.declaration = declaration;
  if (!serve_closure.empty()) record.serve = ServeFacts{std::move(serve_closure)};
  return {DatasetName("default", name), EncodeRegistryRecord(record)};
}

inline RegistryRecord Model(const std::string& model, int32_t version, uint32_t record_id,
                            std::vector<uint32_t> closure) {
  RegistryRecord record;
  record.declaration.emplace();
  record.declaration->record = record_id;
  record.declaration->kind = RecordKind::kModelVersion;
  record.model.emplace();
  record.model->model = model;
  record.model->version = version;
  record.model->weights_digest = std::string(32, 'w');
  record.model->closure = std::move(closure);
  return record;
}

inline KeyValue ModelRecord(const RegistryRecord& record) {
  return {ModelVersionName(record.model->model, record.model->version),
          EncodeRegistryRecord(record)};
}

inline KeyValue MarkRecord(uint64_t seq) {
  RegistryRecord record;
  record.seq_mark = SeqMark{.seq = seq, .recorded_at_us = kNowUs, .chain = std::string(32, 'c')};
  return {std::string(kSeqKey), EncodeRegistryRecord(record)};
}

}  // namespace lineward::control
