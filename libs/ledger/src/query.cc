#include "lineward/ledger/query.h"

#include <array>

namespace lineward::ledger {
namespace {

constexpr std::array<std::pair<Facet, std::string_view>, 14> kFacetNames = {{
    {Facet::kOutcome, "outcome"},
    {Facet::kReason, "reason"},
    {Facet::kRule, "rule"},
    {Facet::kModel, "model"},
    {Facet::kModelVersion, "model_version"},
    {Facet::kPurpose, "purpose"},
    {Facet::kPolicySet, "policy_set"},
    {Facet::kTopic, "topic"},
    {Facet::kSurface, "surface"},
    {Facet::kJurisdiction, "jurisdiction"},
    {Facet::kMode, "mode"},
    {Facet::kTenant, "tenant"},
    {Facet::kHour, "hour"},
    {Facet::kDay, "day"},
}};

}  // namespace

std::string_view FacetName(Facet facet) { return kFacetNames[static_cast<size_t>(facet)].second; }

std::optional<Facet> ParseFacet(std::string_view name) {
  for (const auto& [facet, text] : kFacetNames) {
    if (text == name) return facet;
  }
  return std::nullopt;
}

DecisionId FoundDecision::Id() const {
  return {header->source.topic, header->source.partition, row.offset, 1};
}

absl::Time FoundDecision::DecidedAt() const {
  return absl::FromUnixMillis(header->decision_time_ms);
}

}  // namespace lineward::ledger
