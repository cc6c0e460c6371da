#include "lineward/control/snapshot.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "control/src/tables.h"
#include "lineward/base/status.h"
#include "lineward/control/names.h"
#include "lineward/crypto/sha256.h"
#include "lineward/policy/lineage_facts.h"

namespace lineward::control {
namespace {

constexpr size_t kClosureDigestBytes = 16;
// Longest model name and version of an event, and the `@`.
constexpr size_t kModelKeyBytesMax = 128 + 64 + 1;

const policy::Declaration& UnknownDeclaration() {
  static const policy::Declaration unknown = [] {
    policy::Declaration declaration;
    declaration.is_unknown = true;
    return declaration;
  }();
  return unknown;
}

const Record* FindRecordIn(const ControlTables& tables, uint32_t record) {
  return record < tables.records.size() ? tables.records[record].get() : nullptr;
}

// Each record of a closure as one model version reads it. A record that is not there is unknown: a
// transaction of the registry brings closures and records together.
std::vector<policy::DatasetUse> UsesOf(const ControlTables& tables,
                                       std::span<const uint32_t> closure, const ModelFacts* model) {
  std::vector<policy::DatasetUse> uses;
  uses.reserve(closure.size());
  for (const uint32_t id : closure) {
    policy::DatasetUse use{.declaration = &UnknownDeclaration(), .restorations = {}};
    if (const Record* record = FindRecordIn(tables, id)) {
      const std::optional<uint32_t>& series = record->named.declaration.series;
      const Record* of_series = series ? FindRecordIn(tables, *series) : nullptr;
      const bool is_undeclared =
          series && (of_series == nullptr || !of_series->named.declaration.grants);
      use.declaration = is_undeclared ? &*record->undeclared : &record->policy;
    }
    if (model != nullptr) {
      for (const Reclassification& reclassification : model->reclassifications) {
        if (reclassification.dataset != id) continue;
        use.restorations.push_back({.purposes = reclassification.restore,
                                    .dropped_labels = reclassification.drop,
                                    .until_us = reclassification.until_us});
      }
    }
    uses.push_back(std::move(use));
  }
  return uses;
}

std::vector<uint32_t> Union(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b) {
  std::vector<uint32_t> both;
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return both;
}

void AppendNames(const ControlTables& tables, char closure, std::span<const uint32_t> records,
                 std::vector<std::string>* lines) {
  for (const uint32_t id : records) {
    const Record* record = FindRecordIn(tables, id);
    if (record == nullptr) continue;
    lines->push_back(fmt::format("{} {}\n", closure, record->named.name));
  }
}

std::string DigestOf(const ControlTables& tables, const ModelFacts& model,
                     std::span<const uint32_t> sources) {
  std::vector<std::string> lines;
  AppendNames(tables, 'C', model.closure, &lines);
  AppendNames(tables, 'E', model.evaluated_closure, &lines);
  AppendNames(tables, 'S', sources, &lines);
  std::sort(lines.begin(), lines.end());
  crypto::Sha256 hash;
  hash.Update("lineward/closure/v1\n");
  for (const std::string& line : lines) hash.Update(line);
  const crypto::Digest digest = hash.Final();
  return std::string(crypto::AsBytes(digest).substr(0, kClosureDigestBytes));
}

std::shared_ptr<const ResolvedSources> Resolve(const ControlTables& tables,
                                               const policy::PolicySet* set,
                                               std::vector<uint32_t> closure, bool is_unknown,
                                               bool is_profiling, int64_t time_us) {
  auto sources = std::make_shared<ResolvedSources>();
  sources->closure = std::move(closure);
  sources->is_unknown = is_unknown;
  if (set != nullptr) {
    const std::vector<policy::DatasetUse> uses = UsesOf(tables, sources->closure, nullptr);
    sources->facts = policy::CombineSources(*set, uses, is_profiling, is_unknown, time_us);
  }
  return sources;
}

}  // namespace

std::string ModelKey(std::string_view model, int32_t version) {
  return fmt::format("{}@{}", model, version);
}

Record MakeRecord(std::string_view name, const Declaration& declaration, bool is_revoked) {
  Record record{.named = {.name = std::string(name), .declaration = declaration},
                .policy = {},
                .undeclared = std::nullopt};
  policy::Declaration& out = record.policy;
  switch (declaration.kind) {
    case RecordKind::kDataset:
      out.kind = policy::Declaration::Kind::kSeries;
      break;
    case RecordKind::kDatasetVersion:
      out.kind = policy::Declaration::Kind::kDatasetVersion;
      break;
    case RecordKind::kModelVersion:
      out.kind = policy::Declaration::Kind::kModelVersion;
      break;
  }
  out.name = DisplayName(name);
  out.grants = declaration.grants;
  out.restricted = declaration.restrict_to;
  out.prohibits = declaration.prohibits;
  out.categories = declaration.categories;
  out.labels = declaration.labels;
  out.regions = declaration.regions;
  out.retain_until_us = declaration.retain_until_us;
  for (const Withdrawal& withdrawal : declaration.withdrawn) {
    out.withdrawn.push_back({.purposes = withdrawal.purposes,
                             .is_block = withdrawal.mode == WithdrawalMode::kBlock,
                             .from_us = withdrawal.effective_at_us});
  }
  out.is_sourced = !declaration.is_unsourced;
  out.is_revoked = is_revoked;
  out.is_unknown = declaration.is_drifted || declaration.is_closure_too_large ||
                   declaration.is_own_ancestor || declaration.is_without_dataset;
  if (declaration.series) {
    record.undeclared = out;
    record.undeclared->is_undeclared_version = true;
  }
  return record;
}

std::shared_ptr<const ResolvedModel> ResolveModel(const ControlTables& tables,
                                                  const policy::PolicySet* set,
                                                  std::shared_ptr<const ModelFacts> registered,
                                                  int64_t time_us) {
  auto model = std::make_shared<ResolvedModel>();
  model->facts.name = registered->model;
  model->facts.version = fmt::format("{}", registered->version);
  model->facts.is_profiling = registered->is_profiling;
  model->facts.has_synthetic_share = registered->synthetic_share.has_value();
  model->facts.synthetic_share = registered->synthetic_share.value_or(0);
  model->facts.trained_at_us = registered->trained_at_us.value_or(policy::kAbsentTimeUs);
  model->weights_digest = registered->weights_digest;
  if (set != nullptr) {
    const auto train = UsesOf(tables, registered->closure, registered.get());
    const auto evaluate = UsesOf(tables, registered->evaluated_closure, registered.get());
    model->facts.lineage = policy::CombineModel(*set, train, evaluate, time_us);
  }
  if (!registered->serves.empty()) {
    model->serves =
        Resolve(tables, set, registered->served_closure, false, registered->is_profiling, time_us);
  }
  model->closure_digest = DigestOf(tables, *registered, registered->served_closure);
  model->registered = std::move(registered);
  return model;
}

ControlSnapshot::ControlSnapshot() : tables_(std::make_shared<ControlTables>()) {}
ControlSnapshot::~ControlSnapshot() = default;

const ResolvedModel* ControlSnapshot::FindModel(std::string_view model,
                                                std::string_view version) const {
  std::array<char, kModelKeyBytesMax> buffer;
  const auto find = [&](std::string_view name) -> const ResolvedModel* {
    const size_t bytes = name.size() + 1 + version.size();
    if (bytes > buffer.size()) return nullptr;
    char* end = std::copy(name.begin(), name.end(), buffer.begin());
    *end++ = '@';
    std::copy(version.begin(), version.end(), end);
    const auto found = tables_->models.find(std::string_view(buffer.data(), bytes));
    return found == tables_->models.end() ? nullptr : found->second.resolved.get();
  };
  const ResolvedModel* found = find(model);
  if (found == nullptr) {
    const auto former = tables_->former_names.find(model);
    if (former != tables_->former_names.end()) found = find(former->second->model);
  }
  if (found == nullptr || found->registered->state == ModelState::kRetired) return nullptr;
  return found;
}

std::shared_ptr<const ResolvedModel> ControlSnapshot::ResolveAt(const ResolvedModel& model,
                                                                int64_t time_us) const {
  return ResolveModel(*tables_, policies_.get(), model.registered, time_us);
}

std::shared_ptr<const ResolvedSources> ControlSnapshot::ResolveSources(
    std::span<const std::string_view> references, bool is_profiling, int64_t time_us) const {
  std::vector<uint32_t> closure;
  bool is_unknown = false;
  for (const std::string_view reference : references) {
    const std::optional<std::string> name = ParseDatasetReference(reference);
    const auto served = name ? tables_->served.find(*name) : tables_->served.end();
    if (served == tables_->served.end()) {
      is_unknown = true;
      continue;
    }
    closure = Union(closure, served->second->facts.closure);
  }
  return Resolve(*tables_, policies_.get(), std::move(closure), is_unknown, is_profiling, time_us);
}

std::string ControlSnapshot::ClosureDigest(const ResolvedModel& model,
                                           const ResolvedSources* sources) const {
  return DigestOf(*tables_, *model.registered,
                  sources == nullptr ? std::span<const uint32_t>() : sources->closure);
}

const NamedDeclaration* ControlSnapshot::FindRecord(uint32_t record) const {
  const Record* found = FindRecordIn(*tables_, record);
  return found == nullptr ? nullptr : &found->named;
}

std::vector<std::shared_ptr<const ResolvedModel>> ControlSnapshot::Models() const {
  std::vector<std::pair<std::string_view, std::shared_ptr<const ResolvedModel>>> named;
  for (const auto& [key, model] : tables_->models)
    named.emplace_back(model.names->name, model.resolved);
  std::sort(named.begin(), named.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::shared_ptr<const ResolvedModel>> models;
  models.reserve(named.size());
  for (auto& [name, model] : named) models.push_back(std::move(model));
  return models;
}

std::optional<int32_t> ControlSnapshot::FindAlias(std::string_view model,
                                                  std::string_view alias) const {
  const auto found = tables_->aliases.find(AliasName(model, alias));
  if (found == tables_->aliases.end()) return std::nullopt;
  return found->second->version;
}

}  // namespace lineward::control
