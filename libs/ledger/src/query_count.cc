// Counting: by postings where a facet answers for whole segments, by scanning elsewhere.

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "ledger/src/query_engine.h"
#include "lineward/base/status.h"
#include "lineward/ledger/reasons.h"
#include "lineward/policy/reasons.h"

namespace lineward::ledger {
namespace {

using decision::FragmentColumn;

constexpr size_t kFacetsMax = 2;
constexpr std::array<std::string_view, 3> kOutcomes = {"ALLOW", "QUARANTINE", "BLOCK"};

std::optional<Dimension> DimensionOf(Facet facet) {
  switch (facet) {
    case Facet::kOutcome:
      return Dimension::kOutcome;
    case Facet::kReason:
      return Dimension::kReason;
    case Facet::kRule:
      return Dimension::kRule;
    case Facet::kModel:
    case Facet::kModelVersion:
      return Dimension::kModelVersion;
    case Facet::kPurpose:
      return Dimension::kPurpose;
    case Facet::kPolicySet:
      return Dimension::kPolicySet;
    case Facet::kTopic:
      return Dimension::kTopic;
    case Facet::kSurface:
      return Dimension::kSurface;
    case Facet::kJurisdiction:
      return Dimension::kJurisdiction;
    case Facet::kMode:
      return Dimension::kMode;
    case Facet::kTenant:
      return Dimension::kTenant;
    case Facet::kHour:
    case Facet::kDay:
      return std::nullopt;
  }
  return std::nullopt;
}

// `ranker` of `ranker@2`.
std::string ModelName(std::string_view model_version) {
  return std::string(model_version.substr(0, model_version.rfind('@')));
}

std::string TimeLabel(Facet facet, int64_t time_ms) {
  const char* format = facet == Facet::kHour ? "%Y-%m-%dT%H:00:00Z" : "%Y-%m-%d";
  return absl::FormatTime(format, absl::FromUnixMillis(time_ms), absl::UTCTimeZone());
}

// What the rows of a block count under: labels per distinct value of one column, or one label for
// the whole block.
struct Labels {
  std::optional<FragmentColumn> column;
  std::vector<std::vector<std::string>> values;
};

std::string ReasonLabel(const decision::VerdictFields& verdict) {
  if (verdict.reasons.empty()) return "";
  return std::string(policy::ReasonName(static_cast<policy::Reason>(verdict.reasons[0].code)));
}

std::vector<std::string> RuleLabels(const decision::VerdictFields& verdict) {
  if (verdict.rules.empty()) return {""};
  const std::set<std::string> rules(verdict.rules.begin(), verdict.rules.end());
  return {rules.begin(), rules.end()};
}

Labels LabelsOf(Facet facet, const BlockRows& rows) {
  Labels labels;
  const auto one = [&](FragmentColumn column, const auto& values, const auto& text) {
    labels.column = column;
    for (const auto& value : values) labels.values.push_back({std::string(text(value))});
  };
  const auto& fragments = rows.fragments();
  switch (facet) {
    case Facet::kOutcome:
      one(FragmentColumn::kVerdict, fragments.verdicts,
          [](const auto& value) { return decision::OutcomeName(value.outcome); });
      return labels;
    case Facet::kMode:
      one(FragmentColumn::kVerdict, fragments.verdicts,
          [](const auto& value) { return decision::ModeName(value.mode); });
      return labels;
    case Facet::kReason:
      one(FragmentColumn::kVerdict, fragments.verdicts, ReasonLabel);
      return labels;
    case Facet::kRule:
      labels.column = FragmentColumn::kVerdict;
      for (const auto& value : fragments.verdicts) labels.values.push_back(RuleLabels(value));
      return labels;
    case Facet::kModel:
      one(FragmentColumn::kModel, fragments.models, [](const auto& value) { return value.model; });
      return labels;
    case Facet::kModelVersion:
      one(FragmentColumn::kModel, fragments.models, ModelVersionText);
      return labels;
    case Facet::kPurpose:
      one(FragmentColumn::kPurpose, fragments.purposes,
          [](const auto& value) { return value.purpose; });
      return labels;
    case Facet::kSurface:
      one(FragmentColumn::kPlace, fragments.places,
          [](const auto& value) { return value.surface; });
      return labels;
    case Facet::kTenant:
      one(FragmentColumn::kPlace, fragments.places, [](const auto& value) { return value.tenant; });
      return labels;
    case Facet::kJurisdiction:
      one(FragmentColumn::kWhere, fragments.wheres,
          [](const auto& value) { return value.jurisdiction; });
      return labels;
    case Facet::kPolicySet:
      labels.values = {{rows.view().header().PolicySetId()}};
      return labels;
    case Facet::kTopic:
      labels.values = {{rows.view().header().source.topic}};
      return labels;
    case Facet::kHour:
    case Facet::kDay:
      labels.values = {{TimeLabel(facet, rows.view().header().decision_time_ms)}};
      return labels;
  }
  return labels;
}

size_t LabelIndex(const Labels& labels, const BlockRows& rows, uint32_t row) {
  if (!labels.column) return 0;
  return rows.view().scan()[*labels.column].index(row);
}

}  // namespace

class QueryEngine::CountRun {
 public:
  CountRun(QueryEngine* engine, const CountRequest& request, const FilterNode* filter)
      : engine_(*engine),
        request_(request),
        filter_(filter),
        from_ms_(FromMs(request.from)),
        until_ms_(UntilMs(request.until)) {}

  absl::StatusOr<CountAnswer> Run() {
    std::vector<Segment> scan;
    std::vector<Segment> whole;
    for (Segment& segment : engine_.SegmentsIn(from_ms_, until_ms_)) {
      const bool is_whole = segment.time_ms_min >= from_ms_ && segment.time_ms_max < until_ms_;
      (is_whole && CanUsePostings() ? whole : scan).push_back(std::move(segment));
    }
    LW_ASSIGN_OR_RETURN(const bool is_done, CountWhole(whole));
    if (!is_done) scan.insert(scan.end(), whole.begin(), whole.end());
    for (size_t i = 0; i < scan.size(); ++i) LW_RETURN_IF_ERROR(ScanSegment(scan[i]));
    return Finish();
  }

 private:
  using Key = std::vector<std::string>;

  // The facet, beside outcome, that postings answer for; none of the two are needed without facets.
  bool CanUsePostings() const {
    if (filter_ != nullptr) return false;
    const auto& by = request_.by;
    if (by.empty()) return true;
    if (by.size() == 1) return true;
    const bool has_outcome = by[0] == Facet::kOutcome || by[1] == Facet::kOutcome;
    const Facet other = by[0] == Facet::kOutcome ? by[1] : by[0];
    return has_outcome && DimensionOf(other).has_value();
  }

  Facet MainFacet() const {
    return request_.by.size() == 2 && request_.by[0] == Facet::kOutcome ? request_.by[1]
                                                                        : request_.by[0];
  }

  void AddFacet(const std::string& value, const std::array<uint64_t, 3>& rows) {
    const Facet main = MainFacet();
    const std::string label = main == Facet::kModel ? ModelName(value) : value;
    if (request_.by.size() == 1) {
      const uint64_t count = rows[0] + rows[1] + rows[2];
      if (count != 0) lines_[{label}] += count;
      return;
    }
    for (size_t i = 0; i < rows.size(); ++i) {
      if (rows[i] == 0) continue;
      const std::string outcome(kOutcomes[i]);
      lines_[request_.by[0] == Facet::kOutcome ? Key{outcome, label} : Key{label, outcome}] +=
          rows[i];
    }
  }

  // False: some segment has too many values, nothing was counted.
  absl::StatusOr<bool> CountWhole(const std::vector<Segment>& segments) {
    if (segments.empty()) return true;
    if (!request_.by.empty() && DimensionOf(MainFacet())) {
      LW_ASSIGN_OR_RETURN(const bool is_counted, CountFacet(segments, *DimensionOf(MainFacet())));
      if (!is_counted) return false;
    } else if (!request_.by.empty()) {
      LW_RETURN_IF_ERROR(CountTimes(segments));
    }
    for (const Segment& segment : segments) rows_ += segment.rows;
    return true;
  }

  absl::StatusOr<bool> CountFacet(const std::vector<Segment>& segments, Dimension dimension) {
    std::map<int32_t, std::set<uint32_t>> buckets;
    for (const Segment& segment : segments) {
      if (segment.is_hot()) continue;
      for (const int32_t day : segment.summary->bucket_days) buckets[day].insert(segment.number);
    }
    std::vector<StoredFacet> sums;
    for (const auto& [day, wanted] : buckets) {
      LW_ASSIGN_OR_RETURN(auto facets, engine_.store_->FacetSums(day, dimension, wanted));
      if (!facets) return false;
      std::move(facets->begin(), facets->end(), std::back_inserter(sums));
    }
    for (const StoredFacet& facet : sums) AddFacet(facet.value, facet.rows);
    for (const Segment& segment : segments) {
      if (!segment.is_hot()) continue;
      for (uint32_t i = 0; i < segment.hot.count; ++i) {
        for (const FacetCount& facet : segment.hot.segment->slots[i]->index.facets) {
          if (facet.dimension != dimension) continue;
          AddFacet(facet.value, {facet.rows[0], facet.rows[1], facet.rows[2]});
        }
      }
    }
    return true;
  }

  // Hours and days follow from the blocks' times alone.
  absl::Status CountTimes(const std::vector<Segment>& segments) {
    for (const Segment& segment : segments) {
      LW_ASSIGN_OR_RETURN(const auto view, engine_.Open(segment));
      for (size_t i = 0; i < view->blocks(); ++i) {
        const BlockRecord& block = view->record(i);
        if (block.rows == 0) continue;
        lines_[{TimeLabel(MainFacet(), block.decision_time_ms)}] += block.rows;
      }
    }
    return absl::OkStatus();
  }

  absl::Status ScanSegment(const Segment& segment) {
    if (engine_.IsOverBudget()) {
      unscanned_rows_ += segment.rows;
      return absl::OkStatus();
    }
    LW_ASSIGN_OR_RETURN(const auto view, engine_.Open(segment));
    BlockSet wanted(view->blocks(), true);
    if (filter_ != nullptr) {
      LW_ASSIGN_OR_RETURN(wanted, Plan(*filter_, *view));
    }
    for (size_t i = 0; i < view->blocks(); ++i) {
      const BlockRecord& block = view->record(i);
      if (!wanted.Has(i) || block.rows == 0 || block.decision_time_ms < from_ms_ ||
          block.decision_time_ms >= until_ms_) {
        continue;
      }
      if (engine_.IsOverBudget()) {
        unscanned_rows_ += block.rows;
        continue;
      }
      LW_RETURN_IF_ERROR(ScanBlock(*view, i));
    }
    return absl::OkStatus();
  }

  absl::Status ScanBlock(SegmentView& segment, size_t ordinal) {
    ++engine_.meta_.scanned_blocks;
    const bool with_ident = filter_ != nullptr && NeedsIdent(*filter_);
    LW_ASSIGN_OR_RETURN(const auto view, segment.Read(ordinal, with_ident));
    LW_ASSIGN_OR_RETURN(const BlockRows rows, BlockRows::Of(view));
    std::vector<Labels> labels;
    for (const Facet facet : request_.by) labels.push_back(LabelsOf(facet, rows));
    const size_t inner = labels.size() == 2 ? labels[1].values.size() : 1;
    const size_t outer = labels.empty() ? 1 : labels[0].values.size();
    std::vector<uint64_t> counts(outer * inner);
    for (uint32_t i = 0; i < view.rows(); ++i) {
      if (view.scan().offsets[i] < segment.record(ordinal).live_from) continue;
      ++engine_.meta_.scanned_rows;
      if (filter_ != nullptr && !rows.Matches(*filter_, i)) continue;
      ++rows_;
      const size_t a = labels.empty() ? 0 : LabelIndex(labels[0], rows, i);
      const size_t b = labels.size() == 2 ? LabelIndex(labels[1], rows, i) : 0;
      ++counts[a * inner + b];
    }
    for (size_t cell = 0; cell < counts.size(); ++cell) {
      if (counts[cell] != 0 && !labels.empty()) AddCell(labels, cell, inner, counts[cell]);
    }
    return absl::OkStatus();
  }

  void AddCell(const std::vector<Labels>& labels, size_t cell, size_t inner, uint64_t count) {
    for (const std::string& first : labels[0].values[cell / inner]) {
      if (labels.size() == 1) {
        lines_[{first}] += count;
        continue;
      }
      for (const std::string& second : labels[1].values[cell % inner]) {
        lines_[{first, second}] += count;
      }
    }
  }

  CountAnswer Finish() {
    CountAnswer answer;
    for (const auto& [values, count] : lines_) answer.lines.push_back({values, count});
    std::stable_sort(answer.lines.begin(), answer.lines.end(),
                     [](const CountLine& a, const CountLine& b) { return a.count > b.count; });
    answer.rows = rows_;
    answer.at_least = unscanned_rows_ > 0;
    answer.rows_at_most = rows_ + unscanned_rows_;
    answer.meta = std::move(engine_.meta_);
    return answer;
  }

  QueryEngine& engine_;
  const CountRequest& request_;
  const FilterNode* filter_;
  const int64_t from_ms_;
  const int64_t until_ms_;
  std::map<Key, uint64_t> lines_;
  uint64_t rows_ = 0;
  uint64_t unscanned_rows_ = 0;
};

absl::StatusOr<CountAnswer> QueryEngine::Count(const CountRequest& request,
                                               const FilterNode* filter) {
  if (request.by.size() > kFacetsMax) {
    return base::InvalidArgument(kQueryInvalid, "count by {} facets: at most {}", request.by.size(),
                                 kFacetsMax);
  }
  if (request.by.size() == 2 && request.by[0] == request.by[1]) {
    return base::InvalidArgument(kQueryInvalid, "count by `{}` twice", FacetName(request.by[0]));
  }
  return CountRun(this, request, filter).Run();
}

}  // namespace lineward::ledger
