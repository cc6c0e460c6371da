#include "ledger/src/terms.h"

#include <algorithm>
#include <map>
#include <utility>

#include "lineward/base/bytes.h"
#include "lineward/base/hash.h"
#include "lineward/base/status.h"
#include "lineward/crypto/sha256.h"
#include "lineward/policy/reasons.h"

namespace lineward::ledger {
namespace {

using decision::FragmentColumn;

constexpr size_t kFacetKeyBytes = 8;
constexpr int kHighKeyShift = 24;
constexpr int kDimensionShift = 40;

template <typename Fields>
absl::StatusOr<std::vector<Fields>> DecodeColumn(
    const decision::ValueColumn& column, absl::StatusOr<Fields> (*decode)(std::string_view)) {
  std::vector<Fields> values;
  // A column that no row has reads as one empty fragment.
  const size_t distinct = std::max<size_t>(1, column.distinct());
  values.reserve(distinct);
  for (size_t i = 0; i < distinct; ++i) {
    const std::string_view fragment = column.distinct() == 0 ? "" : column.value(i);
    // Malformed rows have no place and no purpose.
    if (fragment.empty()) {
      values.emplace_back();
      continue;
    }
    LW_ASSIGN_OR_RETURN(Fields fields, decode(fragment));
    values.push_back(std::move(fields));
  }
  return values;
}

// Rows per outcome for each distinct value of a column.
using Tally = std::vector<std::array<uint32_t, 3>>;

class FacetCollector {
 public:
  void Add(Dimension dimension, std::string_view value, const std::array<uint32_t, 3>& rows) {
    auto& counts = facets_[{static_cast<uint8_t>(dimension), std::string(value)}];
    for (size_t i = 0; i < rows.size(); ++i) counts[i] += rows[i];
  }
  std::vector<FacetCount> Take() {
    std::vector<FacetCount> facets;
    facets.reserve(facets_.size());
    for (const auto& [key, rows] : facets_) {
      facets.push_back({static_cast<Dimension>(key.first), key.second, rows});
    }
    return facets;
  }

 private:
  std::map<std::pair<uint8_t, std::string>, std::array<uint32_t, 3>> facets_;
};

bool HasRows(const std::array<uint32_t, 3>& rows) { return rows[0] + rows[1] + rows[2] != 0; }

std::string_view ReasonText(uint16_t code) {
  return policy::ReasonName(static_cast<policy::Reason>(code));
}

// Each value once, in order.
std::vector<std::string_view> Distinct(std::vector<std::string_view> values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

void AddVerdict(const decision::VerdictFields& verdict, const std::array<uint32_t, 3>& rows,
                FacetCollector* facets) {
  facets->Add(Dimension::kOutcome, decision::OutcomeName(verdict.outcome), rows);
  facets->Add(Dimension::kMode, decision::ModeName(verdict.mode), rows);
  facets->Add(Dimension::kReason,
              verdict.reasons.empty() ? "" : ReasonText(verdict.reasons[0].code), rows);
  for (const auto& reason : verdict.reasons) {
    facets->Add(Dimension::kReason, ReasonText(reason.code), {});
  }
  if (verdict.rules.empty()) facets->Add(Dimension::kRule, "", rows);
  for (const auto rule : Distinct(verdict.rules)) facets->Add(Dimension::kRule, rule, rows);
}

void AddModel(const decision::ModelFields& model, const std::array<uint32_t, 3>& rows,
              FacetCollector* facets) {
  facets->Add(Dimension::kRecommender, model.recommender, rows);
  facets->Add(Dimension::kModelVersion, ModelVersionText(model), rows);
  const std::string closure =
      model.closure ? std::string(model.closure->begin(), model.closure->end()) : "";
  facets->Add(Dimension::kClosure, closure, rows);
}

void AddPlace(const decision::PlaceFields& place, const std::array<uint32_t, 3>& rows,
              FacetCollector* facets) {
  facets->Add(Dimension::kTenant, place.tenant, rows);
  facets->Add(Dimension::kSurface, place.surface, rows);
  for (const auto source : Distinct(place.sources)) facets->Add(Dimension::kSource, source, rows);
}

}  // namespace

uint64_t HighKey(std::string_view value) { return base::Xxh3(value) >> kHighKeyShift; }

uint64_t HighTerm(Dimension dimension, std::string_view value) {
  return (static_cast<uint64_t>(dimension) << kDimensionShift) | HighKey(value);
}

std::string FacetKey(std::string_view value) {
  return std::string(crypto::AsBytes(crypto::Sha256Of(value)).substr(0, kFacetKeyBytes));
}

std::string ModelVersionText(const decision::ModelFields& model) {
  if (model.model.empty()) return "";
  return std::string(model.model) + "@" + std::string(model.version);
}

std::string PersonKeyValue(const decision::SourceName& source, uint64_t key) {
  std::string value = decision::SourceKey(source);
  base::AppendU64(&value, key);
  return value;
}

absl::StatusOr<BlockFragments> BlockFragments::Of(const decision::BlockView& view) {
  const auto& scan = view.scan();
  BlockFragments fragments;
  LW_ASSIGN_OR_RETURN(fragments.verdicts,
                      DecodeColumn(scan[FragmentColumn::kVerdict], decision::DecodeVerdict));
  LW_ASSIGN_OR_RETURN(fragments.models,
                      DecodeColumn(scan[FragmentColumn::kModel], decision::DecodeModel));
  LW_ASSIGN_OR_RETURN(fragments.places,
                      DecodeColumn(scan[FragmentColumn::kPlace], decision::DecodePlace));
  LW_ASSIGN_OR_RETURN(fragments.purposes,
                      DecodeColumn(scan[FragmentColumn::kPurpose], decision::DecodePurpose));
  LW_ASSIGN_OR_RETURN(fragments.wheres,
                      DecodeColumn(scan[FragmentColumn::kWhere], decision::DecodeWhere));
  return fragments;
}

absl::StatusOr<BlockIndex> IndexBlock(const decision::BlockView& view, uint64_t live_from) {
  BlockIndex index;
  const auto& scan = view.scan();
  const uint32_t rows = view.rows();
  if (rows == 0) return index;
  LW_ASSIGN_OR_RETURN(const BlockFragments fragments, BlockFragments::Of(view));
  const auto& verdict_column = scan[FragmentColumn::kVerdict];

  std::vector<uint8_t> outcome(rows);
  std::vector<bool> is_live(rows);
  std::array<uint32_t, 3> all{};
  for (uint32_t i = 0; i < rows; ++i) {
    is_live[i] = scan.offsets[i] >= live_from;
    outcome[i] =
        static_cast<uint8_t>(fragments.verdicts[verdict_column.index(i)].outcome) - uint8_t{1};
    if (is_live[i]) ++all[outcome[i]];
  }
  const auto tally = [&](FragmentColumn which, size_t distinct) {
    const auto& column = scan[which];
    Tally counts(distinct);
    for (uint32_t i = 0; i < rows; ++i) {
      if (is_live[i]) ++counts[column.is_absent() ? 0 : column.index(i)][outcome[i]];
    }
    return counts;
  };

  FacetCollector facets;
  const auto visit = [&](FragmentColumn which, const auto& values, const auto& add) {
    const Tally counts = tally(which, values.size());
    for (size_t i = 0; i < values.size(); ++i) {
      if (HasRows(counts[i])) add(values[i], counts[i]);
    }
  };
  visit(FragmentColumn::kVerdict, fragments.verdicts,
        [&](const auto& value, const auto& counts) { AddVerdict(value, counts, &facets); });
  visit(FragmentColumn::kModel, fragments.models,
        [&](const auto& value, const auto& counts) { AddModel(value, counts, &facets); });
  visit(FragmentColumn::kPlace, fragments.places,
        [&](const auto& value, const auto& counts) { AddPlace(value, counts, &facets); });
  visit(FragmentColumn::kPurpose, fragments.purposes, [&](const auto& value, const auto& counts) {
    facets.Add(Dimension::kPurpose, value.purpose, counts);
  });
  visit(FragmentColumn::kWhere, fragments.wheres, [&](const auto& value, const auto& counts) {
    facets.Add(Dimension::kJurisdiction, value.jurisdiction, counts);
  });
  if (HasRows(all)) {
    facets.Add(Dimension::kPolicySet, view.header().PolicySetId(), all);
    facets.Add(Dimension::kTopic, view.header().source.topic, all);
  }
  index.facets = facets.Take();

  const auto& ident = view.ident();
  for (uint32_t i = 0; i < rows; ++i) {
    if (!is_live[i]) continue;
    const auto add = [&](Dimension dimension, std::string_view value) {
      if (!value.empty()) index.high.push_back(HighTerm(dimension, value));
    };
    add(Dimension::kEventId, ident.event_ids[i]);
    add(Dimension::kItemId, ident.item_ids[i]);
    add(Dimension::kTraceId, ident.trace_ids[i]);
    add(Dimension::kReplayOf, ident.replay_of[i]);
  }
  for (const auto& envelope : ident.envelopes) {
    index.high.push_back(
        HighTerm(Dimension::kPersonKey, PersonKeyValue(view.header().source, envelope.key)));
  }
  std::sort(index.high.begin(), index.high.end());
  index.high.erase(std::unique(index.high.begin(), index.high.end()), index.high.end());
  return index;
}

}  // namespace lineward::ledger
