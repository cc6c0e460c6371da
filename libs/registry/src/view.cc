#include "registry/src/view.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include "lineward/base/bytes.h"
#include "lineward/base/fault.h"
#include "lineward/base/status.h"
#include "lineward/registry/log_events.h"
#include "lineward/store/reasons.h"

namespace lineward::registry {
namespace {

constexpr std::string_view kFormatKey = "format";
constexpr std::string_view kLogKey = "log";
constexpr std::string_view kFactsKey = "facts";
constexpr std::string_view kConsentKey = "consent";
constexpr std::array<std::string_view, 7> kFamilies = {"consent", "edge",    "entity", "fact",
                                                       "meta",    "request", "run"};
constexpr uint64_t kCacheBytes = 16 << 20;

store::FamilyOptions OptionsOf(std::string_view family) {
  store::FamilyOptions options;
  const bool is_looked_up = family == "consent" || family == "request";
  if (is_looked_up) options.filter = store::FamilyOptions::Filter::kWholeKey;
  options.write_buffer_bytes = 4 << 20;
  return options;
}

absl::StatusOr<std::unique_ptr<store::Db>> OpenDb(const std::string& path) {
  LW_ASSIGN_OR_RETURN(auto db, store::Db::Open({.path = path,
                                                .family_options = OptionsOf,
                                                .block_cache_bytes = kCacheBytes,
                                                .background_jobs = 1}));
  for (const std::string& name : db->FamilyNames()) {
    if (std::find(kFamilies.begin(), kFamilies.end(), name) != kFamilies.end()) continue;
    return base::FailedPrecondition(
        store::kStoreMisused,
        "registry.data_dir: `{}` holds another store: its family `{}` is none of the registry's",
        path, name);
  }
  return db;
}

absl::Status Damaged(std::string_view family, std::string_view key) {
  return base::DataLoss(store::kStoreDamaged,
                        "registry view: family `{}`: key of {} bytes: the "
                        "value cannot be read",
                        family, key.size());
}

}  // namespace

View::View(std::unique_ptr<store::Db> db, std::string log_id, telemetry::Logger log)
    : db_(std::move(db)), log_id_(std::move(log_id)), log_(std::move(log)) {}

absl::StatusOr<std::unique_ptr<View>> View::Open(const std::string& path, std::string_view log_id,
                                                 const telemetry::Logger& log) {
  auto db = OpenDb(path);
  if (absl::IsDataLoss(db.status())) {
    log.Write(kRegistryViewRebuilt, base::MessageOf(db.status()));
    std::error_code ec;
    std::filesystem::remove_all(path, ec);
    if (ec) {
      return base::Unavailable(store::kStoreIoError, "cannot remove `{}`: {}", path, ec.message());
    }
    db = OpenDb(path);
  }
  LW_RETURN_IF_ERROR(db.status());
  const bool is_new = (*db)->FamilyNames().empty();
  std::unique_ptr<View> view(new View(*std::move(db), std::string(log_id), log));
  LW_RETURN_IF_ERROR(view->OpenFamilies());
  if (is_new) {
    LW_RETURN_IF_ERROR(view->Write());
    return view;
  }
  const auto format = view->db_->Get(view->families_.meta, kFormatKey);
  const auto of_log = view->db_->Get(view->families_.meta, kLogKey);
  std::string cause;
  if (!format.ok() || !of_log.ok()) {
    cause = base::MessageOf(format.ok() ? of_log.status() : format.status());
  } else if (format->value_or("") != kViewFormat) {
    cause = fmt::format("the view has the format `{}`, wanted `{}`", format->value_or("none"),
                        kViewFormat);
  } else if (of_log->value_or("") != log_id) {
    cause =
        fmt::format("the view is of the log `{}`, this is `{}`", of_log->value_or("none"), log_id);
  } else if (const absl::Status read = view->ReadMeta(); !read.ok()) {
    cause = base::MessageOf(read);
  }
  if (!cause.empty()) LW_RETURN_IF_ERROR(view->Empty(cause));
  return view;
}

absl::Status View::OpenFamilies() {
  const auto open = [this](std::string_view name, store::Family* family) -> absl::Status {
    LW_ASSIGN_OR_RETURN(*family, db_->FindOrCreate(name));
    return absl::OkStatus();
  };
  LW_RETURN_IF_ERROR(open("meta", &families_.meta));
  LW_RETURN_IF_ERROR(open("fact", &families_.fact));
  LW_RETURN_IF_ERROR(open("entity", &families_.entity));
  LW_RETURN_IF_ERROR(open("run", &families_.run));
  LW_RETURN_IF_ERROR(open("edge", &families_.edge));
  LW_RETURN_IF_ERROR(open("request", &families_.request));
  LW_RETURN_IF_ERROR(open("consent", &families_.consent));
  mark_ = FactMark();
  next_consent_.reset();
  batch_.Clear();
  batch_.Put(families_.meta, kFormatKey, kViewFormat);
  batch_.Put(families_.meta, kLogKey, log_id_);
  return absl::OkStatus();
}

absl::Status View::ReadMeta() {
  LW_ASSIGN_OR_RETURN(const auto facts, db_->Get(families_.meta, kFactsKey));
  if (facts.has_value()) {
    auto mark = DecodeFactMark(*facts);
    if (!mark.has_value()) return Damaged("meta", kFactsKey);
    mark_ = *std::move(mark);
  }
  LW_ASSIGN_OR_RETURN(const auto consent, db_->Get(families_.meta, kConsentKey));
  if (consent.has_value()) {
    const auto next = ParseNumberKey(*consent);
    if (!next.has_value()) return Damaged("meta", kConsentKey);
    next_consent_ = static_cast<int64_t>(*next);
  }
  return absl::OkStatus();
}

absl::Status View::Empty(std::string_view cause) {
  log_.Write(kRegistryViewRebuilt, cause);
  families_ = Families();
  batch_.Clear();
  for (const std::string_view name : kFamilies) {
    if (db_->Find(name)) LW_RETURN_IF_ERROR(db_->Drop(name));
  }
  LW_RETURN_IF_ERROR(OpenFamilies());
  return Write();
}

absl::StatusOr<State> View::Load() const {
  StateParts parts;
  parts.seq = mark_.seq;
  parts.chain = mark_.chain;
  parts.recorded_at_us = mark_.recorded_at_us;
  absl::Status bad;
  const auto take_entity = [&](std::string_view key, std::string_view value) {
    if (key.starts_with("job/")) {
      const auto node = ParseNumberKey(value);
      if (!node.has_value()) bad = Damaged("run", key);
      if (node.has_value()) {
        parts.jobs.push_back(
            {.name = std::string(key.substr(4)), .node = static_cast<lineage::NodeId>(*node)});
      }
    } else if (auto entity = DecodeEntity(key, value); entity.has_value()) {
      parts.entities.push_back(*std::move(entity));
    } else {
      bad = Damaged("entity", key);
    }
    return bad.ok();
  };
  const auto take_edge = [&](std::string_view key, std::string_view value) {
    const auto id = ParseNumberKey(key);
    const auto edge = DecodeEdge(value);
    const bool is_next = id.has_value() && *id == parts.edges.size();
    if (!is_next || !edge.has_value()) bad = Damaged("edge", key);
    if (edge.has_value()) parts.edges.push_back(*edge);
    return bad.ok();
  };
  const auto take_answer = [&](std::string_view key, std::string_view value) {
    auto answer = DecodeStoredAnswer(value);
    if (!answer.has_value()) bad = Damaged("request", key);
    if (answer.has_value()) parts.answers.emplace_back(key, *std::move(answer));
    return bad.ok();
  };
  const store::ReadRange whole{.fill_cache = false};
  LW_RETURN_IF_ERROR(db_->Scan(families_.entity, whole, take_entity));
  LW_RETURN_IF_ERROR(db_->Scan(families_.run, whole, take_entity));
  LW_RETURN_IF_ERROR(db_->Scan(families_.edge, whole, take_edge));
  LW_RETURN_IF_ERROR(db_->Scan(families_.request, whole, take_answer));
  LW_RETURN_IF_ERROR(bad);
  return State::Restore(std::move(parts));
}

absl::StatusOr<std::optional<std::string>> View::FindConsent(std::string_view subject) const {
  return db_->Get(families_.consent, subject);
}

absl::StatusOr<std::optional<std::string>> View::FindFact(uint64_t seq) const {
  return db_->Get(families_.fact, NumberKey(seq));
}

absl::Status View::ReadFacts(uint64_t after, uint64_t last,
                             const std::function<absl::Status(std::string_view)>& visit) const {
  absl::Status visited;
  uint64_t next = after + 1;
  LW_RETURN_IF_ERROR(
      db_->Scan(families_.fact,
                {.first = NumberKey(after + 1), .end = NumberKey(last + 1), .fill_cache = false},
                [&](std::string_view key, std::string_view value) {
                  visited = ParseNumberKey(key) == next++ ? visit(value) : Damaged("fact", key);
                  return visited.ok();
                }));
  LW_RETURN_IF_ERROR(visited);
  return next == last + 1 ? absl::OkStatus() : Damaged("fact", NumberKey(next));
}

void View::StageFacts(const State& state, const std::vector<PlannedFact>& facts) {
  if (facts.empty()) return;
  const lineage::Graph& graph = state.Graph();
  for (const PlannedFact& fact : facts) {
    batch_.Put(families_.fact, NumberKey(fact.fact.seq), fact.bytes);
  }
  for (const std::string& name : state.Touched()) {
    const Entity& entity = *state.Find(name);
    const bool is_run = entity.kind == FactKind::kRun;
    batch_.Put(is_run ? families_.run : families_.entity, name, EncodeEntity(entity));
  }
  for (size_t id = state.CommittedNodes(); id < graph.NodeCount(); ++id) {
    const auto node = static_cast<lineage::NodeId>(id);
    if (graph.KindOf(node) != lineage::NodeKind::kJob) continue;
    batch_.Put(families_.run, "job/" + graph.NameOf(node), NumberKey(node));
  }
  for (size_t id = state.CommittedEdges(); id < graph.EdgeCount(); ++id) {
    batch_.Put(families_.edge, NumberKey(id),
               EncodeEdge(graph.EdgeAt(static_cast<lineage::EdgeId>(id))));
  }
  for (const std::string& subject : state.TouchedAnswers()) {
    batch_.Put(families_.request, subject, EncodeStoredAnswer(*state.FindAnswer(subject)));
  }
  mark_.seq = state.Seq();
  mark_.chain = state.Chain();
  mark_.recorded_at_us = state.RecordedAtUs();
  PutMark();
}

void View::PutMark() {
  store::WriteBatch& batch = base::IsSabotaged("registry_two_batches") ? late_ : batch_;
  batch.Put(families_.meta, kFactsKey, EncodeFactMark(mark_));
}

void View::StageFactRead(int64_t offset, uint64_t seq) {
  mark_.read_offset = offset;
  mark_.read_seq = seq;
  PutMark();
}

void View::StageConsent(std::string_view subject, std::optional<std::string_view> record) {
  if (record.has_value()) {
    batch_.Put(families_.consent, subject, *record);
  } else {
    batch_.Delete(families_.consent, subject);
  }
}

void View::StageNextConsent(int64_t next) {
  next_consent_ = next;
  batch_.Put(families_.meta, kConsentKey, NumberKey(static_cast<uint64_t>(next)));
}

void View::StageForgotten(const std::vector<std::string>& answers) {
  for (const std::string& subject : answers) batch_.Delete(families_.request, subject);
}

absl::Status View::Write() {
  LW_RETURN_IF_ERROR(base::FaultPoint("registry.view.before"));
  const absl::Status written = db_->Write(batch_, false);
  batch_.Clear();
  LW_RETURN_IF_ERROR(written);
  LW_RETURN_IF_ERROR(base::FaultPoint("registry.view.after"));
  if (late_.empty()) return absl::OkStatus();
  const absl::Status late = db_->Write(late_, false);
  late_.Clear();
  return late;
}

}  // namespace lineward::registry
