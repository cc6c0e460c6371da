#include "http/src/decision_json.h"

#include <fmt/format.h>

#include "lineward/base/strings.h"
#include "lineward/event/reasons.h"
#include "lineward/http/message.h"
#include "lineward/policy/reasons.h"

namespace lineward::http {
namespace {

using document::Json;

std::string ReasonText(uint64_t code) {
  const auto reason = policy::ReasonOfCode(code);
  return reason.has_value() ? std::string(policy::ReasonName(*reason)) : fmt::format("{}", code);
}

std::string Hex(std::string_view bytes) { return base::ToHex(bytes); }

template <typename Bytes>
std::string HexOf(const Bytes& bytes) {
  return Hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

Json Texts(const std::vector<std::string_view>& texts) {
  Json list = Json::EmptyList();
  for (const std::string_view text : texts) list.Append(text);
  return list;
}

void SetText(Json* object, std::string_view key, std::string_view text) {
  if (!text.empty()) object->Set(key, text);
}

struct BitName {
  uint64_t bit;
  std::string_view name;
};
constexpr BitName kConsentNames[] = {
    {decision::kConsentGranted, "GRANTED"},   {decision::kConsentWithdrawn, "WITHDRAWN"},
    {decision::kConsentObjected, "OBJECTED"}, {decision::kConsentAnonymous, "ANONYMOUS"},
    {decision::kConsentErased, "ERASED"},     {decision::kConsentStale, "STALE"},
    {decision::kConsentUnknown, "UNKNOWN"},
};
constexpr BitName kBasisNames[] = {
    {decision::kBasisConsent, "CONSENT"},
    {decision::kBasisContract, "CONTRACT"},
    {decision::kBasisLegitimateInterest, "LEGITIMATE_INTEREST"},
    {decision::kBasisLegalObligation, "LEGAL_OBLIGATION"},
};
constexpr BitName kFlagNames[] = {
    {decision::kProfilingUsed, "PROFILING_USED"},
    {decision::kSpecialCategory, "SPECIAL_CATEGORY"},
    {decision::kThirdCountry, "THIRD_COUNTRY"},
    {decision::kSolelyAutomated, "SOLELY_AUTOMATED"},
    {decision::kWeightsAssumed, "WEIGHTS_ASSUMED"},
    {decision::kDigestOk, "DIGEST_OK"},
    {decision::kLateEvent, "LATE_EVENT"},
    {decision::kSponsored, "SPONSORED"},
};

template <size_t N>
void SetBits(Json* object, std::string_view key, uint64_t bits, const BitName (&names)[N]) {
  if (bits == 0) return;
  Json list = Json::EmptyList();
  for (const BitName& name : names) {
    if ((bits & name.bit) != 0) list.Append(name.name);
  }
  object->Set(key, std::move(list));
}

}  // namespace

Json DecisionJson(const ledger::FoundDecision& decision) {
  const decision::DecodedRow& row = decision.row;
  Json json;
  json.Set("id", ledger::PrintDecisionId(decision.Id()));
  json.Set("outcome", decision::OutcomeName(row.verdict.outcome));
  const decision::ReasonField* primary =
      row.verdict.reasons.empty() ? nullptr : &row.verdict.reasons.front();
  json.Set("reason", primary == nullptr ? std::string() : ReasonText(primary->code));
  json.Set("route", decision::RouteName(row.verdict.route));
  json.Set("mode", decision::ModeName(row.verdict.mode));
  json.Set("decided_at", TimeText(decision.DecidedAt()));
  if (row.event_time_us.has_value()) {
    json.Set("event_time", TimeText(absl::FromUnixMicros(*row.event_time_us)));
  }
  json.Set("topic", decision.header->source.topic);
  json.Set("partition", static_cast<int64_t>(decision.header->source.partition));
  json.Set("offset", std::to_string(row.offset));
  json.Set("model", row.model.model);
  json.Set("model_version", row.model.version);
  SetText(&json, "recommender", row.model.recommender);
  if (row.model.weights.has_value()) {
    json.Set("weights_digest", fmt::format("sha256:{}", Hex(crypto::AsBytes(*row.model.weights))));
  }
  json.Set("purpose", row.purpose.purpose);
  json.Set("surface", row.place.surface);
  SetText(&json, "jurisdiction", row.where.jurisdiction);
  SetText(&json, "processing_region", row.where.processing_region);
  SetText(&json, "tenant", row.place.tenant);
  json.Set("policy_set", decision.header->PolicySetId());
  SetText(&json, "binding", row.verdict.binding);
  Json reasons = Json::EmptyList();
  for (const decision::ReasonField& reason : row.verdict.reasons) {
    Json line;
    line.Set("reason", ReasonText(reason.code));
    line.Set("outcome", decision::OutcomeName(reason.outcome));
    SetText(&line, "rule", reason.rule);
    reasons.Append(std::move(line));
  }
  json.Set("reasons", std::move(reasons));
  json.Set("rules", Texts(row.verdict.rules));
  if (!row.verdict.rule_errors.empty()) json.Set("rule_errors", Texts(row.verdict.rule_errors));
  if (!row.verdict.obligations.empty()) {
    auto obligations = document::ParseJson(row.verdict.obligations);
    json.Set("obligations",
             obligations.ok() ? *std::move(obligations) : Json(row.verdict.obligations));
  }
  if (row.is_malformed()) {
    json.Set("malformed", event::CauseName(static_cast<event::Cause>(row.verdict.malformed)));
  }
  SetBits(&json, "consent", row.purpose.consent.value_or(0), kConsentNames);
  SetBits(&json, "basis", row.purpose.basis, kBasisNames);
  SetBits(&json, "flags", row.marks.flags, kFlagNames);
  if (row.trace_id.has_value()) json.Set("trace_id", HexOf(*row.trace_id));
  SetText(&json, "event_id", row.event_id);
  SetText(&json, "item_id", row.item_id);
  SetText(&json, "replay_of", row.replay_of);
  if (row.envelope.has_value()) {
    Json sealed;
    sealed.Set("sealed", true);
    json.Set("personal", std::move(sealed));
  }
  json.Set("registry_seq", std::to_string(row.run.registry_seq));
  SetText(&json, "seat", row.run.seat);
  SetText(&json, "software", row.run.software);
  Json log;
  log.Set("partition", static_cast<int64_t>(decision.log_partition));
  log.Set("entry", std::to_string(decision.log_entry));
  log.Set("row", static_cast<int64_t>(decision.index));
  json.Set("log", std::move(log));
  return json;
}

Json MetaJson(const ledger::AnswerMeta& meta) {
  Json missing = Json::EmptyList();
  for (const ledger::MissingPartition& partition : meta.missing) {
    Json line;
    line.Set("partition", static_cast<int64_t>(partition.partition));
    line.Set("reason", partition.reason);
    missing.Append(std::move(line));
  }
  Json scanned;
  scanned.Set("blocks", std::to_string(meta.scanned_blocks));
  scanned.Set("rows", std::to_string(meta.scanned_rows));
  Json json;
  json.Set("as_of", TimeText(meta.as_of));
  json.Set("ledger_lag_ms", std::to_string(meta.ledger_lag_ms));
  json.Set("complete", meta.is_complete);
  json.Set("missing", std::move(missing));
  if (meta.expired_before.has_value()) {
    json.Set("expired_before", TimeText(*meta.expired_before));
  }
  json.Set("scanned", std::move(scanned));
  return json;
}

Json ExplanationJson(const ledger::Explanation& explanation) {
  Json steps = Json::EmptyList();
  for (const ledger::ExplainStep& step : explanation.steps) {
    Json line;
    line.Set("number", static_cast<int64_t>(step.number));
    line.Set("name", step.name);
    line.Set("result", step.result);
    line.Set("detail", step.detail);
    steps.Append(std::move(line));
  }
  const auto rules = [](const std::vector<ledger::ExplainRule>& given) {
    Json list = Json::EmptyList();
    for (const ledger::ExplainRule& rule : given) {
      Json line;
      line.Set("rule", rule.id);
      line.Set("effect", rule.effect);
      line.Set("match", rule.is_match);
      line.Set("detail", rule.detail);
      list.Append(std::move(line));
    }
    return list;
  };
  const auto texts = [](const std::vector<std::string>& given) {
    Json list = Json::EmptyList();
    for (const std::string& text : given) list.Append(text);
    return list;
  };
  Json json;
  json.Set("decision", DecisionJson(explanation.decision));
  json.Set("steps", std::move(steps));
  json.Set("rules", rules(explanation.rules));
  json.Set("near_misses", rules(explanation.near_misses));
  json.Set("lineage_path", texts(explanation.lineage_path));
  json.Set("nearest_edit", explanation.nearest_edit);
  json.Set("replay_equal", explanation.is_replay_equal);
  json.Set("differences", texts(explanation.differences));
  json.Set("meta", MetaJson(explanation.meta));
  return json;
}

}  // namespace lineward::http
