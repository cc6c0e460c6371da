#include "ledger/src/explainer.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include "lineward/base/status.h"
#include "lineward/control/snapshot.h"
#include "lineward/ledger/reasons.h"
#include "lineward/policy/naive.h"
#include "lineward/policy/policy_set.h"

namespace lineward::ledger {
namespace {

constexpr size_t kNearMissesMax = 5;

// The facts that the decision was made from, out of row, envelope and snapshot. Owns what the facts
// point to.
class Recorded {
 public:
  Recorded(const FoundDecision& decision, const decision::OpenedRow* opened,
           const control::ControlSnapshot& snapshot)
      : row_(decision.row),
        header_(*decision.header),
        opened_(opened),
        snapshot_(snapshot),
        set_(*snapshot.Policies()) {
    facts_.decision_time_us = header_.decision_time_ms * 1'000;
    facts_.is_malformed = row_.is_malformed();
    if (!facts_.is_malformed) Fill();
  }

  const policy::Facts& facts() const { return facts_; }
  const control::ResolvedModel* model() const { return model_.get(); }

 private:
  void Fill() {
    if (row_.event_time_us) facts_.event_time_us = *row_.event_time_us;
    facts_.tenant = set_.Tenant(row_.place.tenant);
    facts_.topic = set_.Topic(row_.place.selection_topic.empty() ? header_.source.topic
                                                                 : row_.place.selection_topic);
    facts_.surface = set_.Surface(row_.place.surface);
    facts_.item = opened_ != nullptr && !opened_->item_id.empty()
                      ? std::string_view(opened_->item_id)
                      : row_.item_id;
    facts_.purpose = set_.Purpose(row_.purpose.purpose);
    FillFields(row_.facts);
    FillPerson();
    facts_.processing_place = set_.Place(row_.where.processing_region);
    facts_.is_digest_ok = (row_.marks.flags & decision::kDigestOk) != 0;
    FillLineage();
  }

  void FillFields(const std::vector<decision::Fact>& facts) {
    for (const decision::Fact& fact : facts) {
      if (fact.field < decision::kFieldEventFacts) continue;
      const size_t index = fact.field - decision::kFieldEventFacts;
      if (index >= facts_.fields.size()) continue;
      facts_.fields_present |= 1u << index;
      facts_.fields[index] = {static_cast<policy::FieldType>(fact.value.type), fact.value.integer,
                              fact.value.number, fact.value.text};
    }
  }

  void FillPerson() {
    const uint8_t bits = row_.purpose.consent.value_or(0);
    facts_.has_subject = (bits & decision::kConsentAnonymous) == 0;
    std::string_view place = row_.where.jurisdiction;
    if (opened_ != nullptr) {
      facts_.has_subject = !opened_->subject.empty();
      facts_.subject_class = static_cast<policy::SubjectClass>(opened_->subject_class);
      if (!opened_->fine_place.empty()) place = opened_->fine_place;
      FillFields(opened_->facts);
    }
    facts_.subject_place = set_.Place(place);
    if ((bits & decision::kConsentUnknown) != 0) return;
    consent_.age_ms = static_cast<int64_t>(row_.run.control_age_ms[0]);
    consent_.is_erased = (bits & decision::kConsentErased) != 0;
    if (facts_.purpose.is_known()) {
      const auto bit = static_cast<size_t>(facts_.purpose.bit);
      if ((bits & decision::kConsentGranted) != 0) consent_.granted.Set(bit);
      if ((bits & decision::kConsentWithdrawn) != 0) consent_.withdrawn.Set(bit);
      if ((bits & decision::kConsentObjected) != 0) consent_.objected.Set(bit);
    }
    facts_.consent = &consent_;
  }

  void FillLineage() {
    const int64_t time_us = facts_.decision_time_us;
    const auto* found = snapshot_.FindModel(row_.model.model, row_.model.version);
    if (found != nullptr) {
      model_ = snapshot_.ResolveAt(*found, time_us);
      facts_.model = &model_->facts;
    }
    if (!row_.place.sources.empty()) {
      const bool is_profiling = model_ != nullptr && model_->facts.is_profiling;
      sources_ = snapshot_.ResolveSources(row_.place.sources, is_profiling, time_us);
    } else if (model_ != nullptr) {
      sources_ = model_->serves;
    }
    if (sources_ != nullptr) facts_.sources = &sources_->facts;
  }

  const decision::DecodedRow& row_;
  const decision::BlockHeader& header_;
  const decision::OpenedRow* opened_;
  const control::ControlSnapshot& snapshot_;
  const policy::PolicySet& set_;
  policy::Facts facts_;
  policy::ConsentFacts consent_;
  std::shared_ptr<const control::ResolvedModel> model_;
  std::shared_ptr<const control::ResolvedSources> sources_;
};

std::string_view ResultWord(policy::TraceStep::Result result) {
  switch (result) {
    case policy::TraceStep::Result::kPass:
      return "passed";
    case policy::TraceStep::Result::kRefused:
      return "refused";
    case policy::TraceStep::Result::kUnknown:
      return "unknown";
    case policy::TraceStep::Result::kSkipped:
      return "not reached";
  }
  return "";
}

// The key that failed; of a condition that failed also why.
std::string DetailOf(const policy::TraceRule& traced) {
  if (!traced.error.empty()) return "when: " + traced.error;
  return traced.failed.empty() ? "" : traced.failed[0];
}

void TellTrace(const policy::PolicySet& set, const policy::Trace& trace,
               const policy::NamedVerdict& verdict, Explanation* out) {
  for (const policy::TraceStep& step : trace.steps) {
    out->steps.push_back({static_cast<uint32_t>(step.number), step.name,
                          std::string(ResultWord(step.result)), step.detail});
  }
  const std::set<std::string> deciding(verdict.rules.begin(), verdict.rules.end());
  for (const policy::TraceRule& traced : trace.rules) {
    const auto index = set.FindRule(traced.id);
    const policy::Rule* rule = index ? set.rule(*index) : nullptr;
    const bool is_forbid = rule != nullptr && rule->effect == policy::Effect::kForbid;
    ExplainRule told{traced.id, is_forbid ? "forbid" : "permit", traced.matched, DetailOf(traced)};
    if (deciding.contains(traced.id)) {
      out->rules.push_back(std::move(told));
    } else if (!traced.matched && traced.failed.size() == 1 &&
               out->near_misses.size() < kNearMissesMax) {
      out->near_misses.push_back(std::move(told));
    }
  }
}

// What the record says and the evaluation of now does not, or the reverse.
std::vector<std::string> Differences(const decision::VerdictFields& recorded,
                                     const policy::NamedVerdict& verdict) {
  std::vector<std::string> differences;
  const auto compare = [&](std::string_view what, const std::string& then, const std::string& now) {
    if (then != now)
      differences.push_back(fmt::format("{}: recorded `{}`, now `{}`", what, then, now));
  };
  compare("outcome", std::string(decision::OutcomeName(recorded.outcome)),
          std::string(policy::OutcomeName(verdict.outcome)));
  std::string then;
  for (const auto& reason : recorded.reasons) {
    then +=
        fmt::format("{} {} {};", reason.code, decision::OutcomeName(reason.outcome), reason.rule);
  }
  std::string now;
  for (const auto& reason : verdict.contributions) {
    now += fmt::format("{} {} {};", static_cast<uint16_t>(reason.reason),
                       policy::OutcomeName(reason.outcome), reason.rule);
  }
  compare("reasons", then, now);
  then.clear();
  now.clear();
  for (const auto& rule : recorded.rules) then += std::string(rule) + ";";
  for (const auto& rule : verdict.rules) now += rule + ";";
  compare("rules", then, now);
  const std::string obligations(recorded.obligations);
  compare("obligations", obligations.empty() ? "[]" : obligations, verdict.obligations);
  return differences;
}

// True if the dataset lets `purpose` be served, by its own grants and prohibitions.
bool Grants(const policy::PolicySet& set, const control::Declaration& declaration, size_t purpose,
            int64_t time_us) {
  policy::Declaration plain;
  plain.grants = declaration.grants;
  plain.prohibits = declaration.prohibits;
  plain.restricted = declaration.restrict_to;
  if (declaration.kind != control::RecordKind::kDataset) {
    plain.kind = policy::Declaration::Kind::kDatasetVersion;
  }
  const auto sets = set.taxonomy().Effective({&plain, {}}, time_us);
  return sets.allowed[static_cast<size_t>(policy::Processing::kServe)].Has(purpose);
}

// Which input took the purpose away, and what would give it back.
void TellLineage(const Recorded& recorded, const control::ControlSnapshot& snapshot,
                 const policy::NamedVerdict& verdict, Explanation* out) {
  const auto& row = out->decision.row;
  const control::ResolvedModel* model = recorded.model();
  if (model == nullptr) {
    if (verdict.primary == policy::Reason::kModelUnknown) {
      out->nearest_edit = fmt::format("register `{}@{}`", row.model.model, row.model.version);
    }
    return;
  }
  out->lineage_path.push_back(fmt::format("{}@{}", model->facts.name, model->facts.version));
  if (!model->registered->run.empty()) out->lineage_path.push_back(model->registered->run);
  const auto& purpose = recorded.facts().purpose;
  if (verdict.primary != policy::Reason::kPurposeNotAllowed || !purpose.is_known()) return;
  std::vector<std::string> blamed;
  for (const uint32_t id : model->registered->closure) {
    const auto* record = snapshot.FindRecord(id);
    if (record == nullptr || record->declaration.kind == control::RecordKind::kModelVersion) {
      continue;
    }
    if (!Grants(*snapshot.Policies(), record->declaration, static_cast<size_t>(purpose.bit),
                recorded.facts().decision_time_us)) {
      blamed.push_back(record->name);
    }
  }
  if (blamed.empty()) return;
  out->lineage_path.push_back(blamed[0]);
  out->nearest_edit =
      fmt::format("grant `{}` on `{}` (needs approval), or train without that dataset",
                  row.purpose.purpose, blamed[0]);
  if (blamed.size() > 1) out->nearest_edit += fmt::format("; so for {} more", blamed.size() - 1);
}

}  // namespace

absl::StatusOr<Explanation> ExplainDecision(DecisionAnswer answer,
                                            const decision::OpenedRow* opened,
                                            const ReplayFacts* facts) {
  if (facts == nullptr) {
    return base::FailedPrecondition(kReplayFactsAbsent,
                                    "this node does not follow the registry and the policies");
  }
  Explanation out;
  out.decision = std::move(answer.decision);
  out.meta = std::move(answer.meta);
  LW_ASSIGN_OR_RETURN(const auto snapshot, facts->At(out.decision.row.run.registry_seq,
                                                     out.decision.header->PolicySetId()));
  const policy::PolicySet& set = *snapshot->Policies();
  const Recorded recorded(out.decision, opened, *snapshot);
  policy::Trace trace;
  const policy::NamedVerdict verdict =
      policy::EvaluateNaive(set.source(), policy::NameFacts(set, recorded.facts()), &trace);
  TellTrace(set, trace, verdict, &out);
  out.differences = Differences(out.decision.row.verdict, verdict);
  out.is_replay_equal = out.differences.empty();
  TellLineage(recorded, *snapshot, verdict, &out);
  return out;
}

}  // namespace lineward::ledger
