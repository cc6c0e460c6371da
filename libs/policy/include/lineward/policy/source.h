#pragma once

// Policy files read into one model with the place of everything (formats: policy-files design; keys
// in docs/policy/reference.md). Nothing here touches a disk. Values; any thread.
//
// Names in the model are canonical: purposes resolved, lists sorted and freed of duplicates, every
// default filled in. So two directories that mean the same give the same bytes and the same set id.

#include <absl/status/statusor.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lineward/document/place.h"
#include "lineward/document/yaml.h"
#include "lineward/policy/declaration.h"
#include "lineward/policy/findings.h"
#include "lineward/policy/obligation.h"
#include "lineward/policy/taxonomy.h"
#include "lineward/policy/verdict.h"

namespace lineward::policy {

namespace cel {
struct Ast;
}

inline constexpr size_t kFileBytesMax = 1 << 20;  // a file that people review is far below it
inline constexpr size_t kFilesMax = 512;
inline constexpr size_t kSourceBytesMax = 16 << 20;
inline constexpr size_t kRulesMax = 16384;
inline constexpr size_t kRulesPerBindingMax = 4096;
inline constexpr size_t kBindingsMax = 1024;
inline constexpr size_t kNamesMax =
    256;  // purposes, categories, places, labels each: one BitSet256
inline constexpr size_t kObligationsPerRuleMax = 8;
inline constexpr size_t kValuesPerListMax = 64;
inline constexpr size_t kCanaryEntriesMax = 8;

struct SourceFile {
  std::string name;  // as shown in findings
  std::string bytes;
};

// Where something was written; `file` indexes `Source::files`.
struct Origin {
  uint32_t file = 0;
  document::Place place;
};

struct Window {
  int64_t from_us = kNeverUs;  // kNeverUs: absent
  int64_t until_us = kForeverUs;

  bool Has(int64_t time_us) const { return from_us <= time_us && time_us < until_us; }
};

struct PurposeParent {
  std::string id;
  int64_t since = 1;
};

struct PurposeTerm {
  std::string id;
  std::vector<PurposeParent> under;
  std::vector<std::string> was;
  std::optional<int64_t> retired;
  Origin origin;
};

struct PurposeAlias {
  std::string alias;
  std::string purpose;
  ProcessingSet processing = kAllProcessings;
  bool has_processing = false;
  Origin origin;
};

struct TaxonomySource {
  int64_t version = 1;
  std::vector<PurposeTerm> purposes;
  std::vector<PurposeAlias> aliases;
  Origin origin;
};

// One node of a tree of names; ids as rules write them (categories by path, places by key).
struct TreeNode {
  std::string key;
  std::string id;
  std::string parent;  // id; empty: a root
};

struct EventField {
  std::string name;
  FieldType type = FieldType::kString;
  bool is_optional = false;
  bool is_personal = true;
};

struct Vocabulary {
  std::vector<TreeNode> categories;  // parents before children
  std::vector<TreeNode> places;
  std::vector<std::string> labels;       // sorted
  std::vector<EventField> event_fields;  // sorted by name
  std::map<std::string, std::vector<std::string>> label_orders;
  bool inherit_undeclared = true;
  Origin origin;
};

struct CompatibilityEdge {
  std::string id;
  std::string from;
  std::string to;
  std::string assessment;
  Window effective;
  std::vector<Obligation> obligations;  // sorted
  Origin origin;
};

enum class Effect : uint8_t { kPermit, kForbid };
// `off < shadow < canary < enforce`.
enum class RuleMode : uint8_t { kOff, kShadow, kCanary, kEnforce };

struct FieldCondition {
  enum class Operator : uint8_t { kEq, kIn, kLt, kLte, kGt, kGte };
  std::string field;
  Operator op = Operator::kEq;
  std::vector<std::string> values;  // canonical text by the field's type; one but for kIn
};

// The keys of a `match` or `unless`; an empty list: that key is absent. All present ones must hold.
struct MatchMap {
  std::vector<std::string> purpose_under;
  ProcessingSet processing = 0;
  std::vector<std::string> data_category_under;
  std::vector<std::string> place_under;
  std::vector<std::string> label;
  std::vector<std::string> surface;
  std::vector<std::string> tenant;
  std::vector<std::string> model;
  std::vector<std::string> subject_class;
  std::vector<FieldCondition> fields;  // sorted by field, then operator
};

struct Rule {
  std::string id;
  std::string full_id;  // `recs@8/recs-ok`
  Effect effect = Effect::kForbid;
  std::optional<MatchMap> match;
  std::optional<MatchMap> unless;
  std::optional<std::string> when;
  std::shared_ptr<const cel::Ast> expression;  // of `when`, checked; null without
  bool is_block = true;                        // severity; of a forbid
  bool is_hard = false;
  bool is_overridable = false;
  Window effective;
  RuleMode mode = RuleMode::kEnforce;
  Ground ground = Ground::kPurpose;
  std::vector<Obligation> obligations;  // sorted
  std::vector<Obligation> advice;
  std::optional<std::string> explanation;
  Origin origin;
  Origin when_origin;
};

struct Policy {
  std::string pid;
  std::optional<std::string> owner;
  std::vector<Rule> rules;  // sorted by RFC 8785 bytes
  Origin origin;
};

struct LegalEntry {
  enum class Require : uint8_t { kLegitimateInterest, kConsent, kForbidden };  // later = stricter
  std::string purpose;
  Require require = Require::kConsent;
};

struct PolicyEntry {
  std::string pid;
  RuleMode mode = RuleMode::kEnforce;
  std::optional<int64_t> share;
  std::optional<std::string> salt;
  std::optional<std::string> replaces;
  Origin origin;
};

enum class BindingMode : uint8_t { kOff, kShadow, kEnforce };

struct Binding {
  std::string id;
  std::string tenant = "*";
  std::string topic = "*";
  std::string surface = "*";
  BindingMode mode = BindingMode::kEnforce;
  std::optional<int64_t> shadow_until_us;
  bool on_unknown_blocks = false;
  bool on_unavailable_blocks = false;
  int64_t consent_max_age_ms = 0;
  int64_t event_max_future_s = 300;
  int64_t event_max_age_s = 0;
  std::vector<std::string> purposes;
  std::vector<LegalEntry> legal;
  std::vector<ObligationType> discharges;
  std::optional<std::string> main_parameters_version;
  bool is_solely_automated = false;
  std::vector<PolicyEntry> policies;
  Origin origin;
};

// A Tests file as read: its cases are expanded by `RunTests`.
struct TestsFile {
  uint32_t file = 0;
  document::YamlNode root;
};

struct Source {
  std::vector<std::string> files;
  TaxonomySource taxonomy_source;
  std::shared_ptr<const Taxonomy> taxonomy;  // of this source, built while parsing
  Vocabulary vocabulary;
  std::vector<CompatibilityEdge> edges;  // sorted by RFC 8785 bytes, as the next two
  std::vector<Policy> policies;
  std::vector<Binding> bindings;
  std::vector<TestsFile> tests;

  std::string canonical;  // canonical bytes (policy-files design, section 6)
  std::string id;         // `ps-` and 64 hex digits

  const std::string& file(const Origin& origin) const { return files[origin.file]; }
};

// Reads all files of one set. Findings of every file are gathered, also without a Taxonomy or a
// Vocabulary: then names of theirs are not looked up. FAILED_PRECONDITION `POLICY_SET_INVALID` with
// the first of them if there is an error. Tests are read as YAML only.
absl::StatusOr<Source> Parse(std::span<const SourceFile> files, Findings* findings);

// The same from canonical bytes, as `lineward.policies` carries them. DATA_LOSS
// `POLICY_SET_INVALID` if they are not the canonical bytes of what they say.
absl::StatusOr<Source> ParseCanonical(std::string_view bytes, Findings* findings);

// `ps-` and the hex of SHA-256("lineward-policy-set/v1\0" and `canonical`).
std::string SetId(std::string_view canonical);

// RFC 3339 with `Z` and up to 6 fraction digits, to µs since 1970 and back (shortest fraction).
std::optional<int64_t> ParseTime(std::string_view text);
std::string FormatTime(int64_t time_us);

}  // namespace lineward::policy
