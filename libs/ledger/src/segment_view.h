#pragma once

// One segment as a query reads it, hot or stored: one query engine serves both. Made for one query;
// not thread-safe.

#include <absl/status/statusor.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>

#include "ledger/src/block_set.h"
#include "ledger/src/filter.h"
#include "ledger/src/segment_store.h"
#include "ledger/src/tail.h"

namespace lineward::ledger {

class SegmentView {
 public:
  virtual ~SegmentView() = default;
  virtual size_t blocks() const = 0;
  virtual const BlockRecord& record(size_t ordinal) const = 0;
  virtual absl::StatusOr<decision::BlockView> Read(size_t ordinal, bool with_ident) const = 0;
  // Blocks that may hold the value; never too few.
  virtual absl::StatusOr<BlockSet> High(Dimension dimension, std::string_view value) = 0;
  virtual absl::StatusOr<BlockSet> Facet(Dimension dimension, std::string_view value) = 0;
};

std::unique_ptr<SegmentView> ViewOf(const HotView& hot);

// Postings that a query has read, by bucket and term: segments of one bucket share them.
struct TermCache {
  std::map<std::pair<int32_t, uint64_t>, std::map<uint32_t, std::string>> high;
  std::map<std::tuple<int32_t, uint8_t, std::string>, SegmentStore::FacetPostings> facets;
};

// `cache` and `store` outlive the view.
absl::StatusOr<std::unique_ptr<SegmentView>> ViewOf(const SegmentStore& store, uint32_t segment,
                                                    TermCache* cache);

// A hot block's bytes as a parsed block.
absl::StatusOr<decision::BlockView> ReadHot(const HotBlock& block, bool with_ident);

// The blocks that may hold matching rows; never too few.
absl::StatusOr<BlockSet> Plan(const FilterNode& node, SegmentView& segment);

}  // namespace lineward::ledger
