#include "control/src/state.h"

#include <algorithm>

#include "lineward/base/status.h"
#include "lineward/control/names.h"
#include "lineward/control/reasons.h"
#include "lineward/policy/findings.h"

namespace lineward::control {
namespace {

// A binding in shadow must end within 90 days of its set's making (policy design, section 7).
constexpr int64_t kShadowUsMax = int64_t{90} * 86'400 * 1'000'000;
// Records have ids by first appearance; far more than the design size of the registry.
constexpr uint32_t kRecordIdMax = 1 << 24;

absl::StatusOr<RegistryRecord> Checked(std::string_view key, RegistryRecord record) {
  if (record.declaration && record.declaration->record > kRecordIdMax) {
    return base::InvalidArgument(kControlRecordInvalid, "record id {} is over {}",
                                 record.declaration->record, kRecordIdMax);
  }
  if (record.model && key != ModelVersionName(record.model->model, record.model->version)) {
    return base::InvalidArgument(kControlRecordInvalid,
                                 "`{}` holds the facts of model `{}` version {}", key,
                                 record.model->model, record.model->version);
  }
  return record;
}

bool HoldsAny(const std::vector<uint32_t>& closure, const absl::flat_hash_set<uint32_t>& changed) {
  return std::any_of(closure.begin(), closure.end(),
                     [&](uint32_t record) { return changed.contains(record); });
}

}  // namespace

void ControlState::ApplyRegistry(std::string_view key, std::optional<std::string_view> value,
                                 int64_t offset) {
  Pending pending{.key = std::string(key), .record = std::nullopt};
  if (value) {
    absl::StatusOr<RegistryRecord> record = DecodeRegistryRecord(*value);
    if (record.ok()) record = Checked(key, *std::move(record));
    if (record.ok()) {
      pending.record = *std::move(record);
    } else {
      notes_.push_back({.kind = Note::Kind::kRecordRefused,
                        .topic = ControlTopic::kRegistry,
                        .offset = offset,
                        .status = record.status()});
    }
  }
  if (key == kWriterKey) {
    writer_ = pending.record && pending.record->writer
                  ? std::make_shared<const WriterAddress>(*pending.record->writer)
                  : nullptr;
    is_dirty_ = true;
    return;
  }
  if (key != kSeqKey) {
    pending_.push_back(std::move(pending));
    return;
  }
  if (!pending.record || !pending.record->seq_mark) return;
  mark_ = *pending.record->seq_mark;
  ApplyPending();
  next_offsets_[static_cast<size_t>(ControlTopic::kRegistry)] = offset + 1;
  is_dirty_ = true;
}

void ControlState::ApplyPending() {
  for (Pending& pending : pending_) {
    Forget(pending.key);
    if (pending.record) Learn(pending.key, *std::move(pending.record));
  }
  is_registry_changed_ |= !pending_.empty();
  pending_.clear();
}

void ControlState::Forget(const std::string& key) {
  const auto found = contributions_.find(key);
  if (found == contributions_.end()) return;
  const Contribution& contribution = found->second;
  if (contribution.record) SetRecord(*contribution.record, nullptr);
  if (!contribution.model_key.empty()) tables_.models.erase(contribution.model_key);
  if (!contribution.former_name.empty()) tables_.former_names.erase(contribution.former_name);
  if (contribution.is_served) tables_.served.erase(key);
  if (contribution.is_alias) tables_.aliases.erase(key);
  contributions_.erase(found);
}

void ControlState::Learn(const std::string& key, RegistryRecord record) {
  Contribution contribution;
  if (record.declaration) {
    const bool is_revoked = record.model && record.model->state == ModelState::kRevoked;
    contribution.record = record.declaration->record;
    SetRecord(*contribution.record,
              std::make_shared<const Record>(MakeRecord(key, *record.declaration, is_revoked)));
  }
  if (record.serve) {
    contribution.is_served = true;
    auto served = std::make_shared<const Served>(Served{key, *std::move(record.serve)});
    tables_.served.emplace(served->name, served);
  }
  if (record.model) {
    contribution.model_key = ModelKey(record.model->model, record.model->version);
    changed_models_.insert(contribution.model_key);
    auto resolved = std::make_shared<ResolvedModel>();
    resolved->registered = std::make_shared<const ModelFacts>(*std::move(record.model));
    auto names = std::make_shared<const ModelNames>(ModelNames{contribution.model_key, key});
    tables_.models.emplace(names->key, ModelEntry{names, std::move(resolved)});
  }
  if (record.alias_version) {
    contribution.is_alias = true;
    auto alias = std::make_shared<const Alias>(Alias{key, *record.alias_version});
    tables_.aliases.emplace(alias->name, alias);
  }
  if (record.former_name) {
    std::string_view former = key;
    if (former.starts_with("models/")) former.remove_prefix(7);
    contribution.former_name = DecodeSegment(former).value_or(std::string(former));
    auto name =
        std::make_shared<const Former>(Former{contribution.former_name, *record.former_name});
    tables_.former_names.erase(name->name);
    tables_.former_names.emplace(name->name, name);
  }
  contributions_.emplace(key, std::move(contribution));
}

void ControlState::SetRecord(uint32_t id, std::shared_ptr<const Record> record) {
  if (id >= tables_.records.size()) {
    if (record == nullptr) return;
    tables_.records.resize(id + 1);
  }
  tables_.records[id] = std::move(record);
  changed_records_.insert(id);
}

void ControlState::ApplyPolicies(std::string_view key, std::optional<std::string_view> value,
                                 int64_t offset) {
  next_offsets_[static_cast<size_t>(ControlTopic::kPolicies)] = offset + 1;
  is_dirty_ = true;
  if (key == kHeadKey) {
    TakeHead(value, offset);
    return;
  }
  const auto chunk = ParseChunkKey(key);
  if (!chunk) return;  // override grants and later kinds: nothing that this version reads
  std::map<uint32_t, std::string>& chunks = chunks_[chunk->first];
  if (const auto known = chunks.find(chunk->second); known != chunks.end()) {
    chunk_bytes_ -= known->second.size();
    chunks.erase(known);
  }
  if (!value) {
    if (chunks.empty()) chunks_.erase(chunk->first);
    return;
  }
  if (chunk_bytes_ + value->size() > kChunkStoreBytesMax) {
    notes_.push_back(
        {.kind = Note::Kind::kRecordRefused,
         .topic = ControlTopic::kPolicies,
         .offset = offset,
         .status = base::ResourceExhausted(kPolicyChunksInvalid, "policy sets of over {} bytes",
                                           kChunkStoreBytesMax)});
    return;
  }
  chunk_bytes_ += value->size();
  chunks.emplace(chunk->second, std::string(*value));
}

void ControlState::TakeHead(std::optional<std::string_view> value, int64_t offset) {
  if (!value) {
    is_engine_unavailable_ = true;
    notes_.push_back({.kind = Note::Kind::kHeadDeleted,
                      .topic = ControlTopic::kPolicies,
                      .offset = offset,
                      .status = absl::OkStatus()});
    return;
  }
  HeadRefusal refusal = HeadRefusal::kChunks;
  absl::StatusOr<PolicyHead> head = DecodePolicyHead(*value);
  absl::Status status = head.ok() ? TakeSet(*head, &refusal) : head.status();
  if (status.ok()) {
    notes_.push_back({.kind = Note::Kind::kSetInForce,
                      .topic = ControlTopic::kPolicies,
                      .offset = offset,
                      .status = absl::OkStatus()});
    return;
  }
  const std::string epoch =
      head.ok() ? fmt::format("policy head of epoch {}", head->epoch) : std::string("policy head");
  notes_.push_back({.kind = Note::Kind::kHeadRefused,
                    .topic = ControlTopic::kPolicies,
                    .offset = offset,
                    .status = base::AnnotateWith(status, epoch),
                    .refusal = refusal});
}

absl::Status ControlState::TakeSet(const PolicyHead& head, HeadRefusal* refusal) {
  *refusal = HeadRefusal::kSignature;
  if (requires_signatures_) {
    return base::FailedPrecondition(kPolicyHeadRefused,
                                    "signatures are required and not supported yet");
  }
  *refusal = HeadRefusal::kEpoch;
  if (head.epoch <= policy_epoch_) {
    return base::FailedPrecondition(kPolicyHeadRefused, "the epoch in force is {}", policy_epoch_);
  }
  *refusal = HeadRefusal::kChunks;
  std::vector<std::string> pieces;
  const auto found = chunks_.find(head.set_id);
  for (uint32_t i = 0; i < head.chunks; ++i) {
    const auto piece = found == chunks_.end() ? std::map<uint32_t, std::string>::const_iterator{}
                                              : found->second.find(i);
    if (found == chunks_.end() || piece == found->second.end()) {
      return base::FailedPrecondition(kPolicyChunksInvalid, "chunk {} of {} of set `{}` is missing",
                                      i, head.chunks, head.set_id);
    }
    pieces.push_back(piece->second);
  }
  LW_ASSIGN_OR_RETURN(const std::string canonical, JoinPolicySet(pieces, head.raw_bytes));
  *refusal = HeadRefusal::kId;
  if (const std::string id = policy::SetId(canonical); id != head.set_id) {
    return base::FailedPrecondition(kPolicyHeadRefused, "set `{}` has the content of `{}`",
                                    head.set_id, id);
  }
  *refusal = HeadRefusal::kCompile;
  policy::Findings findings;
  LW_ASSIGN_OR_RETURN(const policy::Source source, policy::ParseCanonical(canonical, &findings));
  LW_ASSIGN_OR_RETURN(policy::PolicySet set, policy::Compile(source, &findings));
  for (const policy::Binding& binding : source.bindings) {
    if (binding.mode != policy::BindingMode::kShadow) continue;
    if (binding.shadow_until_us && *binding.shadow_until_us <= head.created_us + kShadowUsMax) {
      continue;
    }
    return base::FailedPrecondition(kPolicyHeadRefused,
                                    "binding `{}` is in shadow for over 90 days after {}",
                                    binding.id, policy::FormatTime(head.created_us));
  }
  policies_ = std::make_shared<const policy::PolicySet>(std::move(set));
  policy_set_id_ = head.set_id;
  policy_epoch_ = head.epoch;
  is_engine_unavailable_ = false;
  is_set_changed_ = true;
  return absl::OkStatus();
}

void ControlState::ApplyBreakers(int64_t offset) {
  next_offsets_[static_cast<size_t>(ControlTopic::kBreakers)] = offset + 1;
  is_dirty_ = true;
}

bool ControlState::IsAffected(const ModelFacts& model) const {
  return HoldsAny(model.closure, changed_records_) ||
         HoldsAny(model.evaluated_closure, changed_records_) ||
         HoldsAny(model.served_closure, changed_records_);
}

std::shared_ptr<const ControlSnapshot> ControlState::Build(int64_t now_us) {
  const bool is_tables_changed =
      is_set_changed_ || is_registry_changed_ || now_us >= holds_until_us_ || published_ == nullptr;
  if (is_tables_changed) {
    holds_until_us_ = INT64_MAX;
    for (auto& [key, model] : tables_.models) {
      const ResolvedModel& before = *model.resolved;
      const bool is_stale = is_set_changed_ || !before.HoldsAt(now_us) ||
                            changed_models_.contains(key) || IsAffected(*before.registered);
      if (is_stale) {
        model.resolved = ResolveModel(tables_, policies_.get(), before.registered, now_us);
      }
      const ResolvedModel& now = *model.resolved;
      if (policies_ == nullptr) continue;
      holds_until_us_ = std::min(holds_until_us_, now.facts.lineage.valid_until_us);
      if (now.serves) {
        holds_until_us_ = std::min(holds_until_us_, now.serves->facts.valid_until_us);
      }
    }
    published_ = std::make_shared<const ControlTables>(tables_);
  }
  changed_records_.clear();
  changed_models_.clear();
  is_set_changed_ = false;
  is_registry_changed_ = false;
  is_dirty_ = false;

  auto snapshot = std::make_shared<ControlSnapshot>();
  snapshot->policies_ = policies_;
  snapshot->policy_set_id_ = policy_set_id_;
  snapshot->policy_epoch_ = policy_epoch_;
  snapshot->is_engine_unavailable_ = is_engine_unavailable_;
  snapshot->registry_mark_ = mark_;
  snapshot->writer_ = writer_;
  snapshot->next_offsets_ = next_offsets_;
  snapshot->tables_ = published_;
  return snapshot;
}

}  // namespace lineward::control
