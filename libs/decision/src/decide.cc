#include "lineward/decision/decide.h"

#include <algorithm>
#include <charconv>
#include <deque>
#include <string>
#include <vector>

#include "decision/src/fields.h"
#include "lineward/base/check.h"
#include "lineward/base/hash.h"
#include "lineward/document/json.h"

namespace lineward::decision {
namespace {

constexpr std::string_view kPromotionFields[] = {
    "creator_id", "experiment_arm", "item_labels", "position",   "propensity", "recommender_id",
    "score",      "slate_id",       "slate_size",  "sponsor_id", "user_option"};
constexpr std::string_view kSha256Prefix = "sha256:";
// Categories of this root and below are special ones (GDPR 9).
constexpr std::string_view kSpecialRoot = "special";
constexpr uint16_t kNoRoot = 0xFFFF;
// Distinct verdicts of one set that are remembered: more are possible, but not common.
constexpr size_t kVerdictsMax = 16'384;

enum class PromotionField : uint8_t {
  kCreatorId,
  kExperimentArm,
  kItemLabels,
  kPosition,
  kPropensity,
  kRecommenderId,
  kScore,
  kSlateId,
  kSlateSize,
  kSponsorId,
  kUserOption,
  kAttribute,
};

PromotionField PromotionFieldOf(std::string_view name) {
  const auto* it = std::lower_bound(std::begin(kPromotionFields), std::end(kPromotionFields), name);
  if (it == std::end(kPromotionFields) || *it != name) return PromotionField::kAttribute;
  return static_cast<PromotionField>(it - std::begin(kPromotionFields));
}

// What of the source option `record` asks for more than the row's own fields.
struct Recorded {
  bool score = false;
  bool signals = false;
  bool experiment_arm = false;
  bool consent_claim = false;
  bool payload_digest = false;
  bool message_key = false;
  bool propensity = false;
  bool slate = false;
  bool sponsor = false;
};

Recorded ReadRecorded(const event::SourceOptions& options) {
  Recorded recorded;
  const auto has = [&options](std::string_view word) {
    return std::find(options.record.begin(), options.record.end(), word) != options.record.end();
  };
  recorded.score = has("score");
  recorded.signals = has("signals");
  recorded.experiment_arm = has("experiment_arm");
  recorded.consent_claim = has("consent_claim");
  recorded.payload_digest = has("payload_digest");
  recorded.message_key = has("message_key");
  recorded.propensity = has("propensity");
  recorded.slate = has("slate");
  recorded.sponsor = has("sponsor");
  return recorded;
}

Outcome RowOutcome(policy::Outcome outcome) { return static_cast<Outcome>(outcome); }

Route RouteOf(const policy::Verdict& verdict) {
  if (verdict.mode == policy::Mode::kShadow) return Route::kAllowed;
  return static_cast<Route>(verdict.outcome);
}

int HexValue(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

// The decoder has checked the form.
std::optional<crypto::Digest> WeightsOf(std::string_view text) {
  if (!text.starts_with(kSha256Prefix)) return std::nullopt;
  text.remove_prefix(kSha256Prefix.size());
  crypto::Digest digest;
  if (text.size() != 2 * digest.size()) return std::nullopt;
  for (size_t i = 0; i < digest.size(); ++i) {
    digest[i] = static_cast<uint8_t>(HexValue(text[2 * i]) << 4 | HexValue(text[2 * i + 1]));
  }
  return digest;
}

FactValue RowValue(const policy::FieldValue& value) {
  FactValue out;
  out.type = static_cast<FactType>(value.type);
  out.integer = value.whole;
  out.number = value.real;
  out.text = value.text;
  return out;
}

bool IsSpecial(std::string_view category) {
  return category == kSpecialRoot ||
         (category.starts_with(kSpecialRoot) && category[kSpecialRoot.size()] == '.');
}

// A verdict that was seen before: its fragment and its obligations.
struct KnownVerdict {
  FragmentId fragment = kEmptyFragment;
  std::string obligations;
};

}  // namespace

bool IsPromotionField(std::string_view name) {
  return PromotionFieldOf(name) != PromotionField::kAttribute;
}

struct Decider::Impl {
  Impl(const event::SourceOptions& options, FragmentTable* table)
      : recorded(ReadRecorded(options)), fragments(table) {
    unknown_sources.status = policy::LineageStatus::kKnown;
    unknown_sources.incomplete = base::BitSet256::All();
  }

  void Use(const policy::PolicySet& policy_set);
  uint16_t RootOf(policy::PlaceId place) const;
  void DecideMalformed(const DecisionInput& input);
  void FillFacts(const DecisionInput& input);
  void FillFields(const event::EventView& event);
  std::string_view FieldText(const event::EventView& event, size_t index);
  const policy::ModelFacts* ModelOf(const DecisionInput& input) const;
  const policy::SourceFacts* SourcesOf(const DecisionInput& input) const;
  const KnownVerdict& Know(const policy::Verdict& verdict);
  void FillVerdictKey(const policy::Verdict& verdict);
  KnownVerdict MakeVerdict(const policy::Verdict& verdict);
  void FillRow(const DecisionInput& input);
  void FillSealed(const DecisionInput& input);
  uint64_t Flags(const event::EventView& event) const;
  template <typename Fields>
  FragmentId Intern(const Fields& fields, void (*append)(const Fields&, std::string*)) {
    bytes.clear();
    append(fields, &bytes);
    return fragments->Intern(bytes);
  }

  const Recorded recorded;
  FragmentTable* fragments;
  policy::SourceFacts unknown_sources;

  // Of the set in use.
  const policy::PolicySet* set = nullptr;
  std::string set_id;
  base::BitSet256 special_categories;
  std::vector<PromotionField> field_kinds;  // by index of the declared field
  std::vector<std::string> field_texts;     // buffers for what is no text in the event
  std::vector<uint16_t> place_roots;        // by place of the tree

  // Verdicts by the bytes of what they say.
  FragmentTable verdict_keys;
  std::deque<KnownVerdict> verdicts;  // by id in `verdict_keys`

  policy::Scratch scratch;
  policy::Facts facts;
  policy::BreakerFacts unavailable;
  Decision decision;
  std::optional<crypto::Digest> weights;
  bool is_weights_assumed = false;
  std::string bytes;
  std::string key;
  PlaceFields place_fields;
  std::vector<Fact> public_facts;
  std::vector<Fact> sealed_facts;
};

// Sets are told apart by their id: a pointer may be used again for another one.
void Decider::Impl::Use(const policy::PolicySet& policy_set) {
  if (set == &policy_set && set_id == policy_set.id()) return;
  set = &policy_set;
  set_id = policy_set.id();
  special_categories = {};
  for (const policy::TreeNode& node : policy_set.source().vocabulary.categories) {
    const auto bit = policy_set.Category(node.id);
    if (bit.has_value() && IsSpecial(node.id)) special_categories.Set(*bit);
  }
  field_kinds.clear();
  for (const policy::EventField& field : policy_set.event_fields()) {
    field_kinds.push_back(PromotionFieldOf(field.name));
  }
  field_texts.resize(field_kinds.size());

  // The outermost place that holds each place of the tree; parents stand before children.
  place_roots.assign(policy::kFirstCountry, kNoRoot);
  for (const policy::TreeNode& node : policy_set.source().vocabulary.places) {
    const policy::PlaceId place = policy_set.Place(node.id);
    if (place >= policy::kFirstCountry) continue;
    const policy::PlaceId parent =
        node.parent.empty() ? policy::kUnknownPlace : policy_set.Place(node.parent);
    place_roots[place] = parent < policy::kFirstCountry ? place_roots[parent] : place;
  }
  verdict_keys.Clear();
  verdicts.clear();
}

uint16_t Decider::Impl::RootOf(policy::PlaceId place) const {
  return place < policy::kFirstCountry ? place_roots[place] : place;
}

void Decider::Impl::DecideMalformed(const DecisionInput& input) {
  policy::Verdict& verdict = decision.verdict;
  verdict = {};
  verdict.outcome = policy::Outcome::kQuarantine;
  verdict.primary = policy::Reason::kMalformed;
  verdict.contributions[0] = {.reason = policy::Reason::kMalformed,
                              .outcome = policy::Outcome::kQuarantine};
  verdict.contribution_count = 1;
  verdict.shadow_outcome = verdict.outcome;
  verdict.shadow_primary = verdict.primary;
  verdict.original_outcome = verdict.outcome;
  VerdictFields fields;
  fields.outcome = Outcome::kQuarantine;
  fields.route = Route::kDeadLetter;
  fields.reasons = {{.code = static_cast<uint16_t>(policy::Reason::kMalformed),
                     .outcome = Outcome::kQuarantine,
                     .rule = {}}};
  fields.malformed = static_cast<uint8_t>(input.cause);
  LW_CHECK(fields.malformed != 0, "offset {}: no event and no cause", input.offset);
  decision.row.route = fields.route;
  decision.row.verdict = Intern(fields, AppendVerdict);
}

const policy::ModelFacts* Decider::Impl::ModelOf(const DecisionInput& input) const {
  if (input.model == nullptr || !input.model->lineage.HoldsAt(facts.decision_time_us)) {
    return nullptr;
  }
  return input.model;
}

const policy::SourceFacts* Decider::Impl::SourcesOf(const DecisionInput& input) const {
  if (input.sources == nullptr) {
    return input.event->sources.empty() ? nullptr : &unknown_sources;
  }
  return input.sources->HoldsAt(facts.decision_time_us) ? input.sources : &unknown_sources;
}

// The text of declared field `index`, empty if the promotion does not have it.
std::string_view Decider::Impl::FieldText(const event::EventView& event, size_t index) {
  std::string& text = field_texts[index];
  const auto number = [&text](auto value) -> std::string_view {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
    text.assign(digits, end);
    return text;
  };
  const auto real = [&text](const std::optional<double>& value) -> std::string_view {
    if (!value.has_value()) return {};
    text.clear();
    document::AppendJsonNumber(&text, *value);
    return text;
  };
  switch (field_kinds[index]) {
    case PromotionField::kCreatorId:
      return event.creator_id;
    case PromotionField::kExperimentArm:
      return event.experiment_arm;
    case PromotionField::kItemLabels:
      text.clear();
      for (std::string_view label : event.item_labels) {
        if (!text.empty()) text.push_back(',');
        text.append(label);
      }
      return text;
    case PromotionField::kPosition:
      return event.position == 0 ? std::string_view() : number(event.position);
    case PromotionField::kPropensity:
      return real(event.propensity);
    case PromotionField::kRecommenderId:
      return event.recommender_id;
    case PromotionField::kScore:
      return real(event.score);
    case PromotionField::kSlateId:
      return event.slate_id;
    case PromotionField::kSlateSize:
      return event.slate_size == 0 ? std::string_view() : number(event.slate_size);
    case PromotionField::kSponsorId:
      return event.sponsor_id;
    case PromotionField::kUserOption:
      switch (event.user_option) {
        case event::UserOption::kUnspecified:
          return {};
        case event::UserOption::kProfiled:
          return "PROFILED";
        case event::UserOption::kNonProfiled:
          return "NON_PROFILED";
      }
      return {};
    case PromotionField::kAttribute:
      for (const event::Attribute& attribute : event.attributes) {
        if (attribute.name == set->event_fields()[index].name) return attribute.value;
      }
      return {};
  }
  return {};
}

void Decider::Impl::FillFields(const event::EventView& event) {
  public_facts.clear();
  sealed_facts.clear();
  for (size_t index = 0; index < field_kinds.size(); ++index) {
    const std::string_view text = FieldText(event, index);
    if (text.empty()) continue;
    const auto value = set->ParseField(index, text);
    if (!value.has_value()) continue;
    facts.fields_present |= uint32_t{1} << index;
    facts.fields[index] = *value;
    const bool is_personal = set->event_fields()[index].is_personal;
    (is_personal ? sealed_facts : public_facts)
        .push_back(
            {.field = kFieldEventFacts + static_cast<uint32_t>(index), .value = RowValue(*value)});
  }
}

void Decider::Impl::FillFacts(const DecisionInput& input) {
  const event::EventView& event = *input.event;
  facts = {};
  facts.decision_time_us = input.decision_time_ms * 1000;
  facts.event_time_us = event.event_time_us;
  facts.tenant = set->Tenant(event.tenant);
  facts.topic = set->Topic(input.topic);
  facts.surface = set->Surface(event.surface);
  facts.item = event.item_id;
  facts.purpose = set->Purpose(event.purpose);
  FillFields(event);
  facts.has_subject = !event.subject_id.empty();
  facts.subject_class = static_cast<policy::SubjectClass>(event.subject_class);
  facts.subject_place =
      event.jurisdiction.empty() ? policy::kUnknownPlace : set->Place(event.jurisdiction);
  facts.processing_place =
      event.processing_region.empty() ? policy::kUnknownPlace : set->Place(event.processing_region);
  if (facts.has_subject) facts.pseudonym_hash = base::Xxh3(event.subject_id);
  facts.model = ModelOf(input);
  facts.sources = SourcesOf(input);
  facts.consent = facts.has_subject ? input.consent : nullptr;
  facts.breaker = input.breaker;
  if (input.is_engine_unavailable) {
    unavailable = input.breaker == nullptr ? policy::BreakerFacts{} : *input.breaker;
    unavailable.is_unavailable = true;
    facts.breaker = &unavailable;
  }

  weights = WeightsOf(event.weights_digest);
  is_weights_assumed = false;
  const auto registered = crypto::DigestFrom(input.registered_weights);
  // A claim that nothing registered confirms is no match.
  facts.is_digest_ok = !weights.has_value() || weights == registered;
  if (!weights.has_value() && facts.model != nullptr && registered.has_value()) {
    weights = registered;
    is_weights_assumed = true;
  }
}

// The bytes that tell verdicts of one set apart: whatever goes into the fragment.
void Decider::Impl::FillVerdictKey(const policy::Verdict& verdict) {
  key.clear();
  const auto byte = [this](auto value) { base::AppendU8(&key, static_cast<uint8_t>(value)); };
  const auto word = [this](uint16_t value) { base::AppendU16(&key, value); };
  byte(verdict.outcome);
  byte(verdict.mode);
  byte(verdict.ground);
  word(verdict.binding);
  word(verdict.contribution_count);
  for (size_t i = 0; i < verdict.contribution_count; ++i) {
    word(static_cast<uint16_t>(verdict.contributions[i].reason));
    byte(verdict.contributions[i].outcome);
    word(verdict.contributions[i].rule);
  }
  word(verdict.rule_count);
  for (size_t i = 0; i < verdict.rule_count; ++i) word(verdict.rules[i]);
  word(verdict.error_count);
  for (size_t i = 0; i < verdict.error_count; ++i) word(verdict.errors[i]);
  word(verdict.contributions_more);
  word(verdict.rules_more);
  word(verdict.errors_more);
  byte(verdict.shadow_outcome);
  word(static_cast<uint16_t>(verdict.shadow_primary));
  byte(verdict.original_outcome);
  base::AppendU32(&key, verdict.canary_groups);
  word(verdict.obligation_count);
  for (size_t i = 0; i < verdict.obligation_count; ++i) {
    base::AppendU64(&key, reinterpret_cast<uintptr_t>(verdict.obligations[i]));
  }
  verdict.redact_fields.ForEach([&byte](size_t bit) { byte(bit); });
}

KnownVerdict Decider::Impl::MakeVerdict(const policy::Verdict& verdict) {
  KnownVerdict known;
  if (verdict.obligation_count > 0) known.obligations = set->ObligationsJson(verdict);
  VerdictFields fields;
  fields.outcome = RowOutcome(verdict.outcome);
  fields.route = RouteOf(verdict);
  fields.mode = static_cast<Mode>(verdict.mode);
  fields.binding = set->binding_id(verdict.binding);
  for (size_t i = 0; i < verdict.contribution_count; ++i) {
    const policy::Contribution& each = verdict.contributions[i];
    fields.reasons.push_back({.code = static_cast<uint16_t>(each.reason),
                              .outcome = RowOutcome(each.outcome),
                              .rule = set->rule_id(each.rule)});
  }
  for (size_t i = 0; i < verdict.rule_count; ++i) {
    fields.rules.push_back(set->rule_id(verdict.rules[i]));
  }
  for (size_t i = 0; i < verdict.error_count; ++i) {
    fields.rule_errors.push_back(set->rule_id(verdict.errors[i]));
  }
  fields.obligations = known.obligations;
  if (verdict.has_shadow()) {
    fields.shadow = {.outcome = RowOutcome(verdict.shadow_outcome),
                     .code = static_cast<uint16_t>(verdict.shadow_primary)};
  }
  if (verdict.original_outcome != verdict.outcome) {
    fields.original = RowOutcome(verdict.original_outcome);
  }
  fields.overflow = {verdict.contributions_more, verdict.rules_more, verdict.errors_more};
  fields.canary = verdict.canary_groups;
  fields.ground = static_cast<Ground>(verdict.ground);
  known.fragment = Intern(fields, AppendVerdict);
  return known;
}

const KnownVerdict& Decider::Impl::Know(const policy::Verdict& verdict) {
  FillVerdictKey(verdict);
  if (verdicts.size() >= kVerdictsMax) {
    verdict_keys.Clear();
    verdicts.clear();
  }
  const FragmentId id = verdict_keys.Intern(key);
  while (verdicts.size() < id) verdicts.push_back(MakeVerdict(verdict));
  return verdicts[id - 1];
}

uint64_t Decider::Impl::Flags(const event::EventView& event) const {
  uint64_t flags = 0;
  const auto reads_special = [this](const policy::LineageFacts& lineage) {
    return lineage.categories.Intersects(special_categories);
  };
  if (facts.model != nullptr && facts.model->is_profiling) flags |= kProfilingUsed;
  if ((facts.model != nullptr && reads_special(facts.model->lineage)) ||
      (facts.sources != nullptr && reads_special(*facts.sources))) {
    flags |= kSpecialCategory;
  }
  if (facts.subject_place != policy::kUnknownPlace &&
      facts.processing_place != policy::kUnknownPlace &&
      RootOf(facts.subject_place) != RootOf(facts.processing_place)) {
    flags |= kThirdCountry;
  }
  const policy::Binding* binding = set->binding(decision.verdict.binding);
  if (binding != nullptr && binding->is_solely_automated) flags |= kSolelyAutomated;
  if (is_weights_assumed) flags |= kWeightsAssumed;
  if (facts.is_digest_ok) flags |= kDigestOk;
  if (facts.consent != nullptr && facts.consent->is_before_record) flags |= kLateEvent;
  if (!event.sponsor_id.empty()) flags |= kSponsored;
  return flags;
}

void Decider::Impl::FillRow(const DecisionInput& input) {
  const event::EventView& event = *input.event;
  const policy::Verdict& verdict = decision.verdict;
  RowFacts& row = decision.row;
  const KnownVerdict& known = Know(verdict);
  decision.obligations = known.obligations;
  row.verdict = known.fragment;
  row.route = RouteOf(verdict);

  ModelFields model{.recommender = event.recommender_id,
                    .model = event.model_name,
                    .version = event.model_version,
                    .weights = weights,
                    .closure = std::nullopt};
  if (facts.model != nullptr && input.closure.size() == sizeof(Bytes16)) {
    model.closure.emplace();
    std::copy(input.closure.begin(), input.closure.end(), model.closure->begin());
  }
  row.model = Intern(model, AppendModel);

  place_fields.tenant = event.tenant;
  place_fields.surface = event.surface;
  place_fields.schema = event.schema;
  place_fields.sources.assign(event.sources.begin(), event.sources.end());
  place_fields.user_option = static_cast<uint8_t>(event.user_option);
  place_fields.selection_topic = input.selection_topic;
  row.place = Intern(place_fields, AppendPlace);

  PurposeFields purpose{.purpose = event.purpose, .consent = std::nullopt};
  if (facts.purpose.is_known()) {
    purpose.purpose = set->taxonomy().id(static_cast<size_t>(facts.purpose.bit));
  }
  if (verdict.has_consent) purpose.consent = verdict.consent_bits;
  purpose.basis = verdict.basis_bits;
  row.purpose = Intern(purpose, AppendPurpose);

  row.where = Intern(WhereFields{.jurisdiction = event.jurisdiction.substr(0, 2),
                                 .processing_region = event.processing_region},
                     AppendWhere);
  row.marks = Intern(MarksFields{.flags = Flags(event), .breaker = std::nullopt}, AppendMarks);

  row.event_time_us = event.event_time_us;
  row.position = event.position;
  row.event_id = event.event_id;
  row.item_id = event.item_id;
  if (recorded.slate && !event.slate_id.empty()) {
    public_facts.insert(
        public_facts.begin(),
        {.field = kFieldSlateId, .value = {.type = FactType::kString, .text = event.slate_id}});
  }
  if (recorded.propensity && event.propensity.has_value()) {
    public_facts.insert(public_facts.begin(),
                        {.field = kFieldPropensity,
                         .value = {.type = FactType::kDouble, .number = *event.propensity}});
  }
  if (recorded.sponsor && !event.sponsor_id.empty()) {
    const auto after = std::find_if(public_facts.begin(), public_facts.end(),
                                    [](const Fact& f) { return f.field > kFieldSponsorId; });
    public_facts.insert(after, {.field = kFieldSponsorId,
                                .value = {.type = FactType::kString, .text = event.sponsor_id}});
  }
  row.facts = public_facts;
  FillSealed(input);
}

void Decider::Impl::FillSealed(const DecisionInput& input) {
  const event::EventView& event = *input.event;
  RowFacts& row = decision.row;
  row.subject = event.subject_id;
  row.subject_class = static_cast<uint8_t>(event.subject_class);
  if (event.jurisdiction.size() > 2) row.fine_place = event.jurisdiction;
  row.sealed_facts = sealed_facts;
  if (recorded.experiment_arm) row.experiment_arm = event.experiment_arm;
  if (recorded.consent_claim) {
    row.consent_ref = event.consent_ref;
    row.consented_purposes = event.consented_purposes;
  }
  if (recorded.score) row.score = event.score;
  if (recorded.signals) row.signals = event.top_signals;
  if (recorded.payload_digest) row.payload_digest = crypto::Sha256Of(input.payload);
  if (recorded.message_key) row.message_key = input.message_key;
}

Decider::Decider(const event::SourceOptions& options, FragmentTable* fragments)
    : impl_(std::make_unique<Impl>(options, fragments)) {}
Decider::~Decider() = default;
Decider::Decider(Decider&&) noexcept = default;
Decider& Decider::operator=(Decider&&) noexcept = default;

const Decision& Decider::Decide(const policy::PolicySet& set, const DecisionInput& input) {
  Impl& impl = *impl_;
  impl.Use(set);
  impl.decision.row = {};
  impl.decision.obligations = {};
  impl.decision.weights = {};
  impl.decision.row.offset = input.offset;
  impl.decision.row.trace_id = input.trace_id;
  impl.decision.row.replay_of = input.replay_of;
  if (input.event == nullptr) {
    impl.DecideMalformed(input);
    return impl.decision;
  }
  impl.FillFacts(input);
  set.Evaluate(impl.facts, &impl.scratch, &impl.decision.verdict);
  impl.FillRow(input);
  if (impl.weights.has_value()) impl.decision.weights = crypto::AsBytes(*impl.weights);
  return impl.decision;
}

void Decider::ForgetFragments() {
  impl_->verdict_keys.Clear();
  impl_->verdicts.clear();
}

}  // namespace lineward::decision
