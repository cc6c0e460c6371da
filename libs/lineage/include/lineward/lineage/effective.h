#pragma once

// What a model may serve, from what each record behind it allows: an intersection of bit sets with
// an UNKNOWN flag beside it, and blame for what is missing. Bits are interned purposes of one
// policy set; who calls expands each record's declaration under that set. Pure; any thread.

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "lineward/base/bit_set.h"
#include "lineward/lineage/graph.h"

namespace lineward::lineage {

enum class Processing : uint8_t { kTrain = 0, kProfile = 1, kServe = 2, kEvaluate = 3 };
inline constexpr size_t kProcessings = 4;

// `own` of one record: what it lets pass, per processing. The flag takes nothing out of the sets:
// what is known to be refused stays refused whatever else is unknown.
struct Own {
  std::array<base::BitSet256, kProcessings> allowed;
  bool is_unknown = false;
  base::BitSet256 unknown_for;  // unknown for these purposes alone
  // Holds at t iff valid_from_us <= t < valid_until_us.
  int64_t valid_from_us = std::numeric_limits<int64_t>::min();
  int64_t valid_until_us = std::numeric_limits<int64_t>::max();

  const base::BitSet256& operator[](Processing processing) const {
    return allowed[static_cast<size_t>(processing)];
  }
  base::BitSet256& operator[](Processing processing) {
    return allowed[static_cast<size_t>(processing)];
  }
};

struct Effective {
  base::BitSet256 purposes = base::BitSet256::All();
  bool is_unknown = false;
  base::BitSet256 unknown_for;
  int64_t valid_from_us = std::numeric_limits<int64_t>::min();
  int64_t valid_until_us = std::numeric_limits<int64_t>::max();

  friend bool operator==(const Effective&, const Effective&) = default;
};

// `so_far` narrowed by one more record under one processing.
Effective Narrow(Effective so_far, const Own& own, Processing processing);

// Eff(m): the intersection of own_TRAIN over C(m) and own_EVALUATE over E(m). Over nothing it is
// everything, and unknown.
Effective EffectiveOfModel(std::span<const Own* const> c, std::span<const Own* const> e);

// Eff(e): Eff(m) and own_SERVE (own_PROFILE too if the model is `profiling`) over the closure of
// the serve-time sources.
Effective EffectiveOfEvent(const Effective& model, std::span<const Own* const> sources,
                           bool profiling);

// One record that alone takes `purpose` out of Eff(m).
struct Removal {
  NodeId record = kNoNode;
  Processing processing = Processing::kTrain;
  friend auto operator<=>(const Removal&, const Removal&) = default;
};

struct RecordOwn {
  NodeId record = kNoNode;
  const Own* own = nullptr;
};

// Blame: all (record, processing) whose own set lacks `purpose`, TRAIN over `c`, EVALUATE over
// `e`, ascending. In an intersection this is exact: each alone removes it, all must change. Records
// that are only flagged do not stand here: a flag removes nothing.
std::vector<Removal> RemovedBy(size_t purpose, std::span<const RecordOwn> c,
                               std::span<const RecordOwn> e);

}  // namespace lineward::lineage
