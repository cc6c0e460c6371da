#pragma once

// What one record of a lineage closure says about the use of its data, with names as the registry
// keeps them: canonical purpose ids, never bits, so that every policy set can read it. Values;
// `Taxonomy::Effective` and `lineage_facts.h` turn them into bit sets of one policy set.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lineward::policy {

enum class Processing : uint8_t { kTrain = 0, kProfile = 1, kServe = 2, kEvaluate = 3 };
inline constexpr size_t kProcessings = 4;
// A set of processings: bit i for the one of value i.
using ProcessingSet = uint8_t;
inline constexpr ProcessingSet kAllProcessings = 0x0F;
constexpr ProcessingSet Only(Processing processing) {
  return static_cast<ProcessingSet>(1u << static_cast<unsigned>(processing));
}

enum class Basis : uint8_t {
  kConsent = 0,
  kContract = 1,
  kLegitimateInterest = 2,
  kLegalObligation = 3
};
inline constexpr size_t kBases = 4;

struct Grant {
  std::vector<std::string> purposes;
  ProcessingSet processing = kAllProcessings;
  Basis basis = Basis::kConsent;
};

struct Prohibition {
  std::vector<std::string> purposes;
  ProcessingSet processing = kAllProcessings;
};

// In force from `from_us` on.
struct Withdrawal {
  std::vector<std::string> purposes;  // empty: as a whole
  bool is_block = true;               // else QUARANTINE
  int64_t from_us = INT64_MIN;
};

// The record of a dataset series, a dataset version or a model version. A version has `restricted`
// instead of `grants`.
struct Declaration {
  enum class Kind : uint8_t { kSeries, kDatasetVersion, kModelVersion };

  Kind kind = Kind::kSeries;
  std::string name;
  // A series: absent = undeclared, empty = nothing allowed.
  std::optional<std::vector<Grant>> grants;
  // A version: absent = all, empty = nothing.
  std::optional<std::vector<std::string>> restricted;
  std::vector<Prohibition> prohibits;
  std::vector<std::string> categories;
  std::vector<std::string> labels;
  std::optional<std::vector<std::string>> regions;  // absent = any place, empty = none
  std::optional<int64_t> retain_until_us;
  std::vector<Withdrawal> withdrawn;
  // A version of a series without `grants`.
  bool is_undeclared_version = false;
  // Something but its own series or circle flows into it (the registry keeps this bit).
  bool is_sourced = false;
  // Its state is REVOKED, which everything made from it inherits.
  bool is_revoked = false;
  // Anything else that makes what it allows unknown: drifted, its closure too large, a model
  // version without any dataset behind it or among its own ancestors.
  bool is_unknown = false;
};

// A reclassification of one input for exactly one model version, approved; ends at `until_us`.
struct Restoration {
  std::vector<std::string> purposes;  // restored, each for itself
  std::vector<std::string> dropped_labels;
  int64_t until_us = INT64_MIN;
};

// One record as one model version or serve-time use reads it. Does not own the declaration.
struct DatasetUse {
  const Declaration* declaration = nullptr;
  std::vector<Restoration> restorations;
};

}  // namespace lineward::policy
