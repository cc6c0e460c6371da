#pragma once

// Builders for records of the control topics.

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
#include "tests/support/small_set.h"

namespace lineward::control {

// 2026-03-01T12:00:00Z.
inline constexpr int64_t kNowUs = 1'772'366'400'000'000;
inline constexpr int64_t kDayUs = int64_t{86'400} * 1'000'000;

// `owner` tells two sets apart.
inline std::string CanonicalSet(std::string_view owner = "team",
                                std::string_view binding_keys = "") {
  return support::SmallSet(
             {.owner = owner, .consent_max_age_ms = 5'000, .binding_keys = binding_keys})
      .canonical;
}

using KeyValue = std::pair<std::string, std::string>;

inline std::vector<KeyValue> PolicyRecords(const std::string& canonical, uint64_t epoch) {
  return support::PolicyRecords(canonical, epoch, kNowUs);
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
