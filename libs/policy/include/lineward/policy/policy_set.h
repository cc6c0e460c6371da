#pragma once

// `PolicySet`: one compiled set of policies, named by one hash, and the decision itself.
//
// Immutable and shared by all threads as `std::shared_ptr<const PolicySet>`; everything that
// `Evaluate` gives refers into it, so keep it as long as its verdicts.

#include <absl/status/statusor.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lineward/policy/facts.h"
#include "lineward/policy/source.h"
#include "lineward/policy/taxonomy.h"
#include "lineward/policy/verdict.h"

namespace lineward::policy {

// Room that `Evaluate` works in, enough for every set: one per thread, made once, used again and
// again. Not thread-safe.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(Scratch&&) noexcept;
  Scratch& operator=(Scratch&&) noexcept;
  struct Impl;

 private:
  friend class PolicySet;
  std::unique_ptr<Impl> impl_;
};

class PolicySet {
 public:
  ~PolicySet();
  PolicySet(PolicySet&&) noexcept;
  PolicySet& operator=(PolicySet&&) noexcept;
  struct Impl;

  // `ps-` and 64 hex digits; the 32 bytes of it; the bytes that it names.
  const std::string& id() const;
  const std::array<uint8_t, 32>& digest() const;
  const std::string& canonical() const;
  // What it was compiled from; for `EvaluateNaive`, `explain` and tools.
  const Source& source() const;
  const Taxonomy& taxonomy() const;

  // Interning. Each lookup is one hash probe without allocation; the text of the result is the
  // caller's.
  Name Tenant(std::string_view text) const;
  Name Topic(std::string_view text) const;
  Name Surface(std::string_view text) const;
  // Any spelling that resolves; an alias with a processing does not.
  PurposeName Purpose(std::string_view text) const;
  std::optional<uint8_t> Category(std::string_view id) const;
  std::optional<uint8_t> Label(std::string_view id) const;
  // Place of an event: in the tree, else an assigned country, else the country of a subdivision,
  // else kUnknownPlace.
  PlaceId Place(std::string_view id) const;
  // Region of data or of a rule: a subdivision outside the tree is unknown, its country would be
  // wider. With everything below it.
  std::optional<PlaceSet> Region(std::string_view id) const;

  // Declared event fields, sorted by name: index = row field - 1000.
  const std::vector<EventField>& event_fields() const;
  std::optional<size_t> EventFieldIndex(std::string_view name) const;
  // The value of field `index` from its text; nullopt: unparsable or not finite, so absent.
  std::optional<FieldValue> ParseField(size_t index, std::string_view text) const;

  // Back to names; views live as long as the set. Empty for `kNoRule`, `kNoBindingIndex`,
  // `kUnknownPlace` and bits that the set does not use.
  std::string_view rule_id(RuleIndex rule) const;
  std::string_view binding_id(BindingIndex binding) const;
  std::string_view place_id(PlaceId place) const;
  std::string_view category_id(size_t bit) const;
  std::string_view label_id(size_t bit) const;
  std::string_view redact_field(size_t bit) const;
  // The source of a rule or binding; null for the indices of none.
  const Rule* rule(RuleIndex rule) const;
  const Binding* binding(BindingIndex binding) const;
  std::optional<RuleIndex> FindRule(std::string_view full_id) const;
  size_t rule_count() const;
  size_t binding_count() const;
  // Compatibility edges by index as in `LineageFacts::edges` and `DatasetSets::edges`.
  const std::vector<CompatibilityEdge>& edges() const;
  // The groups of the binding's canary entries, bit i of row field 21; none yet.
  size_t canary_group_count(BindingIndex binding) const;

  // An obligation of a breaker, ready for `BreakerFacts`; nullopt if it names a field to redact
  // that no file of the set names.
  std::optional<InternedObligation> Intern(const Obligation& obligation) const;

  // Decides. No clock, no lock, no I/O, no allocation. `verdict` is overwritten.
  void Evaluate(const Facts& facts, Scratch* scratch, Verdict* verdict) const noexcept;

  // The obligations of a verdict of this set as RFC 8785 JSON: `[]` if none. Allocates.
  std::string ObligationsJson(const Verdict& verdict) const;
  std::vector<Obligation> ObligationsOf(const Verdict& verdict) const;

 private:
  friend absl::StatusOr<PolicySet> Compile(const Source& source, Findings* findings);
  explicit PolicySet(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// FAILED_PRECONDITION `POLICY_SET_INVALID` with findings: a canary entry is not supported yet
// (LP113); more redactable fields than 256 (LP110).
absl::StatusOr<PolicySet> Compile(const Source& source, Findings* findings);

}  // namespace lineward::policy
