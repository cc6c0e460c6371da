#include "lineward/policy/lineage_facts.h"

#include <algorithm>
#include <optional>

namespace lineward::policy {
namespace {

using base::BitSet256;

// Takes records one by one into the facts of their closure.
class Combiner {
 public:
  Combiner(const PolicySet& set, int64_t time_us)
      : set_(set), time_us_(time_us), all_(BitSet256::First(set.taxonomy().size())) {
    facts_.status = LineageStatus::kKnown;
    facts_.allowed = all_;
  }

  void Add(const DatasetUse& use, std::initializer_list<Processing> processings) {
    const Declaration& declaration = *use.declaration;
    const DatasetSets sets = set_.taxonomy().Effective(use, time_us_);
    if (sets.is_revoked) facts_.status = LineageStatus::kRevoked;
    facts_.incomplete |= sets.unknown;
    for (Processing processing : processings) {
      const auto k = static_cast<size_t>(processing);
      facts_.allowed &= sets.allowed[k];
      facts_.compatible |= sets.compatible[k];
      facts_.edges.insert(facts_.edges.end(), sets.edges[k].begin(), sets.edges[k].end());
      for (size_t basis = 0; basis < kBases; ++basis) {
        facts_.basis[basis] |= sets.basis[k][basis];
      }
    }
    facts_.retain_until_us = std::min(facts_.retain_until_us, sets.retain_until_us);
    facts_.valid_from_us = std::max(facts_.valid_from_us, sets.valid_from_us);
    facts_.valid_until_us = std::min(facts_.valid_until_us, sets.valid_until_us);
    AddCategories(declaration);
    AddLabels(use);
    AddRegions(declaration);
  }

  void MarkIncomplete() { facts_.incomplete = all_; }

  LineageFacts Take() {
    std::sort(facts_.edges.begin(), facts_.edges.end());
    facts_.edges.erase(std::unique(facts_.edges.begin(), facts_.edges.end()), facts_.edges.end());
    return std::move(facts_);
  }

 private:
  void AddCategories(const Declaration& declaration) {
    for (const std::string& id : declaration.categories) {
      const std::optional<uint8_t> bit = set_.Category(id);
      if (bit.has_value()) {
        facts_.categories.Set(*bit);
      } else {
        MarkIncomplete();
      }
    }
  }

  // A reclassification in force removes a label for this use alone.
  void AddLabels(const DatasetUse& use) {
    for (const std::string& id : use.declaration->labels) {
      const bool is_dropped = std::any_of(
          use.restorations.begin(), use.restorations.end(), [&](const Restoration& restoration) {
            return restoration.until_us > time_us_ &&
                   std::find(restoration.dropped_labels.begin(), restoration.dropped_labels.end(),
                             id) != restoration.dropped_labels.end();
          });
      if (is_dropped) continue;
      const std::optional<uint8_t> bit = set_.Label(id);
      if (bit.has_value()) {
        facts_.labels.Set(*bit);
      } else {
        MarkIncomplete();
      }
    }
  }

  // A list with an unknown region is not judged: what it allows is not known.
  void AddRegions(const Declaration& declaration) {
    if (!declaration.regions.has_value()) return;
    PlaceSet allowed;
    for (const std::string& id : *declaration.regions) {
      const std::optional<PlaceSet> region = set_.Region(id);
      if (!region.has_value()) {
        MarkIncomplete();
        return;
      }
      allowed.tree |= region->tree;
      allowed.countries |= region->countries;
    }
    facts_.regions.push_back(allowed);
  }

  const PolicySet& set_;
  const int64_t time_us_;
  const BitSet256 all_;
  LineageFacts facts_;
};

}  // namespace

LineageFacts CombineModel(const PolicySet& set, std::span<const DatasetUse> train,
                          std::span<const DatasetUse> evaluate, int64_t time_us) {
  Combiner combiner(set, time_us);
  bool has_dataset = false;
  for (const DatasetUse& use : train) {
    combiner.Add(use, {Processing::kTrain});
    has_dataset |= use.declaration->kind != Declaration::Kind::kModelVersion;
  }
  for (const DatasetUse& use : evaluate) combiner.Add(use, {Processing::kEvaluate});
  if (!has_dataset) combiner.MarkIncomplete();
  return combiner.Take();
}

SourceFacts CombineSources(const PolicySet& set, std::span<const DatasetUse> uses,
                           bool is_profiling, bool is_unknown, int64_t time_us) {
  Combiner combiner(set, time_us);
  for (const DatasetUse& use : uses) {
    if (is_profiling) {
      combiner.Add(use, {Processing::kServe, Processing::kProfile});
    } else {
      combiner.Add(use, {Processing::kServe});
    }
  }
  if (is_unknown) combiner.MarkIncomplete();
  return combiner.Take();
}

}  // namespace lineward::policy
