#include "lineward/lineage/effective.h"

#include <algorithm>

namespace lineward::lineage {

Effective Narrow(Effective so_far, const Own& own, Processing processing) {
  so_far.purposes &= own[processing];
  so_far.is_unknown |= own.is_unknown;
  so_far.unknown_for |= own.unknown_for;
  so_far.valid_from_us = std::max(so_far.valid_from_us, own.valid_from_us);
  so_far.valid_until_us = std::min(so_far.valid_until_us, own.valid_until_us);
  return so_far;
}

Effective EffectiveOfModel(std::span<const Own* const> c, std::span<const Own* const> e) {
  Effective effective;
  effective.is_unknown = c.empty();
  for (const Own* own : c) effective = Narrow(effective, *own, Processing::kTrain);
  for (const Own* own : e) effective = Narrow(effective, *own, Processing::kEvaluate);
  return effective;
}

Effective EffectiveOfEvent(const Effective& model, std::span<const Own* const> sources,
                           bool profiling) {
  Effective effective = model;
  for (const Own* own : sources) {
    effective = Narrow(effective, *own, Processing::kServe);
    if (profiling) effective = Narrow(effective, *own, Processing::kProfile);
  }
  return effective;
}

std::vector<Removal> RemovedBy(size_t purpose, std::span<const RecordOwn> c,
                               std::span<const RecordOwn> e) {
  std::vector<Removal> removed_by;
  const auto look = [&](std::span<const RecordOwn> records, Processing processing) {
    for (const RecordOwn& record : records) {
      if ((*record.own)[processing].Has(purpose)) continue;
      removed_by.push_back({record.record, processing});
    }
  };
  look(c, Processing::kTrain);
  look(e, Processing::kEvaluate);
  std::sort(removed_by.begin(), removed_by.end());
  return removed_by;
}

}  // namespace lineward::lineage
