#pragma once

// What a decision is made from: values and interned ids of one policy set (policy design, section
// 4). `decision` fills `Facts` from an event; the caller keeps what the pointers and views refer to
// until `Evaluate` returns. Plain values; the referenced facts are immutable and shared by threads.
//
// Interning: `PolicySet::Tenant, Topic, Surface, Purpose, Place, ParseField`; facts of one set must
// not be given to another.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lineward/base/bit_set.h"
#include "lineward/policy/declaration.h"
#include "lineward/policy/obligation.h"

namespace lineward::policy {

inline constexpr size_t kEventFieldsMax = 16;
inline constexpr int64_t kAbsentTimeUs = INT64_MIN;

// A text beside its id in the policy set; id 0: no file of the set names it. An absent one has an
// empty text.
struct Name {
  std::string_view text;
  uint32_t id = 0;
};

// A purpose as declared, and its bit; -1: unknown to the set.
struct PurposeName {
  std::string_view text;
  int16_t bit = -1;

  bool is_known() const { return bit >= 0; }
};

// 0-255: place of the set's tree; from 256 on: an assigned ISO 3166-1 country outside the tree.
using PlaceId = uint16_t;
inline constexpr PlaceId kUnknownPlace = 0xFFFF;
inline constexpr PlaceId kFirstCountry = 256;

// A set of places, closed downwards.
struct PlaceSet {
  base::BitSet256 tree;
  base::BitSet256 countries;  // bit i: place kFirstCountry + i

  bool Has(PlaceId place) const {
    if (place == kUnknownPlace) return false;
    return place < kFirstCountry ? tree.Has(place) : countries.Has(place - size_t{kFirstCountry});
  }
  friend bool operator==(const PlaceSet&, const PlaceSet&) = default;
};

enum class FieldType : uint8_t { kBool = 1, kInt = 2, kDouble = 3, kString = 4, kTimestamp = 5 };

// The value of a declared event field; the member of its type holds it (bool and timestamp in µs:
// `whole`).
struct FieldValue {
  FieldType type = FieldType::kBool;
  int64_t whole = 0;
  double real = 0;
  std::string_view text;
};

enum class SubjectClass : uint8_t { kUnknown = 0, kAdult = 1, kMinor = 2 };

enum class LineageStatus : uint8_t { kKnown, kUnknown, kRevoked };

// What stands behind a model version, or behind the serve-time sources of one promotion: made by
// `CombineModel` and `CombineSources` (lineage_facts.h). True for decision times in
// [valid_from_us, valid_until_us); outside it must be made again.
struct LineageFacts {
  LineageStatus status = LineageStatus::kUnknown;
  // Purposes for which the lineage is incomplete (all bits: altogether).
  base::BitSet256 incomplete;
  base::BitSet256 allowed;      // Eff, before retention
  base::BitSet256 compatible;   // what some input has only through an edge
  std::vector<uint16_t> edges;  // those edges, ascending indices of the set's sorted edges
  int64_t retain_until_us = INT64_MAX;
  base::BitSet256 categories;
  base::BitSet256 labels;
  std::array<base::BitSet256, kBases> basis;  // purposes granted on each basis
  std::vector<PlaceSet> regions;  // each list must hold; lists with unknown ids left out
  int64_t valid_from_us = INT64_MIN;
  int64_t valid_until_us = INT64_MAX;

  bool HoldsAt(int64_t time_us) const {
    return valid_from_us <= time_us && time_us < valid_until_us;
  }
};

// A model version. `status` kUnknown: not registered, or retired.
struct ModelFacts {
  std::string name;
  std::string version;
  bool is_profiling = false;  // PROFILE is one of its processings
  LineageFacts lineage;
  // For rules by `when`: reading an absent one is an error.
  bool has_synthetic_share = false;
  double synthetic_share = 0;
  int64_t trained_at_us = kAbsentTimeUs;
};

// All serve-time sources of one promotion together: those that the event names, else the model's
// own. An unknown source makes it incomplete.
using SourceFacts = LineageFacts;

// One person's consent at the times of the event and of the decision, both folded into one
// (consent.h).
struct ConsentFacts {
  base::BitSet256 granted;    // granted at both times
  base::BitSet256 withdrawn;  // withdrawn at one of them; neither: expired or never given
  base::BitSet256 objected;   // objected to at one of them
  bool is_erased = false;
  bool is_before_record = false;  // the event is older than what the record reaches back to
  int64_t age_ms = 0;             // of the snapshot
  uint64_t snapshot = 0;          // next offset of the consent topic
};

enum class Outcome : uint8_t { kAllow = 1, kQuarantine = 2, kBlock = 3 };

// The state of the breakers that concern the promotion. No monitor, no breaker: no fact.
struct BreakerFacts {
  bool is_unavailable = false;
  Outcome outcome = Outcome::kAllow;            // kAllow with obligations: DEGRADED
  std::vector<InternedObligation> obligations;  // by `PolicySet::Intern`
};

struct Facts {
  int64_t decision_time_us = kAbsentTimeUs;
  int64_t event_time_us = kAbsentTimeUs;
  bool is_malformed = false;  // the decoder refused it; nothing else is read then
  Name tenant;
  Name topic;
  Name surface;
  std::string_view item;
  PurposeName purpose;
  uint32_t fields_present = 0;  // bit i: field i of the set's sorted event fields
  std::array<FieldValue, kEventFieldsMax> fields;
  bool has_subject = false;  // false: anonymous
  SubjectClass subject_class = SubjectClass::kUnknown;
  PlaceId subject_place = kUnknownPlace;
  PlaceId processing_place = kUnknownPlace;
  uint64_t pseudonym_hash = 0;
  bool is_digest_ok = true;               // weights as registered, or none claimed
  const ModelFacts* model = nullptr;      // null: unknown
  const SourceFacts* sources = nullptr;   // null: none
  const ConsentFacts* consent = nullptr;  // null: no snapshot
  const BreakerFacts* breaker = nullptr;  // null: none open
};

}  // namespace lineward::policy
