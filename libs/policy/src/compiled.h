#pragma once

// The compiled form of a set: what `Evaluate` reads. Built once by `Compile`, then immutable.

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lineward/base/bit_set.h"
#include "lineward/base/strings.h"
#include "lineward/policy/policy_set.h"
#include "policy/src/cel/program.h"
#include "policy/src/cel/scratch.h"
#include "policy/src/cel/value.h"
#include "policy/src/when.h"

namespace lineward::policy {

// Rules per binding and obligations of edges and breakers: what one evaluation can gather.
inline constexpr size_t kEdgesMax = 4096;
inline constexpr size_t kGatheredMax =
    (kRulesPerBindingMax + kEdgesMax) * kObligationsPerRuleMax + kEventFieldsMax * 4;

// What a rule's `when` says of an event.
enum class Truth : uint8_t { kNo, kYes, kFailed };

struct CompiledCondition {
  size_t field = 0;
  FieldType type = FieldType::kString;
  FieldCondition::Operator op = FieldCondition::Operator::kEq;
  std::vector<int64_t> wholes;  // bool, int, timestamp
  double real = 0;
  std::vector<std::string> texts;
};

struct CompiledModel {
  std::string name;  // or its beginning
  std::string version;
  bool is_prefix = false;
  bool has_version = false;
};

struct CompiledMatch {
  bool has_purpose = false, has_category = false, has_label = false, has_place = false;
  bool has_surface = false, has_tenant = false;
  ProcessingSet processing = 0;  // 0: no such key
  uint8_t subject_classes = 0;   // bits: 1 adult, 2 minor, 4 anonymous; 0: no such key
  base::BitSet256 purposes;      // closed downwards, as the next two
  base::BitSet256 categories;
  PlaceSet places;
  base::BitSet256 labels;
  std::vector<uint32_t> surfaces;  // interned, sorted
  std::vector<uint32_t> tenants;
  std::vector<CompiledModel> models;
  std::vector<CompiledCondition> conditions;
};

inline constexpr uint32_t kNoResidual = UINT32_MAX;

// Of a rule's `when`: keys that cannot fail, all of which must hold, and what is left to run.
struct CompiledWhen {
  bool has_purpose = false;
  base::BitSet256 purposes;
  std::vector<uint8_t> labels;  // each stands in the data of model or sources
  std::vector<CompiledCondition> conditions;
  uint32_t residual = kNoResidual;
};

// A program that rules of equal text share.
struct Residual {
  cel::Program program;
  uint64_t steps = 0;      // what it may take
  bool is_forbid = false;  // how `in_region` reads places; of no matter without it
};

struct CompiledRule {
  const Rule* source = nullptr;
  std::string id;
  bool has_match = false, has_unless = false, has_when = false;
  CompiledMatch match;
  CompiledMatch unless;
  CompiledWhen when;
  std::vector<const InternedObligation*> obligations;
};

struct BoundRule {
  RuleIndex rule = kNoRule;
  RuleMode mode = RuleMode::kEnforce;  // the lower of entry and rule, never off
};

struct CompiledBinding {
  const Binding* source = nullptr;
  base::BitSet256 purposes;  // closed downwards
  // Of the entries of `legal`, the strictest alone counts.
  base::BitSet256 legal_forbidden, legal_consent, legal_interest;
  uint32_t discharges = 0;  // bit: ObligationType
  bool has_shadow_rules = false;
  std::vector<BoundRule> forbids;  // by full id
  std::vector<BoundRule> permits;
};

struct CompiledSelector {
  uint32_t tenant = 0, topic = 0, surface = 0;  // 0: any
  BindingIndex binding = kNoBindingIndex;
};

struct CompiledEdge {
  uint8_t to = 0;
  std::vector<const InternedObligation*> obligations;
};

struct PolicySet::Impl {
  Source source;
  std::array<uint8_t, 32> digest{};
  base::StringMap<uint32_t> tenants, topics, surfaces;  // ids from 1
  base::StringMap<uint8_t> categories, labels;
  base::StringMap<PlaceId> places;
  std::vector<std::string> category_ids, place_ids;
  std::vector<base::BitSet256> category_down, place_down;
  std::vector<std::string> redact_fields;  // sorted
  base::StringMap<uint8_t> redact_bits;
  // Sorted by JSON; addresses are stable.
  std::vector<std::unique_ptr<InternedObligation>> obligations;
  InternedObligation no_train;
  std::vector<CompiledRule> rules;  // by full id
  std::vector<CompiledBinding> bindings;
  std::vector<CompiledSelector> selectors;  // most specific first
  std::vector<CompiledEdge> edges;
  std::deque<Residual> residuals;
  uint32_t variables_read = 0;  // by residuals; bit: `when::Variable`

  // Empty for kUnknownPlace.
  std::string_view PlaceName(PlaceId place) const;
  const InternedObligation* Interned(const Obligation& obligation) const;
  // A new one; nullopt if it names a field to redact that is none of `redact_fields`.
  std::optional<InternedObligation> Make(const Obligation& obligation) const;
};

struct Scratch::Impl {
  std::vector<const InternedObligation*> gathered;
  Verdict shadow;
  // Of the residuals of the set: what each gave in the evaluation of that number.
  struct Result {
    uint64_t evaluation = 0;
    Truth truth = Truth::kNo;
  };
  uint64_t evaluation = 0;
  std::vector<Result> results;
  std::array<cel::Value, when::kVariablesMax> variables;
  std::array<cel::Value, kNamesMax> labels;
  cel::Scratch expressions;
};

}  // namespace lineward::policy
