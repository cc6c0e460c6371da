#include "ledger/src/segment_view.h"

#include <algorithm>
#include <set>
#include <utility>

#include "ledger/src/postings.h"
#include "lineward/base/status.h"
#include "lineward/base/strings.h"

namespace lineward::ledger {
namespace {

class HotSegmentView final : public SegmentView {
 public:
  explicit HotSegmentView(const HotView& hot) : hot_(hot) {}

  size_t blocks() const override { return hot_.count; }
  const BlockRecord& record(size_t ordinal) const override { return Slot(ordinal).record; }
  absl::StatusOr<decision::BlockView> Read(size_t ordinal, bool with_ident) const override {
    return ReadHot(Slot(ordinal), with_ident);
  }
  absl::StatusOr<BlockSet> High(Dimension dimension, std::string_view value) override {
    const uint64_t term = HighTerm(dimension, value);
    BlockSet set(hot_.count);
    for (size_t i = 0; i < hot_.count; ++i) {
      const auto& terms = Slot(i).index.high;
      if (std::binary_search(terms.begin(), terms.end(), term)) set.Add(i);
    }
    return set;
  }
  absl::StatusOr<BlockSet> Facet(Dimension dimension, std::string_view value) override {
    BlockSet set(hot_.count);
    for (size_t i = 0; i < hot_.count; ++i) {
      for (const FacetCount& facet : Slot(i).index.facets) {
        if (facet.dimension == dimension && facet.value == value) set.Add(i);
      }
    }
    return set;
  }

 private:
  const HotBlock& Slot(size_t ordinal) const { return *hot_.segment->slots[ordinal]; }
  HotView hot_;
};

class StoredSegmentView final : public SegmentView {
 public:
  StoredSegmentView(const SegmentStore& store, std::shared_ptr<const SegmentRecord> record,
                    TermCache* cache)
      : store_(store), record_(std::move(record)), cache_(cache) {
    for (const BlockRecord& block : record_->blocks) days_.insert(block.bucket_day);
  }

  size_t blocks() const override { return record_->blocks.size(); }
  const BlockRecord& record(size_t ordinal) const override { return record_->blocks[ordinal]; }
  absl::StatusOr<decision::BlockView> Read(size_t ordinal, bool with_ident) const override {
    return store_.ReadBlock(record(ordinal), {record_->number, static_cast<uint16_t>(ordinal)},
                            with_ident);
  }
  absl::StatusOr<BlockSet> High(Dimension dimension, std::string_view value) override {
    const uint64_t term = HighTerm(dimension, value);
    BlockSet set(blocks());
    for (const int32_t day : days_) {
      auto it = cache_->high.find({day, term});
      if (it == cache_->high.end()) {
        LW_ASSIGN_OR_RETURN(auto postings, store_.HighPostings(day, term));
        it = cache_->high.emplace(std::pair(day, term), std::move(postings)).first;
      }
      const auto posting = it->second.find(record_->number);
      if (posting == it->second.end()) continue;
      LW_RETURN_IF_ERROR(DecodeOrdinals(posting->second, &set));
    }
    return set;
  }
  absl::StatusOr<BlockSet> Facet(Dimension dimension, std::string_view value) override {
    BlockSet set(blocks());
    for (const int32_t day : days_) {
      const std::tuple key(day, static_cast<uint8_t>(dimension), std::string(value));
      auto it = cache_->facets.find(key);
      if (it == cache_->facets.end()) {
        LW_ASSIGN_OR_RETURN(auto postings, store_.FacetValuePostings(day, dimension, value));
        it = cache_->facets.emplace(key, std::move(postings)).first;
      }
      if (it->second.scan.contains(record_->number)) return BlockSet(blocks(), true);
      const auto posting = it->second.by_segment.find(record_->number);
      if (posting == it->second.by_segment.end()) continue;
      LW_RETURN_IF_ERROR(DecodeFacetBlocks(posting->second, &set));
    }
    return set;
  }

 private:
  const SegmentStore& store_;
  std::shared_ptr<const SegmentRecord> record_;
  TermCache* cache_;
  std::set<int32_t> days_;
};

std::optional<Dimension> DimensionOf(Field field) {
  switch (field) {
    case Field::kOutcome:
      return Dimension::kOutcome;
    case Field::kReason:
      return Dimension::kReason;
    case Field::kRule:
      return Dimension::kRule;
    case Field::kPurpose:
      return Dimension::kPurpose;
    case Field::kModelVersion:
      return Dimension::kModelVersion;
    case Field::kDataset:
      return Dimension::kSource;
    case Field::kPolicySet:
      return Dimension::kPolicySet;
    case Field::kTopic:
      return Dimension::kTopic;
    case Field::kSurface:
      return Dimension::kSurface;
    case Field::kJurisdiction:
      return Dimension::kJurisdiction;
    case Field::kMode:
      return Dimension::kMode;
    case Field::kTraceId:
      return Dimension::kTraceId;
    case Field::kEventId:
      return Dimension::kEventId;
    case Field::kItemId:
      return Dimension::kItemId;
    case Field::kDecidedAt:
    case Field::kEventTime:
    case Field::kModel:
    case Field::kSubject:
      return std::nullopt;
  }
  return std::nullopt;
}

bool IsListField(Field field) {
  return field == Field::kReason || field == Field::kRule || field == Field::kDataset;
}

absl::StatusOr<BlockSet> PlanComparison(const FilterNode& node, SegmentView& segment) {
  if (node.field == Field::kDecidedAt) {
    BlockSet set(segment.blocks());
    for (size_t i = 0; i < segment.blocks(); ++i) {
      if (MatchesDecidedAt(node, segment.record(i).decision_time_ms)) set.Add(i);
    }
    return set;
  }
  if (node.field == Field::kSubject) {
    BlockSet set(segment.blocks());
    for (const std::string& key : node.person_keys) {
      LW_ASSIGN_OR_RETURN(const BlockSet found, segment.High(Dimension::kPersonKey, key));
      set.Or(found);
    }
    return set;
  }
  // Only an exact, present value is in the index.
  const bool is_exact = !node.is_prefix && !node.is_presence && !node.text.empty() &&
                        (node.comparison == Comparison::kEqual ||
                         (node.comparison == Comparison::kHas && IsListField(node.field)));
  const auto dimension = DimensionOf(node.field);
  if (!is_exact || !dimension) return BlockSet(segment.blocks(), true);
  if (IsFacet(*dimension)) return segment.Facet(*dimension, node.text);
  if (*dimension != Dimension::kTraceId) return segment.High(*dimension, node.text);
  const auto bytes = base::FromHex(node.text);
  if (!bytes) return BlockSet(segment.blocks());
  return segment.High(*dimension, *bytes);
}

}  // namespace

std::unique_ptr<SegmentView> ViewOf(const HotView& hot) {
  return std::make_unique<HotSegmentView>(hot);
}

absl::StatusOr<std::unique_ptr<SegmentView>> ViewOf(const SegmentStore& store, uint32_t segment,
                                                    TermCache* cache) {
  LW_ASSIGN_OR_RETURN(auto record, store.Record(segment));
  return std::make_unique<StoredSegmentView>(store, std::move(record), cache);
}

absl::StatusOr<decision::BlockView> ReadHot(const HotBlock& block, bool with_ident) {
  if (!with_ident) {
    return decision::BlockView::FromStored(block.header_text, block.raw_scan, nullptr);
  }
  const decision::BlockView::StoredSection section{block.ident_codec, block.ident_raw_length,
                                                   block.ident};
  return decision::BlockView::FromStored(block.header_text, block.raw_scan, &section);
}

absl::StatusOr<BlockSet> Plan(const FilterNode& node, SegmentView& segment) {
  if (node.kind == FilterNode::Kind::kCompare) return PlanComparison(node, segment);
  // A block that holds a row which the child refuses may hold one that it takes, too.
  if (node.kind == FilterNode::Kind::kNot) return BlockSet(segment.blocks(), true);
  const bool is_and = node.kind == FilterNode::Kind::kAnd;
  BlockSet set(segment.blocks(), is_and);
  for (const FilterNode& child : node.children) {
    LW_ASSIGN_OR_RETURN(const BlockSet found, Plan(child, segment));
    if (is_and) {
      set.And(found);
      if (set.empty()) return set;
    } else {
      set.Or(found);
    }
  }
  return set;
}

}  // namespace lineward::ledger
