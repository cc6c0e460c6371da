#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "lineward/base/status.h"
#include "lineward/control/reasons.h"
#include "lineward/control/records.h"
#include "lineward/registry/v1/control.pb.h"

namespace lineward::control {
namespace {

namespace pb = ::lineward::registry::v1;

constexpr size_t kDigestBytes = 32;

template <typename... Args>
absl::Status Invalid(fmt::format_string<Args...> format, Args&&... args) {
  return base::InvalidArgument(kControlRecordInvalid, format, std::forward<Args>(args)...);
}

template <typename Repeated>
void AppendAll(const std::vector<std::string>& values, Repeated* list) {
  for (const std::string& value : values) *list->Add() = value;
}

template <typename Repeated>
std::vector<std::string> Strings(const Repeated& list) {
  return {list.begin(), list.end()};
}

absl::StatusOr<std::vector<uint32_t>> Records(const google::protobuf::RepeatedField<uint32_t>& list,
                                              std::string_view what) {
  std::vector<uint32_t> records(list.begin(), list.end());
  const auto unsorted =
      std::adjacent_find(records.begin(), records.end(), std::greater_equal<uint32_t>());
  if (unsorted != records.end()) return Invalid("{}: record {} is out of order", what, *unsorted);
  return records;
}

constexpr std::array<pb::Processing, policy::kProcessings> kProcessingNames = {
    pb::PROCESSING_TRAIN, pb::PROCESSING_PROFILE, pb::PROCESSING_SERVE, pb::PROCESSING_EVALUATE};

template <typename Message>
void PutProcessing(policy::ProcessingSet set, Message* message) {
  if (set == policy::kAllProcessings) return;
  for (size_t i = 0; i < kProcessingNames.size(); ++i) {
    if (set & (1u << i)) message->add_processing(kProcessingNames[i]);
  }
}

template <typename Message>
absl::StatusOr<policy::ProcessingSet> TakeProcessing(const Message& message) {
  if (message.processing_size() == 0) return policy::kAllProcessings;
  policy::ProcessingSet set = 0;
  for (const int value : message.processing()) {
    const auto found = std::find(kProcessingNames.begin(), kProcessingNames.end(), value);
    if (found == kProcessingNames.end()) return Invalid("unknown processing {}", value);
    set |= static_cast<policy::ProcessingSet>(1u << (found - kProcessingNames.begin()));
  }
  return set;
}

pb::Basis BasisOf(policy::Basis basis) {
  switch (basis) {
    case policy::Basis::kConsent:
      return pb::BASIS_CONSENT;
    case policy::Basis::kContract:
      return pb::BASIS_CONTRACT;
    case policy::Basis::kLegitimateInterest:
      return pb::BASIS_LEGITIMATE_INTEREST;
    case policy::Basis::kLegalObligation:
      return pb::BASIS_LEGAL_OBLIGATION;
  }
  return pb::BASIS_UNSPECIFIED;
}

absl::StatusOr<policy::Basis> BasisOf(pb::Basis basis) {
  switch (basis) {
    case pb::BASIS_CONSENT:
      return policy::Basis::kConsent;
    case pb::BASIS_CONTRACT:
      return policy::Basis::kContract;
    case pb::BASIS_LEGITIMATE_INTEREST:
      return policy::Basis::kLegitimateInterest;
    case pb::BASIS_LEGAL_OBLIGATION:
      return policy::Basis::kLegalObligation;
    default:
      return Invalid("unknown basis {}", static_cast<int>(basis));
  }
}

void Put(const Declaration& declaration, pb::Declaration* out) {
  out->set_record(declaration.record);
  out->set_kind(static_cast<pb::RecordKind>(declaration.kind));
  if (declaration.series) out->set_series(*declaration.series);
  if (declaration.grants) {
    pb::GrantList* grants = out->mutable_grants();
    for (const policy::Grant& grant : *declaration.grants) {
      pb::Grant* value = grants->add_values();
      AppendAll(grant.purposes, value->mutable_purposes());
      PutProcessing(grant.processing, value);
      value->set_basis(BasisOf(grant.basis));
    }
  }
  for (const policy::Prohibition& prohibition : declaration.prohibits) {
    pb::Prohibition* value = out->add_prohibits();
    AppendAll(prohibition.purposes, value->mutable_purposes());
    PutProcessing(prohibition.processing, value);
  }
  if (declaration.restrict_to) {
    AppendAll(*declaration.restrict_to, out->mutable_restrict()->mutable_values());
  }
  AppendAll(declaration.consent_classes, out->mutable_consent_classes());
  AppendAll(declaration.categories, out->mutable_categories());
  AppendAll(declaration.labels, out->mutable_labels());
  if (declaration.regions) {
    AppendAll(*declaration.regions, out->mutable_regions()->mutable_values());
  }
  if (declaration.retain_until_us) out->set_retain_until_us(*declaration.retain_until_us);
  for (const Withdrawal& withdrawal : declaration.withdrawn) {
    pb::Withdrawal* value = out->add_withdrawn();
    value->set_id(withdrawal.id);
    AppendAll(withdrawal.purposes, value->mutable_purposes());
    value->set_mode(static_cast<pb::WithdrawalMode>(withdrawal.mode));
    value->set_effective_at_us(withdrawal.effective_at_us);
  }
  out->set_unsourced(declaration.is_unsourced);
  out->set_own_ancestor(declaration.is_own_ancestor);
  out->set_no_dataset(declaration.is_without_dataset);
  out->set_closure_too_large(declaration.is_closure_too_large);
  out->set_drifted(declaration.is_drifted);
}

absl::StatusOr<Declaration> Take(const pb::Declaration& in) {
  Declaration declaration;
  declaration.record = in.record();
  if (in.kind() < pb::RECORD_KIND_DATASET || in.kind() > pb::RECORD_KIND_MODEL_VERSION) {
    return Invalid("unknown record kind {}", static_cast<int>(in.kind()));
  }
  declaration.kind = static_cast<RecordKind>(in.kind());
  if (in.has_series()) declaration.series = in.series();
  if (declaration.series.has_value() != (declaration.kind == RecordKind::kDatasetVersion)) {
    return Invalid("record {}: a dataset version has a series, other records have none",
                   in.record());
  }
  if (in.has_grants()) {
    declaration.grants.emplace();
    for (const pb::Grant& value : in.grants().values()) {
      policy::Grant grant;
      grant.purposes = Strings(value.purposes());
      LW_ASSIGN_OR_RETURN(grant.processing, TakeProcessing(value));
      LW_ASSIGN_OR_RETURN(grant.basis, BasisOf(value.basis()));
      declaration.grants->push_back(std::move(grant));
    }
  }
  for (const pb::Prohibition& value : in.prohibits()) {
    policy::Prohibition prohibition;
    prohibition.purposes = Strings(value.purposes());
    LW_ASSIGN_OR_RETURN(prohibition.processing, TakeProcessing(value));
    declaration.prohibits.push_back(std::move(prohibition));
  }
  if (in.has_restrict()) declaration.restrict_to = Strings(in.restrict().values());
  declaration.consent_classes = Strings(in.consent_classes());
  declaration.categories = Strings(in.categories());
  declaration.labels = Strings(in.labels());
  if (in.has_regions()) declaration.regions = Strings(in.regions().values());
  if (in.has_retain_until_us()) declaration.retain_until_us = in.retain_until_us();
  for (const pb::Withdrawal& value : in.withdrawn()) {
    if (value.mode() != pb::WITHDRAWAL_MODE_BLOCK &&
        value.mode() != pb::WITHDRAWAL_MODE_QUARANTINE) {
      return Invalid("unknown withdrawal mode {}", static_cast<int>(value.mode()));
    }
    declaration.withdrawn.push_back({.id = value.id(),
                                     .purposes = Strings(value.purposes()),
                                     .mode = static_cast<WithdrawalMode>(value.mode()),
                                     .effective_at_us = value.effective_at_us()});
  }
  declaration.is_unsourced = in.unsourced();
  declaration.is_own_ancestor = in.own_ancestor();
  declaration.is_without_dataset = in.no_dataset();
  declaration.is_closure_too_large = in.closure_too_large();
  declaration.is_drifted = in.drifted();
  return declaration;
}

void Put(const ModelFacts& model, pb::ModelFacts* out) {
  out->set_model(model.model);
  out->set_version(model.version);
  out->set_state(static_cast<pb::ModelState>(model.state));
  out->set_weights_digest(model.weights_digest);
  out->set_config_digest(model.config_digest);
  out->mutable_closure()->Add(model.closure.begin(), model.closure.end());
  out->mutable_evaluated_closure()->Add(model.evaluated_closure.begin(),
                                        model.evaluated_closure.end());
  out->mutable_served_closure()->Add(model.served_closure.begin(), model.served_closure.end());
  out->mutable_serves()->Add(model.serves.begin(), model.serves.end());
  for (const Reclassification& reclassification : model.reclassifications) {
    pb::Reclassification* value = out->add_reclassifications();
    value->set_id(reclassification.id);
    value->set_dataset(reclassification.dataset);
    AppendAll(reclassification.restore, value->mutable_restore());
    AppendAll(reclassification.drop, value->mutable_drop());
    value->set_until_us(reclassification.until_us);
  }
  out->set_profiling(model.is_profiling);
  if (model.synthetic_share) out->set_synthetic_share(*model.synthetic_share);
  if (model.trained_at_us) out->set_trained_at_us(*model.trained_at_us);
  for (const ModelFlagNote& note : model.flags) {
    pb::ModelFlagNote* value = out->add_flags();
    value->set_flag(static_cast<pb::ModelFlag>(note.flag));
    AppendAll(note.offenders, value->mutable_offenders());
  }
  out->set_run(model.run);
}

absl::StatusOr<ModelFacts> Take(const pb::ModelFacts& in) {
  ModelFacts model;
  model.model = in.model();
  model.version = in.version();
  if (in.state() < pb::MODEL_STATE_REGISTERED || in.state() > pb::MODEL_STATE_REVOKED) {
    return Invalid("model `{}` version {}: unknown state {}", in.model(), in.version(),
                   static_cast<int>(in.state()));
  }
  model.state = static_cast<ModelState>(in.state());
  for (const std::string* digest : {&in.weights_digest(), &in.config_digest()}) {
    if (digest->empty() || digest->size() == kDigestBytes) continue;
    return Invalid("model `{}` version {}: a digest of {} bytes, not {}", in.model(), in.version(),
                   digest->size(), kDigestBytes);
  }
  model.weights_digest = in.weights_digest();
  model.config_digest = in.config_digest();
  LW_ASSIGN_OR_RETURN(model.closure, Records(in.closure(), "closure"));
  LW_ASSIGN_OR_RETURN(model.evaluated_closure,
                      Records(in.evaluated_closure(), "evaluated closure"));
  LW_ASSIGN_OR_RETURN(model.served_closure, Records(in.served_closure(), "served closure"));
  LW_ASSIGN_OR_RETURN(model.serves, Records(in.serves(), "served datasets"));
  for (const pb::Reclassification& value : in.reclassifications()) {
    model.reclassifications.push_back({.id = value.id(),
                                       .dataset = value.dataset(),
                                       .restore = Strings(value.restore()),
                                       .drop = Strings(value.drop()),
                                       .until_us = value.until_us()});
  }
  model.is_profiling = in.profiling();
  if (in.has_synthetic_share()) model.synthetic_share = in.synthetic_share();
  if (in.has_trained_at_us()) model.trained_at_us = in.trained_at_us();
  for (const pb::ModelFlagNote& value : in.flags()) {
    if (value.flag() < pb::MODEL_FLAG_UNVERSIONED_INPUT ||
        value.flag() > pb::MODEL_FLAG_NO_INPUTS) {
      return Invalid("model `{}` version {}: unknown flag {}", in.model(), in.version(),
                     static_cast<int>(value.flag()));
    }
    model.flags.push_back(
        {.flag = static_cast<ModelFlag>(value.flag()), .offenders = Strings(value.offenders())});
  }
  model.run = in.run();
  return model;
}

}  // namespace

std::string EncodeRegistryRecord(const RegistryRecord& record) {
  pb::RegistryRecord message;
  if (record.declaration) Put(*record.declaration, message.mutable_declaration());
  if (record.serve) {
    message.mutable_serve()->mutable_closure()->Add(record.serve->closure.begin(),
                                                    record.serve->closure.end());
  }
  if (record.model) Put(*record.model, message.mutable_model());
  if (record.alias_version) message.mutable_alias()->set_version(*record.alias_version);
  if (record.former_name) message.mutable_former_name()->set_model(*record.former_name);
  if (record.seq_mark) {
    pb::SeqMark* mark = message.mutable_seq_mark();
    mark->set_seq(record.seq_mark->seq);
    mark->set_recorded_at_us(record.seq_mark->recorded_at_us);
    mark->set_chain(record.seq_mark->chain);
  }
  if (record.writer) {
    message.mutable_writer()->set_address(record.writer->address);
    message.mutable_writer()->set_epoch(record.writer->epoch);
  }
  return message.SerializeAsString();
}

absl::StatusOr<RegistryRecord> DecodeRegistryRecord(std::string_view bytes) {
  pb::RegistryRecord message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Invalid("{} bytes are no registry record", bytes.size());
  }
  RegistryRecord record;
  if (message.has_declaration()) {
    LW_ASSIGN_OR_RETURN(record.declaration, Take(message.declaration()));
  }
  if (message.has_serve()) {
    record.serve.emplace();
    LW_ASSIGN_OR_RETURN(record.serve->closure, Records(message.serve().closure(), "serve closure"));
  }
  if (message.has_model()) {
    LW_ASSIGN_OR_RETURN(record.model, Take(message.model()));
  }
  if (message.has_alias()) record.alias_version = message.alias().version();
  if (message.has_former_name()) record.former_name = message.former_name().model();
  if (message.has_seq_mark()) {
    record.seq_mark = {.seq = message.seq_mark().seq(),
                       .recorded_at_us = message.seq_mark().recorded_at_us(),
                       .chain = message.seq_mark().chain()};
  }
  if (message.has_writer()) {
    record.writer = {.address = message.writer().address(), .epoch = message.writer().epoch()};
  }
  return record;
}

}  // namespace lineward::control
