#pragma once

// The answer to one promotion. Fixed size; the order inside is fixed (policy design, section 4), so
// equal inputs give equal contents. Indices belong to the `PolicySet` that gave it.

#include <array>
#include <cstdint>

#include "lineward/base/bit_set.h"
#include "lineward/policy/facts.h"
#include "lineward/policy/obligation.h"
#include "lineward/policy/reasons.h"

namespace lineward::policy {

inline constexpr size_t kContributionsMax = 16;
inline constexpr size_t kDeterminingRulesMax = 32;
inline constexpr size_t kRuleErrorsMax = 8;
inline constexpr size_t kObligationsMax = 16;

// Index of a rule in the set's full ids, sorted bytewise: `PolicySet::rule_id`.
using RuleIndex = uint16_t;
inline constexpr RuleIndex kNoRule = 0xFFFF;
// Index of a binding in the set's sorted bindings: `PolicySet::binding`.
using BindingIndex = uint16_t;
inline constexpr BindingIndex kNoBindingIndex = 0xFFFF;

// As in row field 12.
enum class Mode : uint8_t { kEnforce = 1, kShadow = 2, kCanary = 3, kOverride = 4 };
// As in row field 22.
enum class Ground : uint8_t { kPurpose = 1, kLegal = 2, kTerms = 3, kSafety = 4 };

// Bits of row field 51: the consent for the declared purpose, the stricter of both times.
enum ConsentBits : uint8_t {
  kConsentGrantedBit = 1,
  kConsentWithdrawnBit = 2,
  kConsentObjectedBit = 4,
  kConsentAnonymousBit = 8,
  kConsentErasedBit = 16,
  kConsentStaleBit = 32,
  kConsentUnknownBit = 64,
};

struct Contribution {
  Reason reason = Reason::kPermitted;
  Outcome outcome = Outcome::kAllow;
  RuleIndex rule = kNoRule;

  friend bool operator==(const Contribution&, const Contribution&) = default;
};

struct Verdict {
  Outcome outcome = Outcome::kBlock;
  Reason primary = Reason::kNoBinding;
  Mode mode = Mode::kEnforce;
  bool is_released = false;  // a refusal that goes out all the same: its binding is in shadow
  Ground ground = Ground::kPurpose;
  BindingIndex binding = kNoBindingIndex;

  // Most severe first; the first is the primary one. Counts beyond the arrays are in `..._more`.
  std::array<Contribution, kContributionsMax> contributions{};
  uint16_t contribution_count = 0;
  uint16_t contributions_more = 0;
  // Determining rules, ascending.
  std::array<RuleIndex, kDeterminingRulesMax> rules{};
  uint16_t rule_count = 0;
  uint16_t rules_more = 0;
  // Rules whose `when` failed, ascending; and all of them by `Effect`: permits, forbids.
  std::array<RuleIndex, kRuleErrorsMax> errors{};
  uint16_t error_count = 0;
  uint16_t errors_more = 0;
  std::array<uint16_t, 2> errors_by_effect{};

  // Sorted by their RFC 8785 bytes; a `redact` entry's fields are `redact_fields` instead, bits of
  // the set's redactable fields. `PolicySet::ObligationsJson` writes the whole list.
  std::array<const InternedObligation*, kObligationsMax> obligations{};
  uint16_t obligation_count = 0;
  base::BitSet256 redact_fields;

  // What everything not switched off would have said; equal to outcome and primary if the same.
  Outcome shadow_outcome = Outcome::kBlock;
  Reason shadow_primary = Reason::kNoBinding;
  // Before an override; equal to `outcome` without one.
  Outcome original_outcome = Outcome::kBlock;
  uint32_t canary_groups = 0;  // row field 21

  // Step 5 was reached: `ConsentBits` and the bases relied on (bit 1 << Basis), row fields 51, 52.
  bool has_consent = false;
  uint8_t consent_bits = 0;
  uint8_t basis_bits = 0;

  bool has_shadow() const { return shadow_outcome != outcome || shadow_primary != primary; }
};

}  // namespace lineward::policy
