#pragma once

// The oracle: the decision once more, from names instead of bits, with loops over the parsed files,
// written from the policy design alone. It is slow, checks the compiled path, and tells what it
// did: `lineward policy test` and `explain` read its trace. Pure, any thread.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lineward/policy/facts.h"
#include "lineward/policy/policy_set.h"
#include "lineward/policy/source.h"
#include "lineward/policy/verdict.h"

namespace lineward::policy {

struct NamedLineage {
  LineageStatus status = LineageStatus::kUnknown;
  bool is_incomplete = false;        // altogether
  std::set<std::string> incomplete;  // for these purposes
  std::set<std::string> allowed;     // before retention
  std::set<std::string> compatible;
  std::set<std::string> edges;  // ids
  std::optional<int64_t> retain_until_us;
  std::set<std::string> categories;
  std::set<std::string> labels;
  std::array<std::set<std::string>, kBases> basis;
  std::vector<std::set<std::string>> regions;  // every place that each list allows
};

struct NamedModel {
  std::string name;
  std::string version;
  bool is_profiling = false;
  NamedLineage lineage;
  std::optional<double> synthetic_share = {};
  std::optional<int64_t> trained_at_us = {};
};

struct NamedConsent {
  std::set<std::string> granted;
  std::set<std::string> withdrawn;
  std::set<std::string> objected;
  bool is_erased = false;
  bool is_before_record = false;
  int64_t age_ms = 0;
};

struct NamedBreaker {
  bool is_unavailable = false;
  Outcome outcome = Outcome::kAllow;
  std::vector<Obligation> obligations;
};

// `Facts` by names. Absent texts are empty.
struct NamedFacts {
  std::optional<int64_t> decision_time_us;
  std::optional<int64_t> event_time_us;
  bool is_malformed = false;
  std::string tenant, topic, surface, item;
  std::string purpose;                        // as declared
  std::map<std::string, std::string> fields;  // as text
  bool has_subject = false;
  std::optional<std::string> subject_class;  // adult, minor
  std::string subject_place;                 // as given; empty or unknown to the set: unknown
  std::string processing_place;
  bool is_digest_ok = true;
  std::optional<NamedModel> model;
  std::optional<NamedLineage> sources;
  std::optional<NamedConsent> consent;
  std::optional<NamedBreaker> breaker;
};

// A `Verdict` by names: of `EvaluateNaive`, or of a compiled one for comparison and display.
struct NamedContribution {
  Reason reason = Reason::kPermitted;
  Outcome outcome = Outcome::kAllow;
  std::string rule;

  friend bool operator==(const NamedContribution&, const NamedContribution&) = default;
};

struct NamedVerdict {
  Outcome outcome = Outcome::kBlock;
  Reason primary = Reason::kNoBinding;
  Mode mode = Mode::kEnforce;
  bool is_released = false;
  Ground ground = Ground::kPurpose;
  std::string binding;
  std::vector<NamedContribution> contributions;
  size_t contributions_more = 0;
  std::vector<std::string> rules;
  size_t rules_more = 0;
  std::vector<std::string> errors;  // rules whose `when` failed
  size_t errors_more = 0;
  std::string obligations = "[]";  // RFC 8785
  Outcome shadow_outcome = Outcome::kBlock;
  Reason shadow_primary = Reason::kNoBinding;
  bool has_consent = false;
  uint8_t consent_bits = 0;
  uint8_t basis_bits = 0;

  friend bool operator==(const NamedVerdict&, const NamedVerdict&) = default;
};

// One step of the decision in words, in order of the steps.
struct TraceStep {
  enum class Result : uint8_t { kPass, kRefused, kUnknown, kSkipped };

  int number = 0;    // of policy design, section 4
  std::string name;  // `binding`, `facts`, `lineage`, `purpose`, ...
  Result result = Result::kPass;
  std::string detail;  // a sentence: what was compared with what
  std::vector<NamedContribution> findings;
};

// What one rule of the binding did.
struct TraceRule {
  std::string id;  // full
  bool matched = false;
  bool is_shadow_only = false;
  // Keys that failed: `purpose_under`, `unless`, `effective`, `when`, `mode`. One: a near miss.
  std::vector<std::string> failed;
  // Why its `when` has no answer, as "division by zero at 1:4", where all other keys hold: then a
  // forbid matched, and a permit did not.
  std::string error = {};
};

struct Trace {
  std::vector<TraceStep> steps;
  std::vector<TraceRule> rules;
};

// `allow`, `refused`... for tools.
std::string_view OutcomeName(Outcome outcome);  // ALLOW, QUARANTINE, BLOCK
std::optional<Outcome> OutcomeOf(std::string_view name);
std::string_view ModeName(Mode mode);        // ENFORCE, SHADOW, CANARY, OVERRIDE
std::string_view GroundName(Ground ground);  // PURPOSE, LEGAL, TERMS, SAFETY
std::string_view StepResultName(TraceStep::Result result);

// `trace` may be null. Canary entries: as `Compile`, which refuses them, so give it only sources
// that compile.
NamedVerdict EvaluateNaive(const Source& source, const NamedFacts& facts, Trace* trace);

// The same by names, for comparison and display.
NamedFacts NameFacts(const PolicySet& set, const Facts& facts);
NamedVerdict NameVerdict(const PolicySet& set, const Verdict& verdict);

}  // namespace lineward::policy
