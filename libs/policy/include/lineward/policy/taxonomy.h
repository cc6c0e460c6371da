#pragma once

// The purposes of one policy set: a DAG with one root, aliases and old names, and what one dataset
// allows under it. Bits follow the sorted ids and mean nothing outside the set.
//
// Immutable; owned by its `PolicySet` (or by `Source` for tools); any thread.

#include <absl/status/statusor.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lineward/base/bit_set.h"
#include "lineward/policy/declaration.h"

namespace lineward::policy {

struct TaxonomySource;     // source.h
struct CompatibilityEdge;  // source.h
struct Findings;           // findings.h

inline constexpr int64_t kForeverUs = INT64_MAX;
inline constexpr int64_t kNeverUs = INT64_MIN;

// What a spelling of a purpose means: its bit, and the processings that an alias may narrow it to.
struct ResolvedPurpose {
  uint8_t bit = 0;
  ProcessingSet processing = kAllProcessings;

  bool is_narrowed() const { return processing != kAllProcessings; }
};

// `own_k` of one record (registry design, section 4) for each processing k, valid for the times in
// [valid_from_us, valid_until_us). Sets stand before retention; `AllowedAt` applies it.
struct DatasetSets {
  std::array<base::BitSet256, kProcessings> allowed;
  // Of `allowed`: what only a compatibility edge adds. `edges[k]`: indices of the edges in force
  // whose `from` this record names, ascending.
  std::array<base::BitSet256, kProcessings> compatible;
  std::array<std::vector<uint16_t>, kProcessings> edges;
  // Purposes covered by a grant on each basis.
  std::array<std::array<base::BitSet256, kBases>, kProcessings> basis;
  // Purposes for which what is allowed is not known (all bits: altogether unknown).
  base::BitSet256 unknown;
  bool is_revoked = false;  // revoked, or withdrawn as a whole with mode BLOCK
  int64_t retain_until_us = kForeverUs;
  int64_t valid_from_us = kNeverUs;
  int64_t valid_until_us = kForeverUs;

  base::BitSet256 AllowedAt(Processing processing, int64_t time_us) const {
    return retain_until_us <= time_us ? base::BitSet256{}
                                      : allowed[static_cast<size_t>(processing)];
  }
};

class Taxonomy {
 public:
  ~Taxonomy();
  Taxonomy(Taxonomy&&) noexcept;
  Taxonomy& operator=(Taxonomy&&) noexcept;

  // Builds it from a parsed file. FAILED_PRECONDITION `POLICY_SET_INVALID` after findings LP104 (no
  // purpose, cycle, unknown parent, second root), LP103 (a name twice) or LP110 (over 256).
  static absl::StatusOr<Taxonomy> Build(const TaxonomySource& source, std::string_view file,
                                        Findings* findings);
  // What `Effective` needs beside it; called once, while the set is read.
  void SetUses(const std::vector<CompatibilityEdge>& edges, bool inherit_undeclared);

  size_t size() const;
  size_t edge_count() const;
  int64_t version() const;
  // Ascending by bit: sorted.
  const std::vector<std::string>& ids() const;
  std::string_view id(size_t bit) const { return ids()[bit]; }
  // The parents of a purpose, ascending.
  const std::vector<uint8_t>& parents(size_t bit) const;
  // No new grants may name it.
  bool is_retired(size_t bit) const;

  // Any spelling: canonical id, `was`, IRI of DPV, alias, `a.b.*` alias. nullopt: PURPOSE_UNKNOWN.
  std::optional<ResolvedPurpose> Resolve(std::string_view text) const;
  // The same for every place but grants and prohibitions: an alias with a processing is unknown.
  std::optional<uint8_t> Purpose(std::string_view text) const;
  // " (nearest: ...)" for an unknown one, or empty.
  std::string NearestHint(std::string_view text) const;

  // The purpose and all below it; and all above it.
  const base::BitSet256& Down(size_t bit) const;
  const base::BitSet256& Up(size_t bit) const;
  base::BitSet256 Down(const base::BitSet256& purposes) const;
  base::BitSet256 Up(const base::BitSet256& purposes) const;
  // `Down` over the edges that stood in taxonomy version `version` (`since` <= version).
  const base::BitSet256& DownIn(size_t bit, int64_t version) const;

  // What one record allows at `time_us`, all lines of the table of registry design, section 4.
  DatasetSets Effective(const DatasetUse& use, int64_t time_us) const;

 private:
  struct Impl;
  class Reading;
  explicit Taxonomy(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lineward::policy
